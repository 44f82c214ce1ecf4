"""Routes providers call: no sign-in, proved by each one's own signature."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Unauthenticated
from liquor_app.providers.base import EventKind
from liquor_app.sending.inbound import twiml
from liquor_app.sending.webhooks import receive

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

GIVE_UP = 406
"""Mailgun tries a refused callback again for hours, unless it is told to stop."""


@router.post("/{provider}", status_code=200)
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
                return Response(await twiml(session, events), media_type="text/xml")
    except Unauthenticated as refused:
        if provider == "mailgun":
            return Response(refused.message, GIVE_UP, media_type="text/plain")
        raise
    return Response(status_code=200)
