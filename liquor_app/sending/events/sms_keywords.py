"""Text messages people write to us: STOP, START, HELP (CTIA, 47 CFR 64.1200(a)(10): any reasonable way to say stop)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from xml.sax.saxutils import escape

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.consents import Suppression, suppress_addresses
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.recipient_consent import SaidByText, return_by_text, withdraw_by_text
from liquor_app.organization.models import Channel
from liquor_app.organization.service import default_brand
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.recipients.suppression_status import lift_own, owners_of_phones

STOP = frozenset({"stop", "stopall", "stop all", "quit", "end", "revoke", "optout", "opt out", "cancel", "unsubscribe"})
START = frozenset({"start", "unstop", "subscribe"})
"""No "yes": it answers whatever was asked last, and a text makes no consent."""
HELP = frozenset({"help", "info"})
BY_TEXT = "text message"
"""The source of what was said by text, in consents and on the list: START looks for it."""


class Wish(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


def wish_of(words: str | None) -> Wish | None:
    """Tell what a text asks for, in any case and with stray punctuation; None for anything else.

    "please stop" and "stop texting me" count as STOP: whoever writes the word means it. A longer sentence does not.
    """
    plain = " ".join(re.sub(r"[^a-z ]+", " ", (words or "").lower()).split())
    if plain in STOP or (len(plain.split()) <= 5 and re.search(r"\b(?:stop|unsubscribe|opt out)\b", plain)):
        return Wish.STOP
    return Wish.START if plain in START else Wish.HELP if plain in HELP else None


async def answer_texts(session: AsyncSession, texts: Sequence[WebhookEvent]) -> None:
    """Do what people ask for, oldest first: the last word of each number counts."""
    last: dict[str, tuple[Wish, WebhookEvent]] = {}
    for event in sorted(texts, key=lambda one: one.at):
        wish = wish_of(event.text)
        if event.recipient and wish in (Wish.STOP, Wish.START):
            last[event.recipient] = (wish, event)
    for wish in (Wish.STOP, Wish.START):
        events = [event for chosen, event in last.values() if chosen is wish]
        if events:
            await _obey(session, wish, events)


async def _obey(session: AsyncSession, wish: Wish, events: Sequence[WebhookEvent]) -> None:
    """In a few statements, whatever their number. START gives back what STOP took and nothing else, and only where the
    web's “subscribe again” would."""
    told = [
        SaidByText(
            event.recipient,
            json.dumps({"text": (event.text or "")[:160], "at": str(event.at), "event_id": event.event_id}),
        )
        for event in events
        if event.recipient
    ]
    if wish is Wish.STOP:
        entries = [Suppression(one.phone, SuppressionReason.UNSUBSCRIBED, Channel.SMS) for one in told]
        await suppress_addresses(session, entries, source=BY_TEXT)
        await withdraw_by_text(session, told, BY_TEXT)
        return
    await lift_own(session, await owners_of_phones(session, [one.phone for one in told]), source=BY_TEXT)
    await return_by_text(session, told, BY_TEXT)


async def twiml(session: AsyncSession, events: Sequence[WebhookEvent]) -> str:
    """Tell what Twilio is to answer at once. STOP and START it answers itself; HELP says who we are and the way out."""
    if not any(wish_of(event.text) is Wish.HELP for event in events if event.text):
        return "<Response/>"
    brand = await default_brand(session)
    words = f"{brand.name}, {brand.postal_address}. Offers for people of legal drinking age. Reply STOP to end."
    return f"<Response><Message>{escape(words)}</Message></Response>"
