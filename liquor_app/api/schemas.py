"""Shapes shared by all routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from liquor_app.core.paging import MAX_LIMIT, Page
from liquor_app.core.storable_text import UNSTORABLE, TooDeep, unstorable

T = TypeVar("T")
R = TypeVar("R")
D = TypeVar("D", bound=date)


def _storable_text(given: str) -> str:
    if unstorable(given) is not None:
        raise PydanticCustomError("unstorable", UNSTORABLE, {"field": ""})
    return given


def _of_our_time(given: D) -> D:
    if not 1900 <= given.year < 2200:
        raise PydanticCustomError("out_of_range", "must lie between the years 1900 and 2199")
    return given


Day = Annotated[date, AfterValidator(_of_our_time)]
"""A day that can be reckoned with: the calendar's first and last have none before or after them."""

Moment = Annotated[datetime, AfterValidator(_of_our_time)]
"""A time of such a day."""

Storable = AfterValidator(_storable_text)
"""Of a form's text; bodies check all of theirs."""

Money = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]
"""A decimal string in JSON, never a float."""


class Body(BaseModel):
    """Base of request bodies: unknown fields are errors, not silence, and so is text the database cannot keep."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, given: Any) -> Any:
        try:
            where = unstorable(given)
        except TooDeep:
            raise PydanticCustomError("too_deep", "is nested too deeply") from None
        if where is not None:
            raise PydanticCustomError("unstorable", UNSTORABLE, {"field": where or "body"})
        return given


class Patch(Body):
    """Base of PATCH bodies: what is not mentioned stays; null only where a field may be empty."""

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in sorted(self.model_fields_set - self.nullable):
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class Row(BaseModel):
    """Base of responses, read from the services' frozen rows."""

    model_config = ConfigDict(from_attributes=True)


class ListOf(BaseModel, Generic[T]):
    """A page: `total` may be an estimate, and says so."""

    items: list[T]
    next_cursor: str | None
    total: int
    total_is_exact: bool


class Started(Row):
    """Background work that was asked for; follow it at `/api/v1/jobs/{job_id}`."""

    job_id: UUID


JOB = "/api/v1/jobs/{job_id}"
"""Location of `Started` work."""

Id = Annotated[UUID, Path(alias="id")]
"""The `{id}` of a path."""

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows a page.")]
Cursor = Annotated[str | None, Query(max_length=2048, description="`next_cursor` of the page before.")]
Search = Annotated[str, Query(max_length=100)]
Choice = Annotated[str, Query(max_length=200, description="One or several, separated by commas.")]


def same(item: R) -> R:
    return item


def listing(page: Page[R], convert: Callable[[R], Any] = same) -> dict[str, Any]:
    """Return a service's page as a response."""
    return {
        "items": [convert(item) for item in page.items],
        "next_cursor": page.next_cursor,
        "total": page.total,
        "total_is_exact": page.total_is_exact,
    }
