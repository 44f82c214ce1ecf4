"""Shapes shared by all routes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar, get_args, get_origin
from uuid import UUID

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

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


def _written(given: Any) -> Any:
    """A day or time in words: a bare number would be one of 1970."""
    if isinstance(given, date) or (
        isinstance(given, str) and not given.strip().lstrip("+-").replace(".", "").isdigit()
    ):
        return given
    raise PydanticCustomError("not_written", "must be written as 2026-11-02, a time as 2026-11-02T10:00:00Z")


Day = Annotated[date, BeforeValidator(_written), AfterValidator(_of_our_time)]
"""A day that can be reckoned with: the calendar's first and last have none before or after them."""

Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_of_our_time)]
"""A time of such a day."""

Storable = AfterValidator(_storable_text)
"""Of a form's text; bodies check all of theirs."""

Money = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]
"""A decimal string in JSON, never a float."""


_CALLED = {bool: "true or false", int: "a whole number", float: "a number", Decimal: "a number, or a text that is one"}


@cache
def _kinds(shape: type[BaseModel]) -> dict[str, type]:
    """Field → what it is, of those where a text or a flag could pass for a number, or a number for a flag."""
    found = {}
    for name, one in shape.model_fields.items():
        ways = [one.annotation] if isinstance(one.annotation, type) else list(get_args(one.annotation))
        kinds = [get_args(way)[0] if get_origin(way) is Annotated else way for way in ways if way is not type(None)]
        if len(kinds) == 1 and kinds[0] in _CALLED:
            found[name] = kinds[0]
    return found


def _is(value: Any, kind: type) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    return kind is Decimal or not isinstance(value, str)


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

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, given: Any) -> Any:
        for name, kind in _kinds(cls).items() if isinstance(given, dict) else ():
            value = given.get(name)
            if value is not None and not _is(value, kind):
                raise PydanticCustomError("kind", "must be {kind}", {"field": name, "kind": _CALLED[kind]})
        return given


class Patch(Body):
    """Base of PATCH bodies: what is not mentioned stays; null only where a field may be empty."""

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for name in sorted(self.model_fields_set - self.nullable):
            if getattr(self, name) is None:
                raise PydanticCustomError("null", "cannot be null; leave it out to keep it", {"field": name})
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core_schema)
        for name, of in handler.resolve_ref_schema(schema).get("properties", {}).items():
            if name not in cls.nullable and {"type": "null"} in of.get("anyOf", ()):
                kept = [one for one in of.pop("anyOf") if one != {"type": "null"}]
                of.pop("default", None)
                of.update(kept[0] if len(kept) == 1 else {"anyOf": kept})
        return schema


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
