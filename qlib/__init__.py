"""The package behind *Integers Only*, a book on neural-network quantization.

Import the concept you read about: `from qlib.affine import quantize`.
"""
