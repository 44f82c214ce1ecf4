"""Where the keyboard stands after a press whose button is gone: on the heading of what came of it."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx

AWAIT_RESULT = rx.call_script("window.resultAwaited = true")
"""With the press: what is drawn next is its result."""


def focus_result(element_id: str) -> Any:
    """Focus the heading of what is drawn as the result of a press, for its `on_mount`. A page that is opened so leaves
    the focus where it is."""
    return rx.call_script(
        "window.resultAwaited && setTimeout(id => { const at = document.activeElement, heading ="
        " document.querySelector(`#${id} h2`); if (heading && (!at || at === document.body || !at.isConnected"
        " || at.disabled || at.closest(`#${id}`))) { heading.tabIndex = -1; heading.focus() } }, 80, "
        f"{json.dumps(element_id)})"
    )


def focus_page(address: str) -> Any:
    """Focus the heading of the page at an address, once it is there: for a press that leads to it, whose button and
    dialog are gone. What is drawn anew while the page loads is focused anew, for five seconds and as long as nobody
    moved the focus."""
    return rx.call_script(
        "((address, until) => { let went = false; const look = () => { const at = document.activeElement,"
        " heading = document.querySelector('main h1, h1');"
        " if (location.pathname.replace(/\\/$/, '') === address && heading && heading !== at && (!went || !at ||"
        " at === document.body)) { heading.tabIndex = -1; heading.focus(); went = true }"
        " if (Date.now() < until) setTimeout(look, 100) }; look() })"
        f"({json.dumps(address)}, Date.now() + 5000)"
    )
