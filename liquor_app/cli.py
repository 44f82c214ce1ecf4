"""`liquor …`: the same services as the app, from a terminal. Every command takes `--json`."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape
from rich.progress import Progress
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.cli_kit import call, engines_running, err, out, show, show_rows
from liquor_app.core import db, migrate, redis, runtime
from liquor_app.core.config import get_settings, inherited_environment
from liquor_app.core.errors import AppError, Invalid, Unavailable
from liquor_app.core.ids import parse_id
from liquor_app.core.logs import configure

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
campaigns = typer.Typer(no_args_is_help=True, help="Campaigns from a terminal.")
users = typer.Typer(no_args_is_help=True, help="Who may sign in.")
data = typer.Typer(no_args_is_help=True, help="The embedded databases and the sample.")
importing = typer.Typer(no_args_is_help=True, help="Bring in customers and purchases.")
app.add_typer(campaigns, name="campaigns")
app.add_typer(users, name="users")
app.add_typer(data, name="data")
app.add_typer(importing, name="import")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
CampaignId = Annotated[str, typer.Argument(help="The campaign's id, or `latest`.")]


async def campaign_of(session: AsyncSession, given: str) -> UUID:
    """A campaign's id from the command line; `latest` is the newest that is not history."""
    if given != "latest":
        return parse_id(given, "campaign")
    from liquor_app.campaigns.service import list_campaigns

    page = await list_campaigns(session, SYSTEM, limit=500)
    found = [row for row in page.items if not row.is_history]
    if not found:
        raise Invalid("There is no campaign yet. Make one with `liquor plan`.", field="campaign")
    return max(found, key=lambda row: row.created_at).id


# --- running the product ---


@app.command()
def up(dev: Annotated[bool, typer.Option("--dev", help="Reload the screens as their code changes.")] = False) -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    from liquor_app.up import up as run

    run(out, dev=dev)


@app.command()
def web() -> None:
    """The web server alone, for production: needs DATABASE_URL, REDIS_URL and a built frontend."""
    import os

    from liquor_app import bootstrap
    from liquor_app.core.frontend import serve_command

    settings = get_settings()

    async def prepare() -> None:
        try:
            await bootstrap.defaults(settings.admin_password.get_secret_value() or None)
        finally:
            await db.dispose()

    asyncio.run(prepare())
    argv, environment = serve_command(settings.host, settings.port, settings.web_workers)
    os.execve(argv[0], argv, inherited_environment() | environment)  # noqa: S606 - our own argv, never a shell


@app.command()
def worker() -> None:
    """One background worker (any number may run, on any number of machines)."""
    from worker.__main__ import main as run

    run()


@app.command("migrate")
def migrate_command(as_json: Json = False) -> None:
    """Bring the database's schema to this version."""
    with engines_running():
        url = runtime.database_url()
        before = migrate.current(url)
        migrate.upgrade(url)
        show({"before": before, "now": migrate.current(url)}, as_json)


@app.command()
def build() -> None:
    """Build the frontend if its sources changed."""
    from liquor_app.core.frontend import ensure_built

    out.print("Built." if ensure_built() else "Already up to date.")


# --- the pipeline, step by step ---


@app.command()
def demo(as_json: Json = False) -> None:
    """Load the sample into an empty database and run the pipeline on it, up to a plan that waits for approval."""
    from liquor_app import bootstrap

    async def work() -> None:
        try:
            await bootstrap.defaults(None)
            if not await bootstrap.is_empty():
                raise Invalid("There are customers already. The sample goes into an empty database only.")
            with Progress(console=err) as progress:
                bar = progress.add_task("Sample", total=1.0)
                await bootstrap.load_sample(
                    lambda done, total, label: progress.update(bar, completed=done / max(total, 1), description=label)
                )
        finally:
            await db.dispose()
            await redis.dispose()

    with engines_running():
        asyncio.run(work())
    show({"loaded": True}, as_json)


@app.command()
def score(as_json: Json = False) -> None:
    """Score every customer."""
    from liquor_app.scoring.service import score_customers

    show(call(lambda session: score_customers(session, SYSTEM)), as_json, "Scored")


