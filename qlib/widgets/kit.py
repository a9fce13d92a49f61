"""The base class of all widgets, and the numbers as readers see them.

A widget is a small Python class and an ES module beside it with the same
stem.  Python computes and holds the truth (traits); JavaScript draws.  The
same two halves run in JupyterLab and, through qlib/site/static_widgets.js,
in the built book, where there is no kernel.

`fixed`, `digits`, `percent` and `grouped` are twins of the functions of the
same name in kit.js; a test compares them.
"""

import inspect
import json
from base64 import b64encode
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

try:
    import anywidget
except ImportError as error:
    raise ImportError(
        "qlib.widgets needs anywidget: pip install anywidget"
    ) from error
from matplotlib.figure import Figure
from traitlets import Dict, Unicode

from qlib.plots.page import inline_svg, png

HERE = Path(__file__).parent
VIEW = "application/vnd.jupyter.widget-view+json"
MINUS, THIN, GLUE = "\N{MINUS SIGN}", "\u202f", "\u00a0"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PAGE = """<div class="q-widget" style="--desk:{desk}px;--phone:{phone}px">
<div class="q-fallback">
<p class="q-head"><span class="q-kicker">Widget</span>
<strong class="q-title">{title}</strong></p>
{picture}<p class="q-notice"><b>Notice.</b> {notice}</p></div>
<script type="{mime}">{view}</script></div>"""


def fixed(x: float, d: int = 0) -> str:
    """x with d decimals, ties away from zero: −1 234.50.

    >>> fixed(-0.0625, 3), fixed(-0.0004, 3), fixed(12345.6)
    ('−0.063', '0.000', '12\u202f346')
    """
    step = Decimal(1).scaleb(-d)
    said = f"{Decimal(abs(x)).quantize(step, ROUND_HALF_UP):,f}"
    said = said.replace(",", THIN)
    return MINUS + said if x < 0 and said.strip(f"0.{THIN}") else said


def digits(x: float, n: int = 3) -> str:
    """x with n significant digits: 0.0181, but 1.02 × 10⁻³.

    >>> digits(0.26666), digits(8)
    ('0.267', '8.00')
    """
    if x == 0:
        return "0"
    rounded = Context(n, ROUND_HALF_UP).create_decimal(Decimal(x))
    e = rounded.adjusted()
    if e >= -2:
        return fixed(x, max(0, n - 1 - e))
    lead = fixed(float(rounded.scaleb(-e)), n - 1)
    power = str(e).translate(SUPERSCRIPT)
    return f"{lead}{GLUE}×{GLUE}10{power}"


def percent(p: float, d: int = 1) -> str:
    """A share in percent.

    >>> percent(0.978).replace(GLUE, "_")
    '97.8_%'
    """
    return f"{fixed(100 * p, d)}{GLUE}%"


def joined(files: list[Path], suffix: str) -> str:
    """The kit's file, then those beside the modules, where there is one."""
    beside = [it.with_suffix(suffix) for it in (HERE / "kit", *files)]
    return "\n".join(f.read_text("utf8") for f in beside if f.exists())


class Widget(anywidget.AnyWidget):
    """A widget of the book; a subclass brings `<its module's stem>.js`.

    A trait that a reader sets is tagged control=True; its start value is
    what the reset button goes back to.  A subclass defines

        parts       modules whose `<stem>.js` stand between kit.js and its own
        heights     pixels that it fills in the page, (desk, phone)
        expected    what each readout says, computed with qlib
        picture     the start state as a figure `width` pixels wide

    What the browser tests hold on to, in the page: the root has data-widget,
    equal to `kind`; each native control has data-trait, and where the trait
    is a fraction of the control's value, data-per-unit; each readout has
    data-readout.  `expected` knows them by these names; the aria-valuetext
    of the range of trait x is called "valuetext:x".
    """

    title = Unicode().tag(sync=True)
    number = Unicode(help="as 5.1; the book's page sets it").tag(sync=True)
    kind = Unicode(read_only=True).tag(sync=True)
    start = Dict(read_only=True).tag(sync=True)
    parts: ClassVar[tuple[ModuleType, ...]] = ()
    heights: ClassVar[tuple[int, int]]
    _kind: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Put kit.js and the parts in front of its own source, and styles."""
        if Widget in cls.__bases__:  # and not what add_traits derives
            files = [Path(inspect.getfile(part)) for part in cls.parts]
            files.append(Path(inspect.getfile(cls)))
            for file in files:
                if not file.with_suffix(".js").exists():
                    raise FileNotFoundError(
                        f"{cls.__name__} needs its own ES module beside {file}"
                    )
            cls._esm, cls._css = joined(files, ".js"), joined(files, ".css")
            cls._kind = f"{cls.__module__}.{cls.__qualname__}"
        super().__init_subclass__(**kwargs)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.set_trait("kind", self._kind)
        self.set_trait("start", self.state())

    @classmethod
    def controls(cls) -> list[str]:
        """The names of the traits that a reader sets."""
        return sorted(cls.class_traits(control=True))

    def state(self) -> dict[str, Any]:
        """What the controls say now."""
        return {name: getattr(self, name) for name in self.controls()}

    @classmethod
    def read(cls, page: Mapping[str, Any]) -> dict[str, Any]:
        """Traits from what a page's controls hold, which may be strings."""
        like = {name: cls.class_traits()[name].default_value for name in page}
        return {name: type(like[name])(value) for name, value in page.items()}

    @classmethod
    def expected(cls, **traits: Any) -> dict[str, str]:
        """What each readout, Notice and range must say, by its name."""
        raise NotImplementedError(f"{cls.__name__} must define expected")

    def picture(self, width: int) -> Figure:
        """The present state for paper, for pages without JavaScript."""
        raise NotImplementedError(f"{type(self).__name__}: picture")

    def notice(self) -> str:
        """The finding, with the present numbers."""
        return self.expected(**self.state())["notice"]

    def _repr_mimebundle_(
        self, **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The live view, and what stands in its place without one.

        JupyterLab takes the view, the book text/html (which holds the view
        and a picture), paper and GitHub the image, a terminal the sentence.
        """
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        notice = self.notice()
        page = PAGE.format(
            desk=self.heights[0],
            phone=self.heights[1],
            title=escape(self.title),
            picture=inline_svg(self.picture, f"{self.title} {notice}"),
            notice=escape(notice),
            mime=VIEW,
            view=json.dumps(data[VIEW]),
        )
        image = b64encode(png(self.picture)).decode()
        words = {"text/plain": f"{self.title} {notice}"}
        return data | words | {"text/html": page, "image/png": image}, metadata
