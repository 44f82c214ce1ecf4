"""What a text is answered at once, in the provider's own answer: HELP, and the YES to a sign-up."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.organization.service import default_brand
from liquor_app.providers.kit.base import WebhookEvent
from liquor_app.sending.events.sms_keywords import Wish, help_words, is_yes, wish_of
from liquor_app.sending.sign_up.confirm_sign_up import brand_asking
from liquor_app.sending.sign_up.sign_up_message import welcome_text
from liquor_app.sending.sign_up.sign_up_pages import wording_of

UNANSWERED = "<Response/>"


async def twiml(session: AsyncSession, events: Sequence[WebhookEvent]) -> str:
    """Tell what Twilio is to answer at once. STOP and START it answers itself; HELP says who we are and the way out; a
    YES that confirms a sign-up is told so (CTIA 5.1.2.1), any other is not answered."""
    for event in events:
        if wish_of(event.text, event.opt_out) is Wish.HELP and event.text:
            return _message(help_words(await default_brand(session)))
        if is_yes(event.text) and (brand := await brand_asking(session, event)) is not None:
            return _message(welcome_text(brand.name, await wording_of(session, brand.id)))
    return UNANSWERED


def _message(words: str) -> str:
    return f"<Response><Message>{escape(words)}</Message></Response>"
