"""Skeletons: the same boxes as what is coming, so that nothing jumps."""

from __future__ import annotations

from typing import Any

import reflex as rx


def skeleton(width: str = "100%", height: int = 12, **props: Any) -> rx.Component:
    """Draw one grey bone, `height` in px."""
    return rx.el.span(class_name="skel", width=width, height=f"{height}px", aria_hidden="true", **props)


def skeleton_lines(count: int = 3) -> rx.Component:
    """Bones for a list: a title and a subtitle a row."""
    widths = ("46%", "38%", "52%", "42%")
    lines = (
        rx.el.div(
            rx.el.div(
                skeleton(widths[index % 4], 12), skeleton(f"{24 + 5 * (index % 3)}%", 10), class_name="col g8 grow"
            ),
            skeleton("64px", 20),
            skeleton("48px", 12),
            class_name="row g16",
        )
        for index in range(count)
    )
    return rx.el.div(*lines, class_name="col g16", aria_busy="true", aria_label="Loading", role="status")
