"""Arguments several commands take."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import Session
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
CampaignId = Annotated[str, typer.Argument(help="The campaign's id, or `latest`.")]


async def campaign_of(session: Session, given: str) -> UUID:
    """Return a campaign's id from the command line; `latest` is the newest that is not history."""
    if given != "latest":
        return parse_id(given, "campaign")
    from liquor_app.campaigns.lists import list_campaigns

    newest = ListQuery({"is_history": "false"}, sort="-created_at", limit=1)
    page = await list_campaigns(session, SYSTEM, newest)
    if not page.items:
        raise Invalid("There is no campaign yet. Make one with `liquor plan`.", field="campaign")
    return page.items[0].id


def parse_day(value: str, field: str) -> date:
    """Return a day from the command line.

    Raises:
        Invalid: not YYYY-MM-DD.
    """
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Invalid(f"{field} must be a date such as 2026-11-24, not {value!r}", field=field) from error
