"""Routes providers call: no sign-in, proved by each one's own signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.http_rate_limit import limit as allow
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid, TooMany
from liquor_app.core.security.crypto import token_hash
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.inbox import receive
from liquor_app.sending.events.text_answers import UNANSWERED, twiml

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

GIVE_UP = {"mailgun": 406, "postmark": 403}
"""What tells a provider not to try a callback again that cannot be read; all other refusals bring it back, for hours: a
proof that fails may be our key, mistyped, which somebody will yet correct.
https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-retries
https://postmarkapp.com/support/article/understanding-inbound-webhook-retries-in-postmark
"""


ANSWERS = 20
"""Texts of one number in an hour that may be answered: two machines answer each other for ever, and each text costs."""


@router.post("/{provider}", status_code=200)
@needs(Permission.PROVIDER_WORD)
async def provider_callback(request: Request, provider: Annotated[str, Path(pattern=r"^[a-z]{2,20}$")]) -> Response:
    """What a provider tells of messages it was given: kept, worked through by a job; told twice, it counts once."""
    # what the provider has signed: our public address, whatever a proxy calls us
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{get_settings().base_url}{request.url.path}{query}"
    body = await request.body()
    try:
        async with transaction() as session:
            events = await receive(session, provider, body, request.headers, url)
            if any(event.kind is EventKind.INBOUND for event in events):
                # what they wrote is kept whether it is answered or not
                words = await twiml(session, events) if await _may_answer(events) else UNANSWERED
                return Response(words, media_type="text/xml")
    except Invalid as unreadable:
        if provider not in GIVE_UP:
            raise
        return Response(unreadable.message, GIVE_UP[provider], media_type="text/plain")
    return Response(status_code=200)


async def _may_answer(events: Sequence[WebhookEvent]) -> bool:
    try:
        for event in events:
            await allow("text-answer", token_hash(event.recipient or "")[:32], allowed=ANSWERS, seconds=3600)
    except TooMany:
        return False
    return True
