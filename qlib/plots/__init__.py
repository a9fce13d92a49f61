"""Figures: f(data, ax) -> ax, in the colours of the page they stand on."""
