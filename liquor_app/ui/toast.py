"""Toasts: one line, one action, gone in six seconds unless it failed. Return one from an event handler."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

SECONDS = 6


def _props(detail: str, action: str, on_action: Any, stays: bool) -> dict[str, Any]:
    props: dict[str, Any] = {"duration": 60_000 if stays else SECONDS * 1000, "close_button": stays}
    if detail:
        props["description"] = detail
    if action:
        props["action"] = {"label": action, "on_click": on_action}
    return props


def toast_done(title: str, detail: str = "", *, action: str = "", on_action: Any = None) -> EventSpec:
    """It worked: `return toast_done("Plan approved", "581 sends, first one Tue 24 Nov 09:00")`."""
    return rx.toast.success(title, **_props(detail, action, on_action, stays=False))


def toast_warning(title: str, detail: str = "", *, action: str = "", on_action: Any = None) -> EventSpec:
    """Someone should look."""
    return rx.toast.warning(title, **_props(detail, action, on_action, stays=False))


def toast_failed(title: str, detail: str = "", *, action: str = "", on_action: Any = None) -> EventSpec:
    """It did not work: what happened, what is safe, what to do. Stays until dismissed (a minute at most)."""
    return rx.toast.error(title, **_props(detail, action, on_action, stays=True))
