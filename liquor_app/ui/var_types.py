"""What components accept: a constant, or a state variable of the same type."""

from __future__ import annotations

from typing import Any, TypeAlias

import reflex as rx

Text: TypeAlias = "str | rx.Var[str]"
Flag: TypeAlias = "bool | rx.Var[bool]"
Number: TypeAlias = "int | float | rx.Var[int] | rx.Var[float]"
Child: TypeAlias = "rx.Component | rx.Var[Any] | str"
Handler: TypeAlias = Any
"""An event handler, an event, or a list of them, as Reflex takes them for `on_click`."""


def given(value: Any) -> bool:
    """Tell whether an optional text, flag or child was given; a state variable always counts as given."""
    return isinstance(value, rx.Var) or bool(value)


def classes(*names: Text) -> Text:
    """Class names joined by blanks, empty ones left out."""
    joined: Text = ""
    for name in names:
        if given(name):
            joined = f"{joined} {name}" if given(joined) else name
    return joined
