"""Shapes shared by all routes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer

from liquor_app.core.paging import Page

T = TypeVar("T")
R = TypeVar("R")

Money = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]
"""A decimal string in JSON, never a float."""


class Body(BaseModel):
    """Base of request bodies: unknown fields are errors, not silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Row(BaseModel):
    """Base of responses, read from the services' frozen rows."""

    model_config = ConfigDict(from_attributes=True)


class ListOf(BaseModel, Generic[T]):
    """A page: `total` may be an estimate, and says so."""

    items: list[T]
    next_cursor: str | None
    total: int
    total_is_exact: bool


def listing(page: Page[R], convert: Callable[[R], Any]) -> dict[str, Any]:
    """A service's page as a response."""
    return {
        "items": [convert(item) for item in page.items],
        "next_cursor": page.next_cursor,
        "total": page.total,
        "total_is_exact": page.total_is_exact,
    }