@app.command()
def segments(
    refresh: Annotated[bool, typer.Option(help="Recompute membership first.")] = True, as_json: Json = False
) -> None:
    """Segments and how many people are in each."""
    from liquor_app.segments.service import list_segments, refresh_segments

    async def work(session: AsyncSession) -> Any:
        if refresh:
            await refresh_segments(session, SYSTEM)
        return await list_segments(session, SYSTEM, limit=500)

    page = call(work)
    show_rows(page.items, ("slug", "name", "customer_count"), as_json, total=page.total)


@app.command()
def plan(
    name: Annotated[str, typer.Option(help="What to call the campaign.")] = "This week's plan",
    segment: Annotated[list[str] | None, typer.Option(help="Segment slug; may be repeated.")] = None,
    start: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD; tomorrow by default.")] = None,
    as_json: Json = False,
) -> None:
    """Draft a week: actions, then a plan that waits for approval."""
    from liquor_app.actions.service import generate_actions
    from liquor_app.campaigns.service import create_campaign, plan_ready
    from liquor_app.planning.service import make_plan
    from liquor_app.segments.service import list_segments

    async def work(session: AsyncSession) -> Any:
        known = (await list_segments(session, SYSTEM, active_only=True)).items
        slugs = segment or [row.slug for row in known if row.customer_count][:6]
        campaign = await create_campaign(
            session, SYSTEM, name=name, target_segments=slugs, start_date=parse_day(start, "start") if start else None
        )
        generated = await generate_actions(session, SYSTEM, campaign.id)
        made = await make_plan(session, SYSTEM, campaign.id)
        await plan_ready(session, SYSTEM, campaign.id)
        return {"campaign_id": campaign.id, "plan_id": made.id, "proposed": generated.proposed, "summary": made.summary}

    show(call(work), as_json, "Waiting for approval")


@app.command()
def actions(campaign: CampaignId = "latest", limit: int = 20, as_json: Json = False) -> None:
    """A campaign's actions, highest priority first."""
    from liquor_app.actions.service import list_actions

    async def work(session: AsyncSession) -> Any:
        return await list_actions(session, SYSTEM, campaign_id=await campaign_of(session, campaign), limit=limit)

    page = call(work)
    show_rows(page.items, ("priority_score", "channel", "scheduled_date", "offer", "reason"), as_json, total=page.total)


@app.command()
def approve(campaign: CampaignId = "latest", as_json: Json = False) -> None:
    """Approve a campaign's plan."""
    from liquor_app.campaigns.lifecycle import approve_campaign

    async def work(session: AsyncSession) -> Any:
        return await approve_campaign(session, SYSTEM, await campaign_of(session, campaign))

    row = call(work)
    show({"id": row.id, "name": row.name, "status": row.status}, as_json, "Approved")


@app.command()
def send(
    campaign: CampaignId = "latest",
    play: Annotated[bool, typer.Option(help="Play the whole week now (sandbox only).")] = False,
    as_json: Json = False,
) -> None:
    """Start an approved campaign; a running worker sends it."""
    from liquor_app.campaigns.lifecycle import play_week, start_campaign
    from liquor_app.campaigns.service import get_campaign

    async def work(session: AsyncSession) -> Any:
        campaign_id = await campaign_of(session, campaign)
        if play:
            await play_week(session, SYSTEM, campaign_id)
            return await get_campaign(session, SYSTEM, campaign_id)
        return await start_campaign(session, SYSTEM, campaign_id)

    row = call(work)
    show({"id": row.id, "name": row.name, "status": row.status, "playing": row.is_playing}, as_json, "Started")


# --- campaigns ---


@campaigns.command("list")
def list_command(status: str = "", limit: int = 20, as_json: Json = False) -> None:
    """Campaigns, newest first."""
    from liquor_app.campaigns.service import list_campaigns

    page = call(lambda session: list_campaigns(session, SYSTEM, status=status, limit=limit))
    columns = ("id", "name", "status", "start_date", "total_sends", "completed_sends", "conversions")
    show_rows(page.items, columns, as_json, total=page.total)


@campaigns.command("show")
def show_command(campaign: CampaignId = "latest", as_json: Json = False) -> None:
    """One campaign."""
    from liquor_app.campaigns.service import get_campaign

    async def work(session: AsyncSession) -> Any:
        return await get_campaign(session, SYSTEM, await campaign_of(session, campaign))

    show(call(work), as_json)


