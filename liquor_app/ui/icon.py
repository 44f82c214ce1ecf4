"""Icons: lucide outlines, 16 px, stroke 1.75, hidden from screen readers unless they alone carry a meaning."""

from __future__ import annotations

from typing import Any

import reflex as rx


def icon(name: str, size: int = 16, label: str = "", **props: Any) -> rx.Component:
    """Draw one icon.

    Args:
        name: lucide's name, a constant ("circle-check"); a name only known at run time would load all icons,
            so choose between constants with `rx.match`.
        label: what it says where no words stand beside it; empty hides it from screen readers.
    """
    attributes = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    name_of_class = f"i {props.pop('class_name', '')}".strip()
    return rx.icon(name, size=size, stroke_width=1.75, class_name=name_of_class, custom_attrs=attributes, **props)
