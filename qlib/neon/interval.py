"""Arrays of intervals, which numpy's arithmetic maps as it maps arrays.

    [a, b] + [c, d] = [a + c, b + d]                          (1)
    [a, b] - [c, d] = [a - d, b - c]                          (2)
    [a, b] [c, d] = [least, greatest of ac, ad, bc, bd]       (3)

Source: Moore, Interval Analysis, 1966, chapter 2.   Chapter: neon
"""

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class Unbounded(Exception):
    """An operation that intervals do not follow.

    >>> issubclass(Unbounded, ValueError)
    False
    """


class Interval(NDArrayOperatorsMixin):
    """Every element is an integer in [low, high].

    A result that its dtype cannot hold is `Unbounded`; dtype object holds
    all.   Shapes: low, high (...).

    >>> x = Interval([[-128, 0]], [[127, 1]], "i1")
    >>> y = np.multiply(x, x, dtype="i2")
    >>> y.low.tolist(), y.high.tolist()
    ([[-16256, 0]], [[16384, 1]])
    """

    def __init__(self, low: Any, high: Any, dtype: Any) -> None:
        self.low = np.asarray(low, object)
        self.high = np.asarray(high, object)
        self.dtype = np.dtype(dtype)
        self.shape = self.low.shape
        if self.dtype.kind not in "iuO":
            raise Unbounded
        if self.dtype != object:
            info = np.iinfo(self.dtype)
            if (self.low < info.min).any() or (self.high > info.max).any():
                raise Unbounded

    @classmethod
    def of_type(cls, dtype: str, count: int) -> "Interval":
        """All that a type holds.   Shapes: -> (1, count).

        >>> Interval.of_type("u1", 2).high.tolist()
        [[255, 255]]
        """
        if dtype[0] == "f":
            dtype = f"u{dtype[1:]}"
        info = np.iinfo(dtype)
        ones = np.ones((1, count), object)
        return cls(ones * int(info.min), ones * int(info.max), dtype)

    def astype(self, dtype: Any) -> "Interval":
        """The same numbers in a type that holds them all."""
        return Interval(self.low, self.high, dtype)

    def clamped(self, dtype: str) -> "Interval":
        """Saturated to a type."""
        info = np.iinfo(dtype)
        low, high = (
            np.clip(x, int(info.min), int(info.max))
            for x in (self.low, self.high)
        )
        return Interval(low, high, dtype)

    def reshape(self, *shape: Any) -> "Interval":
        """The same intervals in another shape."""
        low, high = self.low.reshape(*shape), self.high.reshape(*shape)
        return Interval(low, high, self.dtype)

    def __getitem__(self, index: Any) -> "Interval":
        return Interval(self.low[index], self.high[index], self.dtype)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise Unbounded

    def __array_function__(self, *args: Any) -> Any:
        raise Unbounded

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, **how: Any
    ) -> "Interval":
        rule = _RULES.get(ufunc)
        if rule is None or method != "__call__" or "out" in how:
            raise Unbounded
        xs = [_interval(x) for x in inputs]
        dtype = how.get("dtype") or np.result_type(
            *(x if isinstance(x, int) else x.dtype for x in inputs)
        )
        low, high = rule(*xs)
        return Interval(low, high, dtype)


def _interval(x: Any) -> Interval:
    """A number or array of numbers is an interval of no width."""
    if isinstance(x, Interval):
        return x
    a = np.asarray(x)
    if a.dtype.kind not in "iuO":
        raise Unbounded
    return Interval(a, a, object)


def _product(x: Interval, y: Interval) -> tuple[Any, Any]:
    """Eq. (3)."""
    corners = [a * b for a in (x.low, x.high) for b in (y.low, y.high)]
    return np.minimum.reduce(corners), np.maximum.reduce(corners)


def _shift(sign: int) -> Any:
    """x 2^n or x / 2^n rounded down, n a number >= 0."""

    def rule(x: Interval, n: Interval) -> tuple[Any, Any]:
        if (n.low != n.high).any() or (n.low < 0).any():
            raise Unbounded
        if sign > 0:
            return x.low << n.low, x.high << n.low
        return x.low >> n.low, x.high >> n.low

    return rule


_RULES: dict[np.ufunc, Any] = {
    np.add: lambda x, y: (x.low + y.low, x.high + y.high),
    np.subtract: lambda x, y: (x.low - y.high, x.high - y.low),
    np.negative: lambda x: (-x.high, -x.low),
    np.multiply: _product,
    np.minimum: lambda x, y: (
        np.minimum(x.low, y.low),
        np.minimum(x.high, y.high),
    ),
    np.maximum: lambda x, y: (
        np.maximum(x.low, y.low),
        np.maximum(x.high, y.high),
    ),
    np.left_shift: _shift(1),
    np.right_shift: _shift(-1),
}
