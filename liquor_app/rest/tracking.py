"""Where a message's links and its pixel lead: public, signed, the same for known and unknown."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit as allow
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, NotFound, TooMany
from liquor_app.rest.pages.unsubscribe_pages import failed
from liquor_app.sending.tracking.clicks import Visit, note_click, open_pixel
from liquor_app.sending.tracking.links import CLICK_PATH, OPEN_PATH, PIXEL, Target, read_link, read_pixel
from liquor_app.sending.tracking.short_links import find_short
from liquor_app.templates.rendering.sms_length import SHORT_PATH

log = logging.getLogger(__name__)

public = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(max_length=2048)]
NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}

WRONG_PER_MINUTE = 60
VISITS_PER_MINUTE = 60
"""Of one message; more are let through and not written down."""


def _visit(request: Request) -> Visit:
    """Return a browser says GET; whoever only asks for the headers is a machine."""
    return Visit(request.headers.get("user-agent", "")[:500], source_of(request), request.method == "HEAD")


@public.api_route(CLICK_PATH + "/{token}", methods=["GET", "HEAD"])
async def click(request: Request, token: Token) -> Response:
    """On to the shop, noted."""
    try:
        target = read_link(token)
    except AppError as error:
        return failed(error)
    return await _lead_on(request, target)


@public.api_route(SHORT_PATH + "/{code}", methods=["GET", "HEAD"])
async def short_click(request: Request, code: Token) -> Response:
    """Return the same from a text. Codes cannot be guessed; whoever tries is soon told to wait."""
    try:
        async with transaction() as session:
            target = await find_short(session, code)
    except NotFound as error:
        try:
            await allow("short-link", source_group(source_of(request)), allowed=WRONG_PER_MINUTE, seconds=60)
        except TooMany as enough:
            return failed(enough)
        return failed(error)
    except AppError as error:
        return failed(error)
    return await _lead_on(request, target)


async def _lead_on(request: Request, target: Target) -> Response:
    """Return a click that leads somewhere always does, whatever becomes of our notes."""
    address = target.address
    try:
        await allow("visit", target.send_id.hex, allowed=VISITS_PER_MINUTE, seconds=60)
        async with transaction() as session:
            address = await note_click(session, target, _visit(request))
    except TooMany:
        pass
    except Exception:
        log.exception("a click on a link of message %s was not noted", target.send_id)
    return RedirectResponse(address, 302, headers=NEVER_KEPT)


@public.api_route(OPEN_PATH + "/{token}.gif", methods=["GET", "HEAD"])
async def pixel(request: Request, token: Token) -> Response:
    """Always the picture, whatever the token: a broken image would only tell on us."""
    try:
        await allow("visit", read_pixel(token).hex, allowed=VISITS_PER_MINUTE, seconds=60)
        async with transaction() as session:
            await open_pixel(session, token, _visit(request))
    except AppError:
        pass
    except Exception:
        log.exception("an open was not noted")
    return Response(PIXEL, media_type="image/gif", headers=NEVER_KEPT)
