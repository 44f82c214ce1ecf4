"""A declared list over HTTP: its parameters in the OpenAPI document, its pages, its export."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from liquor_app.api.many_rows import NDJSON
from liquor_app.api.schemas import Cursor, Limit, Search
from liquor_app.core.csv_cells import escape_formula, export_text
from liquor_app.core.listing.compile import MOST_SORTS
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match
from liquor_app.core.paging import MAX_LIMIT

MATCHES = {
    Match.ANY: "One or several, separated by commas.",
    Match.EXACT: "",
    Match.ID: "An id.",
    Match.FLAG: "`true` or `false`.",
    Match.FROM: "On this day or later.",
    Match.UNTIL: "On this day or before.",
}

PATTERNS = {
    Match.ID: r"^\s*([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?\s*$",
    Match.FLAG: r"^\s*(true|false)?\s*$",
    Match.FROM: r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})?\s*$",
    Match.UNTIL: r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})?\s*$",
}


def asked_of(spec: ListSpec[Any], *, page: bool = True, limit: int = 50) -> Any:
    """Return the dependency that reads what is asked of a list: a parameter for each filter, `search` where there is
    one, `sort`; of a page (not of an export) `limit` and `cursor` too.

    Args:
        limit: rows of a page where none are asked for.
    """

    def read(**given: Any) -> ListQuery:
        filters = {name: given[name] for name in spec.filter_names if given[name]}
        rest = {name: given[name] for name in ("search", "sort", "limit", "cursor") if name in given}
        return ListQuery(filters=filters, **rest)

    parameters = [_parameter(one.name, _filter(one), "") for one in spec.filters]
    if spec.search:
        parameters.append(_parameter("search", Search, ""))
    sorts = ", ".join(spec.sort_names)
    words = f"Up to three of {sorts}, separated by commas, each with a leading `-` for descending."
    one = rf"\s*-?({'|'.join(map(re.escape, spec.sort_names))})\s*"
    said = {"pattern": f"^({one}(,{one}){{0,{MOST_SORTS - 1}}})?$"}
    sort = Annotated[str, Query(max_length=200, description=words, json_schema_extra=said)]
    parameters.append(_parameter("sort", sort, spec.order))
    if page:
        parameters += [_parameter("limit", Limit, min(limit, MAX_LIMIT)), _parameter("cursor", Cursor, None)]
    read.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return Depends(read)


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _filter(one: Filter) -> Any:
    words = MATCHES[one.match]
    if one.options:
        words = f"{'One or several' if one.match is Match.ANY else 'One'} of {', '.join(one.options)}."
    said = {"pattern": pattern} if (pattern := _pattern(one)) else None
    return Annotated[str, Query(max_length=500, description=words or None, json_schema_extra=said)]


def _pattern(one: Filter) -> str:
    """Return how a filter's value is written, as far as a pattern tells."""
    if one.parse is not None:
        return rf"^\s*({one.pattern})?\s*$" if one.pattern else ""
    if one.options:
        return some_of(one.options) if one.match is Match.ANY else f"^{_one_of(one.options)}$"
    return PATTERNS.get(one.match, "")


def _one_of(names: Iterable[str]) -> str:
    return rf"\s*({'|'.join(map(re.escape, names))})?\s*"


def some_of(names: Iterable[str]) -> str:
    """Return the pattern of some of these names, separated by commas."""
    one = _one_of(names)
    return f"^{one}(,{one})*$"


def columns_of(spec: ListSpec[Any]) -> Any:
    """Return the dependency that reads which fields a file shall have; none for all of them."""
    words = f"Some of {', '.join(spec.exported)}, separated by commas, in this order; all of them if empty."

    def read(columns: str) -> tuple[str, ...]:
        given = [one.strip() for one in columns.split(",") if one.strip()]
        return spec.chosen_columns(given) if given else ()

    said = {"pattern": some_of(spec.exported)}
    asked = _parameter(
        "columns", Annotated[str, Query(max_length=2_000, description=words, json_schema_extra=said)], ""
    )
    read.__signature__ = inspect.Signature([asked])  # type: ignore[attr-defined]
    return Depends(read)


def csv_response(
    spec: ListSpec[Any], pages: AsyncIterator[list[Any]], columns: Sequence[str], zone: ZoneInfo
) -> StreamingResponse:
    """Return the whole of a list as a file, a page at a time; a spreadsheet shows its cells and runs none of them."""
    return StreamingResponse(
        _lines(spec, pages, spec.chosen_columns(columns), zone),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{spec.name}.csv"'},
    )


def ndjson_response(
    spec: ListSpec[Any], pages: AsyncIterator[list[Any]], columns: Sequence[str], shape: Any
) -> StreamingResponse:
    """Return the whole of a list as JSON lines, each an item as a page has it, or the fields of it that were asked for;
    a page at a time."""
    chosen = set(spec.chosen_columns(columns)) if columns else None
    return StreamingResponse(
        _json_lines(pages, TypeAdapter(shape), chosen),
        media_type=NDJSON,
        headers={"Content-Disposition": f'attachment; filename="{spec.name}.ndjson"'},
    )


async def _json_lines(
    pages: AsyncIterator[list[Any]], shape: TypeAdapter[Any], chosen: set[str] | None
) -> AsyncIterator[bytes]:
    async for rows in pages:
        items = (shape.validate_python(row, from_attributes=True) for row in rows)
        yield b"".join(shape.dump_json(item, include=chosen) + b"\n" for item in items)


class ExportFormat(StrEnum):
    """How an export comes: a spreadsheet's lines, or a JSON object a line."""

    CSV = "csv"
    NDJSON = "ndjson"


def format_of(
    request: Request,
    given: Annotated[
        ExportFormat | None,
        Query(alias="format", description=f"`ndjson` as `Accept: {NDJSON}`; else CSV."),
    ] = None,
) -> ExportFormat:
    """Return how an export is asked for. A dependency."""
    if given is not None:
        return given
    return ExportFormat.NDJSON if NDJSON in request.headers.get("accept", "").lower() else ExportFormat.CSV


async def _lines(
    spec: ListSpec[Any], pages: AsyncIterator[list[Any]], names: Sequence[str], zone: ZoneInfo
) -> AsyncIterator[str]:
    yield "\ufeff" + _csv([spec.exported_heads(names, zone)])
    async for rows in pages:
        yield _csv([export_cell(value) for value in spec.exported_cells(row, names, zone)] for row in rows)


def _csv(rows: Iterable[Iterable[str]]) -> str:
    made = io.StringIO()
    csv.writer(made).writerows(rows)
    return made.getvalue()


def export_cell(value: Any) -> str:
    """Return a value as a file keeps it: money as plain numbers, nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, list | tuple):
        return escape_formula(", ".join(str(one) for one in value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return export_text(str(value))
