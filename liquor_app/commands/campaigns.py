"""`liquor campaigns …`"""

from __future__ import annotations

from typing import Any

import typer

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import CampaignId, Json, campaign_of
from liquor_app.commands.kit import call, show, show_rows
from liquor_app.core.db import Session
from liquor_app.core.listing.spec import ListQuery

app = typer.Typer(no_args_is_help=True, help="Campaigns from a terminal.")


@app.command("list")
@needs(Permission.CAMPAIGNS_READ)
def list_command(status: str = "", limit: int = 20, as_json: Json = False) -> None:
    """Campaigns, newest first."""
    from liquor_app.campaigns.lists import list_campaigns

    page = call(lambda session: list_campaigns(session, SYSTEM, ListQuery({"status": status}, limit=limit)))
    columns = ("id", "name", "status", "start_date", "total_sends", "completed_sends", "redeemed", "conversions")
    show_rows(page.items, columns, as_json, total=page.total)


@app.command("show")
@needs(Permission.CAMPAIGNS_READ)
def show_command(campaign: CampaignId = "latest", as_json: Json = False) -> None:
    """One campaign."""
    from liquor_app.campaigns.service import get_campaign

    async def work(session: Session) -> Any:
        return await get_campaign(session, SYSTEM, await campaign_of(session, campaign))

    show(call(work), as_json)


def _lifecycle(name: str, help_text: str) -> None:
    @needs(Permission.CAMPAIGNS_WRITE)
    def command(campaign: CampaignId = "latest", as_json: Json = False) -> None:
        from liquor_app.campaigns import lifecycle

        async def work(session: Session) -> Any:
            return await getattr(lifecycle, f"{name}_campaign")(session, SYSTEM, await campaign_of(session, campaign))

        row = call(work)
        show({"id": row.id, "name": row.name, "status": row.status}, as_json)

    app.command(name, help=help_text)(command)


_lifecycle("pause", "Stop sending; what waits keeps waiting.")
_lifecycle("resume", "Go on where it stopped.")
_lifecycle("cancel", "End it for good.")


@app.command("stop-all")
@needs(Permission.SENDS_WRITE)
def stop_all_command(as_json: Json = False) -> None:
    """Stop everything that leaves the house: every running campaign is paused, whatever it belongs to waits."""
    from liquor_app.sending.stop_all import stop_all_sending

    show(call(lambda session: stop_all_sending(session, SYSTEM)), as_json)


@app.command("resume-all")
@needs(Permission.SENDS_WRITE)
def resume_all_command(as_json: Json = False) -> None:
    """Go on where `stop-all` stopped."""
    from liquor_app.sending.stop_all import resume_all_sending

    show(call(lambda session: resume_all_sending(session, SYSTEM)), as_json)
