"""A guess on a scale and what to say to it: the numbers of a prediction.

Everything is computed here, for every answer that a reader can give; the
page's script looks it up.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from bisect import bisect_right
from dataclasses import dataclass

from qlib.widgets.kit import GLUE, digits, fixed

NUMPY = re.compile(r"np\.\w+\((.*)\)")
PER_DECADE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # even on a log ruler
SHAPE = re.compile(r"(\S+)\s+(\S+)(\s+log)?")


def glued(text: str) -> str | float:
    """What was glued: a string without its quotes, or a number.

    >>> glued("'KL divergence'"), glued("np.float64(24.5)"), glued("3")
    ('KL divergence', 24.5, 3.0)
    """
    if match := NUMPY.fullmatch(text):
        text = match[1]
    value = ast.literal_eval(text)
    return value if isinstance(value, str) else float(value)


def amount(x: float, n: int = 3) -> str:
    """x with at most n significant digits, without idle zeros.

    >>> amount(24.0), amount(23.714), amount(1.50), amount(-0.5)
    ('24', '23.7', '1.5', '−0.5')
    """
    text = fixed(x) if x == int(x) else digits(x, n)
    whole = "×" in text or "." not in text
    return text if whole else text.rstrip("0").rstrip(".")


def with_unit(text: str, unit: str) -> str:
    """24 times, 24 %"""
    return text + (GLUE if unit == "%" else " ") * bool(unit) + unit


def nice(x: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... that is not below x.

    >>> nice(0.7), nice(1.3), nice(30)
    (1.0, 2, 50)
    """
    power = 10 ** math.floor(math.log10(x))
    fits = (k * power for k in (1, 2, 5, 10) if k * power >= x * (1 - 1e-9))
    return next(fits)


@dataclass(frozen=True)
class Scale:
    """The places where a slider can stand."""

    stops: tuple[float, ...]
    log: bool = False
    unit: str = ""

    @classmethod
    def read(cls, text: str, unit: str = "") -> Scale:
        """From `low high` or `low high log`; whole numbers stay whole."""
        match = SHAPE.fullmatch(text.strip())
        if not match:
            raise ValueError(f"a slider is `low high [log]`, got {text!r}")
        low, high, log = float(match[1]), float(match[2]), bool(match[3])
        if not low < high or (log and low <= 0):
            raise ValueError(f"a slider needs low < high, got {text!r}")
        if log:
            decades = range(-9, 12)
            grid = [k * 10.0**e for e in decades for k in PER_DECADE]
        else:
            step = nice((high - low) / 100)
            if "." not in match[1] + match[2]:
                step = max(step, 1)
            first, last = math.floor(low / step), math.ceil(high / step)
            grid = [k * step for k in range(first, last + 1)]
        inner = [round(v, 12) for v in grid if low < v < high]
        return cls((low, *inner, high), log, unit)

    def says(self, x: float) -> str:
        return with_unit(amount(x), self.unit)

    def place(self, x: float) -> float:
        """Where x lies, as a share of the ruler."""
        s = self.stops
        if not s[0] <= x <= s[-1]:
            raise ValueError(f"the slider ends before the result, {x:g}")
        f = math.log if self.log else float
        k = min(bisect_right(s, x), len(s) - 1)
        a, b = f(s[k - 1]), f(s[k])
        return (k - 1 + (f(x) - a) / (b - a)) / (len(s) - 1)

    def labels(self) -> list[float]:
        """The values that are written under the ruler."""
        low, high = self.stops[0], self.stops[-1]
        if self.log:
            inner = [10.0**e for e in range(-9, 12)]
        else:
            step = nice((high - low) / 5)
            inner = [k * step for k in range(math.ceil(low / step), 10**4)]
        inner = [v for v in inner if low <= v <= high]
        far = [v for v in inner if 0.1 <= self.place(v) <= 0.9]
        return [low, *far, high]

    def verdict(self, guess: float, x: float, shown: str) -> str:
        """You said 3; it is 24: off by a factor of 8."""
        start = f"You said {self.says(guess)}; it is {shown}: off by"
        if self.log:
            ratio = max(guess / x, x / guess)
            if guess == x:
                return f"Right: it is {shown}."
            if ratio < 1.05:
                return f"{start} less than 5{GLUE}%."
            return f"{start} a factor of {amount(ratio, 2)}."
        gaps = itertools.pairwise(self.stops)
        if abs(guess - x) < min(b - a for a, b in gaps) / 2:
            return f"Right: it is {shown}."
        unit = " points" if self.unit == "%" else ""
        return f"{start} {amount(abs(guess - x))}{unit}."


def ruler(scale: Scale, marks: str = "") -> str:
    """The scale as a line with ticks; marks lie on it."""
    short = scale.stops if len(scale.stops) <= 41 else ()
    long = scale.labels()
    at = {v: f'style="left:{100 * scale.place(v):.2f}%"' for v in long}
    ticks = "".join(
        f'<i style="left:{100 * scale.place(v):.2f}%"></i>'
        for v in short
        if v not in at
    )
    names = "".join(
        f'<i class="long" {at[v]}></i><b {at[v]}>{text}</b>'
        for v in long
        for text in [scale.says(v).removesuffix(f" {scale.unit}")]
    )
    line = f'<div class="q-line" aria-hidden="true">{ticks}{names}</div>'
    return f'<div class="q-axis">{line}{marks}</div>'


def measured(value: str | float) -> tuple[float, str]:
    """A glued value as a number and as it is written."""
    if isinstance(value, float):
        return value, amount(value)
    plain = value.strip().rstrip("%").strip()
    for old, new in (("\u202f", ""), (",", ""), ("−", "-")):
        plain = plain.replace(old, new)
    return float(plain), value.strip().rstrip("%").strip()
