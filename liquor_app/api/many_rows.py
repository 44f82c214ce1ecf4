"""Many rows in one body, a JSON array or JSON lines: each is checked by itself, and says for itself what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from liquor_app.api.schemas import Body, Row
from liquor_app.core.errors import Invalid, Malformed
from liquor_app.core.listing.told_rows import MOST_ROWS, RefusedRow, RowFields, counted
from liquor_app.core.storable_text import UNSTORABLE
from liquor_app.core.thread_lanes import Lane
from liquor_app.ui.words import figure

B = TypeVar("B", bound=Body)
R = TypeVar("R")

JSON, NDJSON = "application/json", "application/x-ndjson"
MAX_BYTES = 16 * 1024 * 1024
"""Of a body of many rows."""
SHAPES: dict[str, type[Body]] = {}
"""Shapes of rows by their names in the OpenAPI document: no route takes one by itself."""
LANE = Lane("calls of many rows", threads=2, waiting=16)

_WORDS = {
    "missing": "is missing",
    "unstorable": UNSTORABLE,
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "decimal_type": "must be a number or a text that is one",
    "decimal_parsing": "must be a number or a text that is one",
    "finite_number": "must be a finite number",
    "decimal_max_places": "has too many decimal places; {decimal_places} are kept",
    "decimal_max_digits": "has too many digits",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "string_too_short": "must not be empty",
    "string_too_long": "has more than {max_length} characters",
    "too_long": "has more than {max_length} entries",
    "too_short": "has fewer than {min_length} entries",
    "date_type": "must be a day such as 1980-02-29",
    "date_from_datetime_parsing": "must be a day such as 1980-02-29",
    "date_from_datetime_inexact": "must be a day such as 1980-02-29",
    "datetime_type": "must be a time such as 2026-11-02T10:00:00Z",
    "datetime_from_date_parsing": "must be a time such as 2026-11-02T10:00:00Z",
    "datetime_parsing": "must be a time such as 2026-11-02T10:00:00Z",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}
"""What is wrong with a field, by the kind of error; others are told as the library has it."""


class RowOut(Row, RowFields):
    """What became of a row. `row` counts from 1, empty lines left out. A refused one has `code`, `field` and `reason`;
    `notes` say what should be looked at."""


class RowsOut(Row):
    """What became of the rows of a call, in their order."""

    rows: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    recorded: int = 0
    superseded: int = 0
    refused: int = 0
    items: list[RowOut]


def rows_told(told: Sequence[RowFields]) -> dict[str, Any]:
    """Return what a service says of rows as a response."""
    return {"rows": len(told), **counted(told), "items": told}


def body_of(row: type[Body], *, may_be_one: bool, example: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body's part of the OpenAPI document.

    Args:
        row: a row's shape.
        may_be_one: a single row may come by itself.
    """
    SHAPES[row.__name__] = row
    shape = {"$ref": f"#/components/schemas/{row.__name__}"}
    many: dict[str, Any] = {"type": "array", "items": shape, "minItems": 1, "maxItems": MOST_ROWS}
    examples: dict[str, Any] = {"many": {"summary": "Many rows", "value": [example]}}
    if may_be_one:
        examples = {"one": {"summary": "A single one", "value": example}, **examples}
    lines = {
        "schema": {"type": "string", "format": "binary", "description": "A row a line."},
        "example": json.dumps(example),
    }
    whole = {"schema": {"anyOf": [shape, many]} if may_be_one else many, "examples": examples}
    return {"requestBody": {"required": True, "content": {JSON: whole, NDJSON: lines}}}


async def read_rows(request: Request, shape: type[B], make: Callable[[B], R]) -> list[R | RefusedRow]:
    """Return the rows of a body, each as `make` makes it of its shape, or with why it has not that shape.

    Raises:
        HTTPException: 415, neither JSON nor JSON lines.
        Invalid: no JSON, no array, no rows or too many of them.
        TooMany: too many other calls of many rows are being read.
    """
    found = await _read(request, shape, make)
    if not isinstance(found, list):
        raise Malformed("Send an array of rows, or a row a line.", field="body")
    return found


async def read_one_or_rows(request: Request, shape: type[B], make: Callable[[B], R]) -> R | list[R | RefusedRow]:
    """As `read_rows`; or the single row that a JSON body is.

    Raises:
        RequestValidationError: a single row has not its shape.
    """
    return await _read(request, shape, make)


async def _read(request: Request, shape: type[B], make: Callable[[B], R]) -> R | list[R | RefusedRow]:
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind not in {JSON, NDJSON}:
        raise HTTPException(415, f"Send {JSON} or {NDJSON}.")
    body = await request.body()
    return await LANE.run(_lines if kind == NDJSON else _whole, body, shape, make)


def _whole(body: bytes, shape: type[B], make: Callable[[B], R]) -> R | list[R | RefusedRow]:
    try:
        given = json.loads(body, parse_constant=_no_number)
    except ValueError as error:
        raise Malformed(f"The body is no JSON: {_said(error)}.", field="body") from error
    if isinstance(given, list):
        _check_many(len(given), Malformed)
        return [_row(one, shape, make) for one in given]
    try:
        return make(shape.model_validate(given))
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error


def _lines(body: bytes, shape: type[B], make: Callable[[B], R]) -> list[R | RefusedRow]:
    lines = [line for line in body.split(b"\n") if line.strip()]
    _check_many(len(lines), Invalid)  # how many lines a text has is no part of its description
    found: list[R | RefusedRow] = []
    for line in lines:
        try:
            found.append(_row(json.loads(line, parse_constant=_no_number), shape, make))
        except ValueError as error:
            found.append(RefusedRow("unreadable_row", "", f"The line is no JSON: {_said(error)}."))
        except RecursionError:
            found.append(RefusedRow("unreadable_row", "", "The line is nested too deeply."))
    return found


def _check_many(rows: int, refusal: type[Invalid]) -> None:
    if not rows:
        raise refusal("Send at least one row.", field="body")
    if rows > MOST_ROWS:
        raise refusal(f"{figure(MOST_ROWS)} rows are taken at once; these are {figure(rows)}.", field="body")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _said(error: ValueError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)[:100]


def _row(given: Any, shape: type[B], make: Callable[[B], R]) -> R | RefusedRow:
    if not isinstance(given, dict):
        return RefusedRow("invalid", "", "A row is a JSON object.")
    try:
        return make(shape.model_validate(given))
    except ValidationError as error:
        return _refusal(error, shape)


def _refusal(error: ValidationError, shape: type[Body]) -> RefusedRow:
    """Return the first thing that is wrong with a row, in our words."""
    one = error.errors(include_url=False)[0]
    where, context = [str(part) for part in one["loc"]], one.get("ctx", {})
    if one["type"] == "unstorable" and context["field"]:
        where.append(context["field"])
    field = ".".join(where)[:200]
    if one["type"] == "extra_forbidden":
        there = f"; there are {', '.join(sorted(shape.model_fields))}" if len(where) == 1 else ""
        return RefusedRow("unknown_field", field, f"{field} is no field of a row{there}.")
    words = _WORDS.get(one["type"], "").format_map(context) or f"is not right: {one['msg']}"
    return RefusedRow("invalid", field, f"{field or 'The row'} {words}.")