def _lifecycle(name: str, help_text: str) -> None:
    def command(campaign: CampaignId = "latest", as_json: Json = False) -> None:
        from liquor_app.campaigns import lifecycle

        async def work(session: AsyncSession) -> Any:
            return await getattr(lifecycle, f"{name}_campaign")(session, SYSTEM, await campaign_of(session, campaign))

        row = call(work)
        show({"id": row.id, "name": row.name, "status": row.status}, as_json)

    campaigns.command(name, help=help_text)(command)


_lifecycle("pause", "Stop sending; what waits keeps waiting.")
_lifecycle("resume", "Go on where it stopped.")
_lifecycle("cancel", "End it for good.")


# --- data and users ---


def parse_day(value: str, field: str) -> date:
    """A day from the command line.

    Raises:
        Invalid: not YYYY-MM-DD.
    """
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Invalid(f"{field} must be a date such as 2026-11-24, not {value!r}", field=field) from error


@data.command("clear-sample")
def clear_sample(as_json: Json = False) -> None:
    """Remove the sample; your own data stays."""
    from liquor_app.demo.load import clear_sample as clear

    show(call(lambda session: clear(session, SYSTEM)), as_json, "Sample removed")


@data.command("clear")
def clear_data(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete this clone's embedded databases for good."""
    import shutil

    from liquor_app.core.embedded import exclusive

    folder = get_settings().data_dir
    if not folder.exists():
        out.print("Nothing to delete.")
        return
    if not yes and not typer.confirm(f"Delete every customer, campaign and setting under {folder}?"):
        raise typer.Exit(1)
    with exclusive(folder):
        shutil.rmtree(folder)
    out.print("Deleted.")


@users.command("add")
def add_user(
    email: str,
    role: Annotated[str, typer.Option(help="admin, manager or user (viewer)")] = "user",
    as_json: Json = False,
) -> None:
    """Add somebody; asks for the password."""
    from liquor_app.accounts.models import Role
    from liquor_app.accounts.service import create_user

    if role not in set(Role):
        raise Invalid(f"role must be one of {', '.join(Role)}", field="role")
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    row = call(lambda session: create_user(session, SYSTEM, email=email, password=password, role=Role(role)))
    show({"id": row.id, "email": row.email, "role": row.role}, as_json)


@users.command("reset-password")
def reset_password(email: Annotated[str, typer.Argument()] = "") -> None:
    """A new random password, printed once; every session of that user ends."""
    from liquor_app.accounts.service import reset_password as reset

    address = email or get_settings().admin_email
    password = call(lambda session: reset(session, SYSTEM, email=address))
    out.print(f"New password of {address}: [bold]{password}[/]")


@importing.callback()
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


@importing.command("customers")
def import_customers(file: Path, policy: Policy = "fill", dry_run: bool = False, as_json: Json = False) -> None:
    """People: email, phone, external_id, name, city, state, …"""
    _import("customers", file, policy, dry_run, as_json)


@importing.command("purchases")
def import_purchases(file: Path, policy: Policy = "fill", dry_run: bool = False, as_json: Json = False) -> None:
    """Basket lines: order_id, customer (email or external_id), occurred_at, category, amount, …"""
    _import("purchases", file, policy, dry_run, as_json)


def main() -> None:
    """Entry point: one line and an exit code for what a person can mend, a traceback for what only we can."""
    as_json = "--json" in sys.argv
    try:
        configure()
        app(standalone_mode=False)
    except AppError as error:
        if as_json:
            typer.echo(json.dumps({"error": error.code, "message": error.message, "field": error.field}))
        err.print(f"[red]{escape(error.message)}[/]", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except Exception as error:
        if type(error).__module__.startswith(("click", "typer")):
            usage = getattr(error, "format_message", None)
            err.print(f"[red]{escape(str(usage() if usage else error))}[/]", highlight=False, soft_wrap=True)
            sys.exit(2)
        if isinstance(error, OSError):
            wrapped = Unavailable(str(error))
            err.print(f"[red]{escape(wrapped.message)}[/]", highlight=False, soft_wrap=True)
            sys.exit(wrapped.exit_code)
        raise


if __name__ == "__main__":
    main()
