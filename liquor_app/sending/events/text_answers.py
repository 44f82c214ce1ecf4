"""What a text is answered at once, in the provider's own answer: a no, HELP, and the YES to a sign-up."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.organization.service import BrandRow, brand_of_sender
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.events.sms_keywords import Wish, help_words, is_yes, stopped_words, wish_of
from liquor_app.sending.sign_up.confirm_sign_up import brand_asking
from liquor_app.sending.sign_up.sign_up_message import welcome_text
from liquor_app.sending.sign_up.sign_up_pages import wording_of

UNANSWERED = "<Response/>"


async def twiml(session: AsyncSession, events: Sequence[WebhookEvent]) -> str:
    """Tell what Twilio is to answer at once: a no is confirmed in the shop's name, HELP says who we are and the way
    out, a YES that confirms a sign-up is told so (CTIA 5.1.2.1); any other text is not answered.

    Where Twilio took the text for a keyword itself (`opt_out`, Advanced Opt-Out) it has answered, in the words the
    carrier kit gives for it; a no it took for something else is answered all the same. To the bare word STOP its
    default handling answers too, and then drops ours (21610). START it answers either way.
    """
    for event in events:
        if event.opt_out and not _is_mistaken(event):
            continue
        match wish_of(event.text):
            case Wish.STOP:
                return _message(stopped_words(await _written_to(session, event)))
            case Wish.HELP:
                return _message(help_words(await _written_to(session, event)))
        if is_yes(event.text) and (brand := await brand_asking(session, event)) is not None:
            return _message(welcome_text(brand, await wording_of(session, brand.id)))
    return UNANSWERED


def _is_mistaken(event: WebhookEvent) -> bool:
    """Tell whether Twilio answered something else to what is a no."""
    return (event.opt_out or "").strip().lower() in {"help", "start"} and wish_of(event.text) is Wish.STOP


async def _written_to(session: AsyncSession, event: WebhookEvent) -> BrandRow:
    """Return the brand whose number was written to, else the default one."""
    return await brand_of_sender(session, str(event.raw.get("To") or ""))


def _message(words: str) -> str:
    return f"<Response><Message>{escape(words)}</Message></Response>"
