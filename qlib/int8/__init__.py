"""The integer engine: lower a network once, run it without a float.

program      the door: lower, run
conv, pool, pointwise      kernels, as loops and as numpy
step         a kernel with its integers, and the output stage
lower, proof, tables       offline: from reals to integers
winograd     why F(4, 3) needs weights of 6 bits
rescale, with_floats       how real engines do it, with floats
"""
