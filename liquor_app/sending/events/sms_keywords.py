"""Text messages people write to us: STOP, START, HELP (CTIA, 47 CFR 64.1200(a)(10): any reasonable way to say stop)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Invalid
from liquor_app.customers.addresses import address_hash, normalise_phone
from liquor_app.customers.consents import Suppression, suppress_addresses
from liquor_app.customers.models import SuppressionReason
from liquor_app.customers.recipient_consent import SaidByText, return_by_text, withdraw_by_text
from liquor_app.organization.brand_assets import imprint
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.events.stop_requests import asks_to_stop, plain_letters
from liquor_app.sending.recipients.suppression_status import lift_own, owners_of_phones

START = frozenset({"start", "unstop", "subscribe"})
"""No "yes": it answers whatever was asked last, and a text makes no consent."""
YES = frozenset({"yes", "y", "si", "yes please", "yes pls", "si por favor"})
"""An answer; to what, `sign_up.confirm_sign_up` knows. By itself it makes no consent."""
_PASSES = frozenset(" \t\r\n.,!-'’\"“”*()👍✅🙂😊\ufe0f🏻🏼🏽🏾🏿")
"""What may stand beside a word that is meant to stand alone."""
HELP = frozenset({"help", "info", "ayuda"})
BY_TEXT = "text message"
"""The source of what was said by text, in consents and on the list: START looks for it."""


class Wish(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


def wish_of(words: str | None, told: str | None = None) -> Wish | None:
    """Tell what a text asks for, in any case and with stray punctuation, in English or Spanish; None for anything else.

    "please stop", "take me off your list" and "no más mensajes" are STOP. "Don't stop" and "is the bus stop nearby" are
    not; what is not understood is a person's to read (`sending.replies`).

    Args:
        told: what the provider itself took it for (Twilio's OptOutType); it goes before our reading, unless the words
            are a no: that is never lost.
    """
    taken = {"stop": Wish.STOP, "start": Wish.START, "help": Wish.HELP}.get((told or "").strip().lower())
    if taken is not None:
        return Wish.STOP if asks_to_stop(words or "") else taken
    alone = _alone(words or "")
    if alone in START:
        return Wish.START
    if _alone((words or "").replace("?", "")) in HELP:
        return Wish.HELP
    return Wish.STOP if asks_to_stop(words or "") else None


def is_yes(words: str | None) -> bool:
    """Tell whether a text is a yes and nothing else."""
    return _alone(words or "") in YES


def number_of(event: WebhookEvent) -> str:
    """Return the normalised number a text came from, however the provider writes it ("rcs:+1…"); empty for none."""
    try:
        return normalise_phone((event.recipient or "").rpartition(":")[2], is_given_out=False)
    except Invalid:
        return ""


def _alone(words: str) -> str:
    """As `plain_letters`, empty if anything stands there that is left out of it: "не start" and "yes?" are no start
    and no yes."""
    plain = plain_letters(words)
    folded = unicodedata.normalize("NFKD", words[:2000]).lower()
    kept = sum(one.isascii() and one.isalpha() for one in folded)
    strange = any(one not in _PASSES and not unicodedata.combining(one) for one in folded if not one.isalpha())
    foreign = any(one.isalpha() and not one.isascii() for one in folded)
    return "" if strange or foreign or kept != len(plain.replace(" ", "")) else plain


def not_understood(event: WebhookEvent) -> bool:
    """Tell whether a person has to read it."""
    return wish_of(event.text, event.opt_out) is None and bool((event.text or "").strip())


def stopped_numbers(texts: Sequence[WebhookEvent]) -> list[bytes]:
    """Return the hashes of the numbers that said STOP."""
    return [
        address_hash(number)
        for event in texts
        if wish_of(event.text, event.opt_out) is Wish.STOP and (number := number_of(event))
    ]


async def answer_texts(session: AsyncSession, texts: Sequence[WebhookEvent]) -> None:
    """Do what people ask for, oldest first: the last word of each number counts, and of two at once the no."""
    last: dict[str, tuple[Wish, WebhookEvent]] = {}
    read = [
        (event.at, wish is Wish.STOP, wish, event) for event in texts if (wish := wish_of(event.text, event.opt_out))
    ]
    for _, _, wish, event in sorted(read, key=lambda one: one[:2]):
        if wish is not Wish.HELP and (number := number_of(event)):
            last[number] = (wish, event)
    for wish in (Wish.STOP, Wish.START):
        events = [event for chosen, event in last.values() if chosen is wish]
        if events:
            await _obey(session, wish, events)


async def _obey(session: AsyncSession, wish: Wish, events: Sequence[WebhookEvent]) -> None:
    """In a few statements, whatever their number. START gives back what STOP took and nothing else, and only where the
    web's “subscribe again” would."""
    told = [
        SaidByText(
            number,
            json.dumps({"text": (event.text or "")[:160], "at": str(event.at), "event_id": event.event_id}),
        )
        for event in events
        if (number := number_of(event))
    ]
    if wish is Wish.STOP:
        entries = [Suppression(one.phone, SuppressionReason.UNSUBSCRIBED, Channel.SMS) for one in told]
        await suppress_addresses(session, entries, source=BY_TEXT)
        await withdraw_by_text(session, told, BY_TEXT)
        return
    await lift_own(session, await owners_of_phones(session, [one.phone for one in told]), source=BY_TEXT)
    await return_by_text(session, told, BY_TEXT)


def help_words(brand: BrandRow) -> str:
    """Return the answer to HELP (CTIA 5.1.4): who we are, whom to ask, for whom, and the way out."""
    return (
        f"{imprint(brand.name, brand.postal_address)}. {_contact(brand)}Offers for people of legal drinking age."
        " Reply STOP to end."
    )


def stopped_words(brand: BrandRow) -> str:
    """Return the one answer to a no (CTIA 5.1.3, 47 CFR 64.1200(a)(12)): whose texts have ended, and that there will be
    no more. Nothing else may stand in it."""
    return f"{brand.name}: you are unsubscribed and will get no more texts from us. Reply START to get them again."


def started_words(brand: BrandRow) -> str:
    """Return the answer to START, for the provider who gives it."""
    return f"{brand.name}: you get our texts again. {_contact(brand)}Reply HELP for help, STOP to end."


def contact_of(brand: BrandRow) -> str:
    """Return where somebody reaches the shop: its mailbox, else its web site; empty if nobody has said."""
    return brand.reply_to or brand.from_email or brand.website_url


def _contact(brand: BrandRow) -> str:
    contact = contact_of(brand)
    return f"Questions: {contact}. " if contact else ""
