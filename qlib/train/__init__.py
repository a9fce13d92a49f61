"""Training, and the way from torch to a network as data."""

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError("qlib.train needs torch: pip install torch") from error
