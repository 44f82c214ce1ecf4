"""`liquor data …`"""

from __future__ import annotations

from typing import Annotated

import typer

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import call, out, show
from liquor_app.core.config import get_settings

app = typer.Typer(no_args_is_help=True, help="The embedded databases and the sample.")


@app.command("clear-sample")
@needs(Permission.DATA_ADMIN)
def clear_sample(as_json: Json = False) -> None:
    """Remove the sample; your own data stays."""
    from liquor_app.demo.load import clear_sample as clear

    show(call(lambda session: clear(session, SYSTEM)), as_json, "Sample removed")


@app.command("clear")
@needs(Permission.DATA_ADMIN)
def clear_data(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete this clone's embedded databases for good."""
    import shutil

    from liquor_app.core.platform.engine_files import exclusive

    folder = get_settings().data_dir
    if not folder.exists():
        out.print("Nothing to delete.")
        return
    if not yes and not typer.confirm(f"Delete every customer, campaign and setting under {folder}?"):
        raise typer.Exit(1)
    with exclusive(folder):
        shutil.rmtree(folder)
    out.print("Deleted.")
