"""The integer engine: accumulate, requantize, run a network."""
