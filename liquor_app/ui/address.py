"""The page's address: what a state reads from it when it loads, and what it writes back so that a reload, a bookmark
or a colleague with the link sees the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode

import reflex as rx

MAX_PARAMETER = 500


def last_part(state: Any) -> str:
    """Tell what stands after the last slash: the id or slug of a page such as `/customers/[customer_id]`."""
    return unquote(str(state.router.url.path).rstrip("/").rpartition("/")[2])[:MAX_PARAMETER]


def parameter(state: Any, name: str) -> str:
    """`?name=…`, shortened; empty if it is not given."""
    return str(state.router.url.query_parameters.get(name, ""))[:MAX_PARAMETER]


def remember(path: str, parameters: Mapping[str, str]) -> Any:
    """Return this from a handler: the address becomes `path` with the parameters that are not empty, without a page
    load and without a further step in the browser's history."""
    query = urlencode({name: value for name, value in parameters.items() if value})
    address = f"{path}?{query}" if query else path
    return rx.call_script(f"history.replaceState(history.state, '', {json.dumps(address)})")
