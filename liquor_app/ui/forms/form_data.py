"""What somebody typed into a form, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def typed(form: Mapping[str, Any], name: str) -> str:
    """Return the field's text; empty where the form has none, for a field that is not on the page comes as None."""
    return said(form.get(name))


def said(value: Any) -> str:
    """Return a value from the browser as text; "" for None, which `str` would make a word of."""
    return "" if value is None else str(value)
