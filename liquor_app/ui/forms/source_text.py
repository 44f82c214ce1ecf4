"""Source text: a field with numbered lines, and what changed between two texts."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx

from liquor_app.ui.forms.form import TYPING_MS
from liquor_app.ui.var_types import Handler, Text

SCRIPT = "/js/editor.js"
"""Load it on pages that use `insert` or `go_to_line` or guard unsaved changes."""


def code_field(label: Text, name: str, *, value: Text, on_change: Handler, numbers: Text, **props: Any) -> rx.Component:
    """Draw a text area of fixed-width letters. `numbers` is "1\\n2\\n3", one for each line; `label` is for screen
    readers.

    Its lines never wrap, so that each stands beside its number; it grows with its text inside a box that scrolls.
    """
    area = rx.el.textarea(
        id=name,
        name=name,
        value=value,
        on_change=on_change,
        class_name="code",
        # where a browser cannot size a field by its content, its rows do
        rows=rx.Var.create(numbers).to(str).split("\n").length(),
        wrap="off",
        spell_check=False,
        custom_attrs={"aria-label": label, "data-source": "", **props.pop("custom_attrs", {})},
        **props,
    )
    gutter = rx.el.pre(numbers, class_name="gutter", aria_hidden="true")
    return rx.el.div(gutter, rx.debounce_input(area, debounce_timeout=TYPING_MS), class_name="codebox")


def numbered(text: str) -> str:
    """Return the numbers of a text's lines, for `code_field`."""
    return "\n".join(str(number) for number in range(1, text.count("\n") + 2))


def insert(words: str) -> Any:
    """Return an event that puts words where the cursor stands, or last stood, in a source field."""
    return rx.call_script(f"window.sourceEditor?.insert({json.dumps(words)})")


def go_to_line(field: str, line: int) -> Any:
    """Return this from a handler: the cursor goes to a line of a source field."""
    return rx.call_script(f"window.sourceEditor?.goTo({json.dumps(field)}, {json.dumps(int(line))})")


def guard(unsaved: bool) -> Any:
    """Return an event after which leaving the page asks first, or no longer does."""
    return rx.call_script(f"window.sourceEditor?.guard({json.dumps(bool(unsaved))})")


def code_changes(lines: Any) -> rx.Component:
    """Draw a comparison; `lines` have a `kind` (same, gone, new, gap) and a `text`."""

    def line(one: Any) -> rx.Component:
        sign = rx.match(one.kind, ("gone", "−"), ("new", "+"), "")
        said = rx.match(one.kind, ("gone", "removed: "), ("new", "added: "), "")
        return rx.el.div(
            rx.el.i(sign, aria_hidden="true"), rx.el.span(said, class_name="sr"), rx.el.span(one.text),
            class_name="ln " + rx.Var.create(one.kind).to(str),
        )  # fmt: skip

    return rx.el.div(rx.foreach(lines, line), class_name="codebox diff", tab_index=0)
