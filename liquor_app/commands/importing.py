"""`liquor import …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.cli_kit import call, err, show
from liquor_app.commands.arguments import Json
from liquor_app.core.errors import Invalid

app = typer.Typer(no_args_is_help=True, help="Bring in customers and purchases.")


@app.callback()
def import_help() -> None:
    """CSV files with a header; columns are recognised by name."""


def _import(kind: str, file: Path, policy: str, dry_run: bool, as_json: bool) -> None:
    from liquor_app.customers.importing import import_file

    if not file.is_file():
        raise Invalid(f"There is no file {file}.", field="file")
    with Progress(console=err) as progress:
        bar = progress.add_task("Importing", total=None)
        report = call(
            lambda session: import_file(
                session, SYSTEM, kind=kind, path=file, policy=policy, dry_run=dry_run,
                report=lambda done, total: progress.update(bar, completed=done, total=total),
            )
        )  # fmt: skip
    show(report, as_json, "Imported")


Policy = Annotated[str, typer.Option(help="For people known already: fill blanks, overwrite, or keep.")]


@app.command("customers")
def import_customers(file: Path, policy: Policy = "fill", dry_run: bool = False, as_json: Json = False) -> None:
    """People: email, phone, external_id, name, city, state, …"""
    _import("customers", file, policy, dry_run, as_json)


@app.command("purchases")
def import_purchases(file: Path, policy: Policy = "fill", dry_run: bool = False, as_json: Json = False) -> None:
    """Basket lines: order_id, customer (email or external_id), occurred_at, category, amount, …"""
    _import("purchases", file, policy, dry_run, as_json)
