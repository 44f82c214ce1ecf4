"""How every command runs: engines, one transaction, JSON or a table."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import psutil
import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from liquor_app.accounts.permission_table import needed
from liquor_app.accounts.permissions import SYSTEM, require
from liquor_app.core import db, redis
from liquor_app.core.config import get_settings
from liquor_app.core.db import Session, transaction
from liquor_app.core.platform import migrate, runtime_info

out = Console()
err = Console(stderr=True)
T = TypeVar("T")
MOST_COLUMNS = 5_000
"""Wider no table is printed."""


@contextmanager
def engines_running() -> Iterator[None]:
    """Give the configured or already running engines; else embedded ones for the length of the command."""
    settings = get_settings()
    running = runtime_info.read_runtime()
    if (settings.database_url and settings.redis_url) or (running and psutil.pid_exists(running["pid"])):
        yield
        return
    from liquor_app.core.platform.embedded import engines

    with engines():
        migrate.upgrade_running()
        yield


def permitted(command: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a command that asks for the permission it takes first. Whoever can run commands on the server owns the
    database already: they act as the system, which has every permission.

    Raises:
        ValueError: the command was marked with none.
    """
    assert command is not None
    permission = needed(command)
    if permission is None:
        raise ValueError(f"the command {command.__name__} was marked with no permission")

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        require(SYSTEM, permission)
        return command(*args, **kwargs)

    return run


def call(work: Callable[[Session], Awaitable[T]]) -> T:
    """Return one command = one transaction."""

    async def whole() -> T:
        async with transaction() as session:
            return await work(session)

    return in_steps(whole)


def in_steps(work: Callable[[], Awaitable[T]]) -> T:
    """Return a command that opens its own transactions."""

    async def run() -> T:
        try:
            await db.check()
            return await work()
        finally:
            await db.dispose()
            await redis.dispose()

    with engines_running():
        return asyncio.run(run())


def plain(value: Any) -> Any:
    """JSON shape of rows: money and ids as text, times as ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def show(value: Any, as_json: bool, title: str = "") -> None:
    """A result: one JSON document, or `name  value` lines."""
    shape = plain(value)
    if as_json:
        typer.echo(json.dumps(shape, ensure_ascii=False))
        return
    if title:
        out.print(f"[bold]{title}[/]")
    items = shape.items() if isinstance(shape, dict) else [("result", shape)]
    width = max([24, *(len(str(name)) for name, _ in items)])
    for name, item in items:
        text = json.dumps(item, ensure_ascii=False) if isinstance(item, dict | list) else str(item)
        out.print(f"  {name:<{width}} {text}", highlight=False, markup=False)


def show_rows(
    rows: Sequence[Any], columns: Sequence[str], as_json: bool, *, total: int | None = None,
    more: Mapping[str, Sequence[Any] | Mapping[str, Any]] | None = None,
) -> None:  # fmt: skip
    """A list: one JSON document, or a table; `more` stands in the document beside it."""
    shapes = [plain(row) for row in rows]
    if as_json:
        beside = {
            name: plain(some) if isinstance(some, Mapping) else [plain(one) for one in some]
            for name, some in (more or {}).items()
        }
        typer.echo(json.dumps({"items": shapes, "total": total if total is not None else len(shapes), **beside}))
        return
    table = Table(*columns, box=None, pad_edge=False)
    for shape in shapes:
        table.add_row(*(str(shape.get(column, "") if shape.get(column) is not None else "–") for column in columns))
    # nothing is cut: an id is there to be copied, and a pipe has no width; a narrow terminal breaks lines by itself
    wide = Measurement.get(out, out.options.update(max_width=MOST_COLUMNS), table).maximum
    Console(width=wide).print(table)
    if total is not None and total > len(shapes):
        out.print(f"{len(shapes)} of {total:,}", style="dim")
