"""What asks an address whether it meant to sign up: an e-mail with a link that confirms, a text that wants a YES."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict
from liquor_app.core.security.crypto import sign
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.sending.events.sms_keywords import contact_of
from liquor_app.sending.sign_up.consent_wording import Wording
from liquor_app.sending.sign_up.models import SignUpStatus
from liquor_app.sending.sign_up.sign_up_pages import wording_of
from liquor_app.sending.sign_up.waiting_entry import open_entry
from liquor_app.templates.rendering.render import Notice
from liquor_app.ui.words import plural

YES_PATH = "/y"
YES = "sign-up"
"""The purpose its links are signed for."""

_WAITING = f"""
SELECT brand_id, channel, entry_encrypted FROM sign_ups WHERE id = :id AND status = '{SignUpStatus.WAITING}'
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a message asks, for which brand, in which words."""

    brand_id: UUID
    address: str
    notice: Notice


async def waiting_sign_up(session: AsyncSession, sign_up_id: UUID | None) -> Asked:
    """Return the message of a sign-up that waits. A corridor, for `transactional`.

    Raises:
        Conflict: it was confirmed, cancelled or forgotten meanwhile.
    """
    row = (await session.execute(text(_WAITING), {"id": sign_up_id})).first()
    if row is None or sign_up_id is None:
        raise Conflict("The sign-up is no longer waiting.")
    brand = await get_brand(session, row.brand_id)
    wording = await wording_of(session, brand.id)
    often = plural(wording.messages_a_month, "message")
    is_email = row.channel == Channel.EMAIL
    notice = Notice(
        title=f"Please confirm: e-mails from {brand.name}",
        words=f"Somebody, we hope you, signed this address up for e-mails from {brand.name}, up to {often} a month."
        " Say yes and you will get them.",
        button="Yes, send me e-mails",
        link=f"{get_settings().base_url}{YES_PATH}/{sign(YES, {'s': sign_up_id.hex})}" if is_email else "",
        why="If it was not you, do nothing: you will hear no more from us. The link works for seven days.",
        sms=asking_text(brand.name, wording),
    )
    return Asked(brand.id, open_entry(row.entry_encrypted).address, notice)


def asking_text(brand: str, wording: Wording) -> str:
    """Return the words of the text that asks for a YES (CTIA: who, what for, how often, the cost, help). The age and
    the way out are put behind it as behind every text."""
    often = plural(wording.messages_a_month, "message")
    return (
        f"{brand}: reply YES to get recurring marketing texts, up to {often} a month. Msg & data rates may apply."
        " HELP for help."
    )


def welcome_text(brand: BrandRow, wording: Wording) -> str:
    """Return the answer to a YES that confirmed (CTIA: who, what for, how often, the cost, whom to ask, the way
    out)."""
    often = plural(wording.messages_a_month, "message")
    contact = contact_of(brand)
    ask = f" Questions: {contact}." if contact else ""
    return (
        f"{brand.name}: you are signed up for recurring marketing texts, up to {often} a month. Msg & data rates may"
        f" apply.{ask} Reply HELP for help, STOP to end."
    )
