"""What every chart can be read and carried away as: a table, CSV and a picture, made in the browser (`points.js`).

The server sends a chart its numbers once; the browser has them, so no chart needs a file of its own.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.ui.button import button
from liquor_app.ui.var_types import Text

SCRIPT = "/js/points.js"


def with_points(drawn: rx.Component, label: Text, *, has_table: bool = False) -> rx.Component:
    """Draw a chart with its points below: as a table (where it is none itself, `has_table`), as CSV, as PNG.

    Args:
        label: the chart as a sentence; its beginning names the files.
    """

    def act(what: str, words: str, **props: Any) -> rx.Component:
        heard = rx.el.span(" of the chart", class_name="sr")
        told = {"data-points": what, **props}
        return button(rx.fragment(words, heard), small=True, kind="ghost", custom_attrs=told)

    shown = [] if has_table else [act("table", "Table", **{"aria-expanded": "false"})]
    return rx.el.div(
        drawn,
        rx.el.div(*shown, act("csv", "CSV"), act("png", "PNG"), class_name="points"),
        class_name="charted",
        custom_attrs={"data-charted": label},
    )
