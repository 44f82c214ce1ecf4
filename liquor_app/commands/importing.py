"""`liquor import …`"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import call, engines_running, err, in_steps, show, show_rows
from liquor_app.core.errors import Invalid, Unknown
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery

if TYPE_CHECKING:
    from liquor_app.imports.dry_run import Trial

app = typer.Typer(no_args_is_help=True, help="Bring in customers, purchases and products; take them back.")


@app.callback()
def import_help() -> None:
    """CSV, JSON, JSON Lines or Excel (.xlsx) files; columns are recognised by name."""


def _mapping(path: Path | None) -> tuple[dict[str, str], dict[str, Any]]:
    """Return field → column, and the options `date_order` and `decimal` if the file has them under `options`."""
    if path is None:
        return {}, {}
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
        options = told.pop("options", {})
    except (OSError, ValueError, AttributeError) as error:
        raise Invalid(f"{path} must hold a JSON object: field → column", field="map") from error
    if not isinstance(options, dict) or not all(isinstance(column, str) for column in told.values()):
        raise Invalid(f"{path} must hold a JSON object: field → column", field="map")
    return told, options


def _import(
    kind: str,
    file: Path,
    mapping: Path | None,
    *,
    policy: str,
    dry_run: bool,
    again: bool,
    as_json: bool,
    more: dict[str, Any] | None = None,
) -> None:
    from liquor_app.core import db, redis
    from liquor_app.imports.local_import import import_local, try_local

    if not file.is_file():
        raise Unknown(f"There is no file {file}.", field="file")
    columns, options = _mapping(mapping)
    options |= more or {}
    with Progress(console=err) as progress:
        bar = progress.add_task("Trying" if dry_run else "Importing", total=None)

        async def tell(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)

        async def resumed(rows: int, begun: datetime) -> None:
            err.print(f"Going on with the import begun at {begun:%Y-%m-%d %H:%M} UTC, after row {rows:,}.")

        async def run() -> Any:
            try:
                await db.check()
                if dry_run:
                    tried = await try_local(
                        SYSTEM, kind, file, policy=policy, mapping=columns, options=options, tell=tell
                    )  # fmt: skip
                    return _told(tried)
                return await import_local(
                    SYSTEM, kind, file, policy=policy, mapping=columns, options=options, again=again, tell=tell,
                    resumed=resumed,
                )  # fmt: skip
            finally:
                await db.dispose()
                await redis.dispose()

        with engines_running():
            report = asyncio.run(run())
    rows = [] if as_json or not dry_run else report.pop("items")
    show(report, as_json, "Would import" if dry_run else "Imported")
    if rows:
        show_rows(rows, ("row", "outcome", "who", "becomes", "reason"), as_json=False)


def _told(tried: Trial) -> dict[str, Any]:
    """Return a trial flat: its report, the totals, and what becomes of each row that is worth showing."""
    return {
        **asdict(tried.report),
        "totals": asdict(tried.totals),
        "columns_left_out": tried.unused,
        "columns_that_may_say_who_agreed": list(tried.unheard),
        "columns_to_answer_for": [asdict(one) for one in tried.asked],
        "customers_nobody_knows": tried.strangers,
        "rows_that_say_no": tried.noes,
        "items": [
            {
                "row": one.record.number, "outcome": one.outcome, "who": one.becomes.who if one.becomes else "",
                "becomes": "; ".join(
                    f"{change.field}: {f'{change.before} → ' if change.before else ''}{change.after}"
                    for change in (one.becomes.changes if one.becomes else ())
                ),
                "reason": one.reason,
            }
            for one in tried.shown
        ],
    }  # fmt: skip


Policy = Annotated[str, typer.Option(help="For people and orders known already: fill blanks, overwrite, or keep.")]
Map = Annotated[Path | None, typer.Option("--map", help="JSON object: field → column of the file.")]


Again = Annotated[
    bool, typer.Option("--again", help="Begin anew, though the same file with the same choices was interrupted.")
]


@app.command("customers")
@needs(Permission.IMPORTS_WRITE)
def import_customers(
    file: Path,
    *,
    mapping: Map = None,
    policy: Policy = "fill",
    dry_run: bool = False,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """People: email, phone, external_id, name, city, state, …"""
    _import("customers", file, mapping, policy=policy, dry_run=dry_run, again=again, as_json=as_json)


@app.command("purchases")
@needs(Permission.IMPORTS_WRITE)
def import_purchases(
    file: Path,
    *,
    mapping: Map = None,
    policy: Policy = "fill",
    dry_run: bool = False,
    again: Again = False,
    create_customers: Annotated[
        bool, typer.Option("--create-customers", help="Make customers of buyers nobody knows yet, without consent.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Basket lines: order_id, customer (email or external_id), occurred_at, category, amount, …"""
    more = {"unknown_customers": "create"} if create_customers else {}
    _import("purchases", file, mapping, policy=policy, dry_run=dry_run, again=again, as_json=as_json, more=more)


@app.command("products")
@needs(Permission.IMPORTS_WRITE)
def import_products(
    file: Path,
    *,
    mapping: Map = None,
    policy: Policy = "fill",
    dry_run: bool = False,
    again: Again = False,
    as_json: Json = False,
) -> None:
    """What the shop sells: sku, upc, name, category, brand, price, sale_price, cost, stock."""
    _import("products", file, mapping, policy=policy, dry_run=dry_run, again=again, as_json=as_json)


@app.command("list")
@needs(Permission.IMPORTS_READ)
def list_imports_command(limit: int = 20, as_json: Json = False) -> None:
    """Imports, newest first."""
    from liquor_app.imports.lists import list_imports

    page = call(lambda session: list_imports(session, SYSTEM, ListQuery({}, limit=limit)))
    columns = ("id", "kind", "file_name", "status", "rows", "created", "updated", "unchanged", "rejected")
    show_rows(page.items, columns, as_json, total=page.total)


@app.command("undo")
@needs(Permission.IMPORTS_WRITE)
def undo_command(
    import_id: Annotated[str, typer.Argument(help="The import's id: `liquor import list` has it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Take an import back: what it made goes, what it changed is set back, what others built on it stays."""
    from liquor_app.imports.undo.undo_import import preview_undo
    from liquor_app.imports.undo.undo_locally import undo_locally

    wanted = parse_id(import_id, "import_id")
    told = call(lambda session: preview_undo(session, SYSTEM, wanted))
    if not yes:
        show(told, as_json, "Would undo")
        if not typer.confirm(f"Undo the import of {told.file_name}?"):
            raise typer.Exit(1)
    show(in_steps(lambda: undo_locally(SYSTEM, wanted)), as_json, "Undone")
