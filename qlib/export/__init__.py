"""Quantized networks as files of other engines; never opens a file."""
