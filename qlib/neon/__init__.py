"""A simulator of Arm's NEON instructions (A64)."""
