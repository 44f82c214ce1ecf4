"""Where a message's links and its pixel lead: public, signed, the same for known and unknown."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from liquor_app.accounts.cookies import cookie_name
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit as allow
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, NotFound, TooMany
from liquor_app.rest.kit.authentication import keep_cookie
from liquor_app.rest.kit.form_origin import is_own_form
from liquor_app.rest.pages.age_gate_page import age_gate_page, turned_away
from liquor_app.rest.pages.unsubscribe_pages import failed
from liquor_app.sending.tracking.age_gate import REMEMBERED, gate_of, is_remembered, remembered_yes, tested_target
from liquor_app.sending.tracking.clicks import Visit, note_click, open_pixel
from liquor_app.sending.tracking.links import CLICK_PATH, OPEN_PATH, PIXEL, Target, read_link, read_pixel
from liquor_app.sending.tracking.short_links import find_short
from liquor_app.templates.rendering.sms_length import GATE_PATH, SHORT_PATH

log = logging.getLogger(__name__)

public = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(max_length=4096)]
Answer = Annotated[str, Form(max_length=5)]
OF_AGE = "of_age"
"""The cookie that remembers a yes."""
NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}

WRONG_PER_MINUTE = 60
VISITS_PER_MINUTE = 60
"""Of one message; more are let through and not written down."""


def _visit(request: Request) -> Visit:
    """Return a browser says GET; whoever only asks for the headers is a machine."""
    return Visit(request.headers.get("user-agent", "")[:500], source_of(request), request.method == "HEAD")


@public.api_route(CLICK_PATH + "/{token}", methods=["GET", "HEAD"])
@needs(Permission.OWN_LINK)
async def click(request: Request, token: Token) -> Response:
    """On to the shop, noted."""
    try:
        target = read_link(token)
    except AppError as error:
        return failed(error)
    return await _lead_on(request, target)


@public.api_route(SHORT_PATH + "/{code}", methods=["GET", "HEAD"])
@needs(Permission.OWN_LINK)
async def short_link(request: Request, code: Token) -> Response:
    """A text's link: first the question for the age, unless this browser has answered it. Whoever only looks, as
    scanners do, is noted nowhere. Codes cannot be guessed; whoever tries is soon told to wait."""
    return await _gated(request, code, None)


@public.post(SHORT_PATH + "/{code}")
@needs(Permission.OWN_LINK)
async def short_answer(request: Request, code: Token, answer: Answer = "") -> Response:
    """The answer: a yes leads on and is a click."""
    return await _gated(request, code, answer)


@public.api_route(GATE_PATH + "/{token}", methods=["GET", "HEAD"])
@needs(Permission.OWN_LINK)
async def trial_link(request: Request, token: Token) -> Response:
    """The same for a test message's link, which counts for nobody."""
    return await _gated(request, token, None)


@public.post(GATE_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def trial_answer(request: Request, token: Token, answer: Answer = "") -> Response:
    """Its answer."""
    return await _gated(request, token, answer)


async def _gated(request: Request, code: str, answer: str | None) -> Response:
    """Ask, turn away, or lead on. `answer` is None where only the page was asked for."""
    is_test = request.url.path.startswith(f"{GATE_PATH}/")
    try:
        async with transaction() as session:
            target = None if is_test else await find_short(session, code)
            address = tested_target(code) if target is None else target.address
            gate = await gate_of(session, target.send_id if target else None)
    except NotFound as error:
        try:
            await allow("short-link", source_group(source_of(request)), allowed=WRONG_PER_MINUTE, seconds=60)
        except TooMany as enough:
            return failed(enough)
        return failed(error)
    except AppError as error:
        return failed(error)
    is_yes = answer == "yes" and is_own_form(request)
    if answer == "no":
        return turned_away(gate)
    if not is_yes and not is_remembered(request.cookies.get(cookie_name(OF_AGE)), gate.minimum_age):
        return age_gate_page(gate)
    led = RedirectResponse(address, 303, headers=NEVER_KEPT) if target is None else await _lead_on(request, target)
    if is_yes:
        led.status_code = 303
        keep_cookie(led, OF_AGE, remembered_yes(gate.minimum_age), days=REMEMBERED.days)
    return led


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
@needs(Permission.OWN_LINK)
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
