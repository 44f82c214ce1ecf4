"""The question in front of every link of a text: are you of age? Carriers want it before any page about alcohol.

It is a courtesy to the law of the place and no proof: nothing of the answer enters the age ledger, and a yes lives in
the visitor's browser alone, for 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7_time
from liquor_app.core.security.crypto import sign, unsign
from liquor_app.customers.ages.birth_dates import LEGAL_AGE
from liquor_app.organization.settings import ComplianceSettings, load_settings
from liquor_app.organization.us_states import state_name
from liquor_app.sending.recipients.page_branding import Look, look_of
from liquor_app.templates.test_messages import GATE

REMEMBERED = timedelta(days=30)
_YES = "of age"

_LOOK = """
SELECT b.name, b.primary_color, b.logo_url, b.licence_state FROM brands b
 ORDER BY b.id = (
    SELECT k.brand_id FROM sends s JOIN campaigns k ON k.id = s.campaign_id WHERE s.id = :id AND s.created_at = :moment
 ) DESC NULLS LAST, b.is_default DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Gate:
    """What is asked: `state` is the name of the licence's, empty where nobody has said."""

    look: Look
    minimum_age: int
    state: str


async def gate_of(session: AsyncSession, send_id: UUID | None) -> Gate:
    """Return the question of the brand a message is of, the default brand's where it is gone or none. A corridor."""
    moment = uuid7_time(send_id) if send_id else now()
    row = (await session.execute(text(_LOOK), {"id": send_id, "moment": moment})).first()
    minimum = max((await load_settings(session, ComplianceSettings)).minimum_age, LEGAL_AGE)
    if row is None:
        return Gate(Look(), minimum, "")
    return Gate(look_of(row), minimum, state_name(row.licence_state) if row.licence_state else "")


def remembered_yes(minimum_age: int) -> str:
    """Return what a browser keeps of a yes: to which age, and when."""
    return sign(_YES, {"a": minimum_age, "t": int(now().timestamp())})


def is_remembered(kept: str | None, minimum_age: int) -> bool:
    """Tell whether a browser said yes to at least this age within 30 days."""
    try:
        said = unsign(_YES, kept or "")
        return int(said["a"]) >= minimum_age and now().timestamp() - int(said["t"]) < REMEMBERED.total_seconds()
    except (Invalid, KeyError, TypeError, ValueError):
        return False


def tested_target(token: str) -> str:
    """Return where a link of a test message leads.

    Raises:
        Invalid: it is not ours.
    """
    payload = unsign(GATE, token)
    address = payload.get("u") if isinstance(payload, dict) else None
    if not isinstance(address, str) or not address.lower().startswith(("http://", "https://")):
        raise Invalid("This link is damaged or incomplete.", field="token")
    return address
