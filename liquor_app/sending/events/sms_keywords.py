"""Text messages people write to us: STOP, START, HELP (CTIA, 47 CFR 64.1200(a)(10): any reasonable way to say stop)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from xml.sax.saxutils import escape

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.customers.addresses import address_hash
from liquor_app.customers.consents import Suppression, suppress_addresses
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.organization.service import default_brand
from liquor_app.providers.kit.base import WebhookEvent

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
    """What a text asks for, in any case and with stray punctuation; None for anything else.

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


_STOP = """
WITH f AS (
    SELECT * FROM unnest(CAST(:phones AS text[]), CAST(:evidence AS jsonb[]), CAST(:hashes AS bytea[]))
    AS f(phone, evidence, hash)
),
had AS (
    SELECT c.id, c.sms_consent, f.evidence FROM customers c JOIN f ON f.phone = c.phone
    WHERE c.deleted_at IS NULL AND c.sms_consent IS DISTINCT FROM 'withdrawn' FOR UPDATE OF c
), done AS (
    UPDATE customers c SET sms_consent = 'withdrawn', updated_at = now() FROM had WHERE c.id = had.id
)
INSERT INTO consents (customer_id, channel, status, source, evidence)
SELECT id, 'sms', 'withdrawn', :source, evidence || jsonb_build_object('had', sms_consent) FROM had
"""

# The latest word must be a STOP by text, and that STOP must have taken a consent: what staff, a page or a complaint
# withdrew is not given back, who never agreed has not agreed now, and who is still on the list for another reason stays
# as they are.
_START = """
WITH f AS (
    SELECT * FROM unnest(CAST(:phones AS text[]), CAST(:evidence AS jsonb[]), CAST(:hashes AS bytea[]))
    AS f(phone, evidence, hash)
),
back AS (
    SELECT c.id, f.evidence FROM customers c JOIN f ON f.phone = c.phone
    JOIN LATERAL (
        SELECT status, source, evidence ->> 'had' AS had FROM consents
        WHERE customer_id = c.id AND channel = 'sms' ORDER BY at DESC, id DESC LIMIT 1
    ) latest ON latest.status = 'withdrawn' AND latest.source = :source
    LEFT JOIN LATERAL (
        SELECT status FROM consents
        WHERE customer_id = c.id AND channel = 'sms' AND NOT (status = 'withdrawn' AND source = :source)
        ORDER BY at DESC, id DESC LIMIT 1
    ) earlier ON true
    WHERE c.deleted_at IS NULL AND COALESCE(latest.had, earlier.status) = 'given'
    AND NOT EXISTS (
        SELECT FROM suppressions p WHERE p.lifted_at IS NULL AND (p.channel IS NULL OR p.channel = 'sms')
        AND p.address_hash = f.hash
    ) FOR UPDATE OF c
), done AS (
    UPDATE customers c SET sms_consent = 'given', updated_at = now() FROM back WHERE c.id = back.id
)
INSERT INTO consents (customer_id, channel, status, source, evidence)
SELECT id, 'sms', 'given', :source, evidence FROM back
"""


async def _obey(session: AsyncSession, wish: Wish, events: Sequence[WebhookEvent]) -> None:
    """In two statements, whatever their number. START gives back what STOP took and nothing else."""
    phones = [event.recipient for event in events if event.recipient]
    hashes = [address_hash(phone) for phone in phones]
    if wish is Wish.STOP:
        entries = [Suppression(phone, SuppressionReason.UNSUBSCRIBED, Channel.SMS) for phone in phones]
        await suppress_addresses(session, entries, source=BY_TEXT)
    else:
        await session.execute(
            text(
                "UPDATE suppressions SET lifted_at = now() WHERE lifted_at IS NULL AND channel = 'sms'"
                " AND reason = :reason AND source = :source AND address_hash = ANY(:hashes)"
            ),
            {
                "hashes": hashes,
                "reason": SuppressionReason.UNSUBSCRIBED.value,
                "source": BY_TEXT,
            },
        )
    await session.execute(
        text(_STOP if wish is Wish.STOP else _START),
        {
            "phones": phones,
            "hashes": hashes,
            "source": BY_TEXT,
            "evidence": [
                json.dumps({"text": (event.text or "")[:160], "at": str(event.at), "event_id": event.event_id})
                for event in events
            ],
        },
    )


async def twiml(session: AsyncSession, events: Sequence[WebhookEvent]) -> str:
    """What Twilio is to answer at once. STOP and START it answers itself; HELP says who we are and the way out."""
    if not any(wish_of(event.text) is Wish.HELP for event in events if event.text):
        return "<Response/>"
    brand = await default_brand(session)
    words = f"{brand.name}, {brand.postal_address}. Offers for people of legal drinking age. Reply STOP to end."
    return f"<Response><Message>{escape(words)}</Message></Response>"
