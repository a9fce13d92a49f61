"""A widget's JavaScript without a browser: what it computes, not draws."""

import json
from typing import Any

import quickjs

from qlib.widgets.kit import Widget


class Twin:
    """The functions of a widget's ES module, callable with plain data."""

    def __init__(self, widget: type[Widget]) -> None:
        source = str(widget._esm).replace("export default", "const widget =")
        self.context = quickjs.Context()
        self.context.eval(source)

    def __call__(self, function: str, *arguments: Any) -> Any:
        """function(*arguments), by way of JSON."""
        said = ", ".join(json.dumps(a) for a in arguments)
        code = f"JSON.stringify(({function})({said}))"
        return json.loads(self.context.eval(code))
