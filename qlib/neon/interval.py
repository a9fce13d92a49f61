"""Arrays of intervals, which numpy's arithmetic maps as it maps arrays.

    [a, b] + [c, d] = [a + c, b + d]                          (1)
    [a, b] - [c, d] = [a - d, b - c]                          (2)
    [a, b] [c, d] = [least, greatest of ac, ad, bc, bd]       (3)

Source: Moore, Interval Analysis, 1966, chapter 2.   Chapter: neon
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from qlib.neon.views import Meaning

Held = tuple[str, int, int, int]  # lanes: dtype, how many, low, high


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
        ends = np.iinfo(dtype)
        low, high = np.clip([self.low, self.high], ends.min, ends.max)
        return Interval(low, high, dtype)

    def reshape(self, *shape: Any) -> "Interval":
        """The same intervals in another shape."""
        low, high = self.low.reshape(*shape), self.high.reshape(*shape)
        return Interval(low, high, self.dtype)

    def __getitem__(self, index: Any) -> "Interval":
        return Interval(self.low[index], self.high[index], self.dtype)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise Unbounded

    def __array_function__(
        self, function: Any, types: Any, args: Any, how: Any
    ) -> "Interval":
        if function is not np.concatenate:
            raise Unbounded
        low, high = (
            np.concatenate([getattr(x, end) for x in args[0]], **how)
            for end in ("low", "high")
        )
        return Interval(low, high, np.result_type(*(x.dtype for x in args[0])))

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


def _each(of: np.ufunc) -> Any:
    """What grows with every operand maps ends to ends."""
    return lambda *x: (of(*(i.low for i in x)), of(*(i.high for i in x)))


def _shift(of: np.ufunc) -> Any:
    """x 2^n or x / 2^n rounded down, n a number >= 0."""

    def rule(x: Interval, n: Interval) -> tuple[Any, Any]:
        if (n.low != n.high).any() or (n.low < 0).any():
            raise Unbounded
        return of(x.low, n.low), of(x.high, n.low)

    return rule


_RULES: dict[np.ufunc, Any] = {
    np.subtract: lambda x, y: (x.low - y.high, x.high - y.low),
    np.negative: lambda x: (-x.high, -x.low),
    np.multiply: _product,
    **{of: _each(of) for of in (np.add, np.minimum, np.maximum)},
    **{of: _shift(of) for of in (np.left_shift, np.right_shift)},
}


@lru_cache(1024)
def bounds_of(
    meaning: Meaning, sources: int, *held: Held | float
) -> tuple[int, int] | None:
    """Bounds of what a meaning makes, added to one more of `held`.

    None where they do not follow from those of the sources.

    >>> from qlib.neon.instructions.multiply import dot
    >>> bytes_ = "i1", 16, -128, 127
    >>> bounds_of(Meaning(dot, "i", np.add), 2, bytes_, bytes_)
    (-65024, 65536)
    """

    def interval(s: Held | float) -> Any:
        if not isinstance(s, tuple):
            return s
        ones = np.ones((1, s[1]), object)
        dtype = object if meaning.wraps else s[0]
        return Interval(s[2] * ones, s[3] * ones, dtype)

    into = meaning.into
    try:
        x = meaning.of(*map(interval, held[:sources]))
        if into is not None and held[sources:]:
            x = into(interval(held[sources]).astype(object), x)
    except Unbounded:
        return None
    return int(x.low.min()), int(x.high.max())
