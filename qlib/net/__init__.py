"""Networks as data: build them, run them in reals, collect, fold, count."""
