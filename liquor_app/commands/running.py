"""Running the product: all of it on one machine, or its parts in production."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import engines_running, out, show
from liquor_app.core import db
from liquor_app.core.config import get_settings, inherited_environment
from liquor_app.core.platform import migrate, runtime_info
from liquor_app.core.platform.child_process import allow_many_files
from liquor_app.core.platform.private_files import UMASK, private_directory, tighten

app = typer.Typer()


@app.command()
@needs(Permission.DATA_ADMIN)
def up(dev: Annotated[bool, typer.Option("--dev", help="Reload the screens as their code changes.")] = False) -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    from liquor_app.up import up as run

    run(out, dev=dev)


@app.command()
@needs(Permission.DATA_ADMIN)
def web() -> None:
    """The web server alone, for production: needs DATABASE_URL, REDIS_URL and a built frontend."""
    import os

    from liquor_app import bootstrap
    from liquor_app.core.platform.frontend import serve_command

    settings = get_settings()

    async def prepare() -> str | None:
        try:
            await bootstrap.defaults(settings.admin_password.get_secret_value() or None)
            return await bootstrap.setup_code()
        finally:
            await db.dispose()

    if code := asyncio.run(prepare()):
        out.print(f"Open {settings.base_url}/setup to set up the first admin. Set-up code: {code}", highlight=False)
    allow_many_files()
    os.umask(UMASK)
    tighten(settings.data_dir)
    argv, environment = serve_command(settings.host, settings.port, settings.web_workers)
    # uploads wait here while they come in: /tmp may be small, or memory
    environment["TMPDIR"] = str(private_directory(settings.data_dir / "tmp"))
    os.execve(argv[0], argv, inherited_environment() | environment)  # noqa: S606 - our own argv, never a shell


@app.command()
@needs(Permission.DATA_ADMIN)
def worker() -> None:
    """One background worker (any number may run, on any number of machines)."""
    from worker.__main__ import main as run

    run()


@app.command("migrate")
@needs(Permission.DATA_ADMIN)
def migrate_command(as_json: Json = False) -> None:
    """Bring the database's schema to this version."""
    with engines_running():
        url = runtime_info.database_owner_url()
        before = migrate.current(url)
        migrate.upgrade_running()
        show({"before": before, "now": migrate.current(url)}, as_json)


@app.command()
@needs(Permission.DATA_ADMIN)
def build() -> None:
    """Build the frontend if its sources changed."""
    from liquor_app.core.platform.frontend import ensure_built

    out.print("Built." if ensure_built() else "Already up to date.")
