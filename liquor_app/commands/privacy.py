"""`liquor privacy …`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import call, in_steps, show

app = typer.Typer(no_args_is_help=True, help="Who was erased, and a copy of the base that tells of nobody.")


@app.command("replay")
@needs(Permission.CUSTOMERS_ADMIN)
def replay_command(as_json: Json = False) -> None:
    """After an older state was restored: erase again who was erased since."""
    from liquor_app.privacy.replay import replay_erasures

    show(call(lambda session: replay_erasures(session, SYSTEM)), as_json, "Erasures replayed")


@app.command("anonymised")
@needs(Permission.CUSTOMERS_ADMIN)
def anonymised_command(
    folder: Annotated[Path, typer.Argument(help="An empty folder; it is made if it is not there.")],
    as_json: Json = False,
) -> None:
    """Write customers, purchases and messages as CSV files that tell of nobody."""
    from liquor_app.privacy.anonymised import write_anonymised

    show(in_steps(lambda: write_anonymised(SYSTEM, folder)), as_json, "A copy that tells of nobody")
