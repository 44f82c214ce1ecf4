"""Pages for recipients: no sign-in, no cookie, no script; looking changes nothing, posting does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.api.ratelimit import limit as allow
from liquor_app.core.crypto import token_hash
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid, TooMany
from liquor_app.sending import recipients
from liquor_app.sending.farewell import failed
from liquor_app.sending.recipient_pages import age_page, age_told, confirm_page, preferences_page, stored_page
from liquor_app.sending.recipients import AGE_PATH, CONFIRM_PATH, PREFERENCES_PATH, VIEW_PATH

public = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(max_length=500)]
WRONG_PER_MINUTE = 60
POSTS_PER_MINUTE = 20
"""Of one link: enough for a change of mind, too few to fill the ledgers."""
T = TypeVar("T")


def _ip(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _shown(
    request: Request, work: Callable[[AsyncSession], Awaitable[T]], draw: Callable[[T], HTMLResponse]
) -> HTMLResponse:
    """A page, or what is wrong in the recipient's words. Looking is free; guessing is limited by address, posting by
    link."""
    try:
        if request.method == "POST":
            await allow("recipient-post", token_hash(request.url.path), allowed=POSTS_PER_MINUTE, seconds=60)
        async with transaction() as session:
            found = await work(session)
    except AppError as error:
        return await _refused(request, error)
    return draw(found)


async def _refused(request: Request, error: AppError) -> HTMLResponse:
    try:
        await allow("recipient", _ip(request), allowed=WRONG_PER_MINUTE, seconds=60)
    except TooMany as enough:
        return failed(enough)
    return failed(error)


@public.get(VIEW_PATH + "/{token}")
async def view(request: Request, token: Token) -> HTMLResponse:
    """A message in the browser."""
    return await _shown(request, lambda session: recipients.stored_message(session, token), stored_page)


@public.get(PREFERENCES_PATH + "/{token}")
async def preferences(request: Request, token: Token) -> HTMLResponse:
    return await _shown(request, lambda session: recipients.wishes_of(session, token), preferences_page)


@public.post(PREFERENCES_PATH + "/{token}")
async def save_preferences(
    request: Request,
    token: Token,
    channels: Annotated[list[str] | None, Form(max_length=5)] = None,
    frequency: Annotated[str, Form(max_length=5)] = "",
    pause: Annotated[str, Form(max_length=5)] = "",
) -> HTMLResponse:
    return await _shown(
        request,
        lambda session: recipients.save_wishes(
            session, token, channels=set(channels or ()), frequency=frequency, pause=pause == "yes",
            ip=_ip(request), user_agent=request.headers.get("user-agent"),
        ),
        lambda wishes: preferences_page(wishes, saved=True),
    )  # fmt: skip


@public.get(AGE_PATH + "/{token}")
async def ask_age(request: Request, token: Token) -> HTMLResponse:
    return await _shown(request, lambda session: recipients.age_question(session, token), age_page)


@public.post(AGE_PATH + "/{token}")
async def tell_age(request: Request, token: Token, born: Annotated[str, Form(max_length=20)] = "") -> HTMLResponse:
    async def told(session: AsyncSession) -> HTMLResponse:
        try:
            return age_told(await recipients.tell_age(session, token, born, ip=_ip(request)))
        except Invalid as problem:
            if problem.field != "born":
                raise
            return age_page(await recipients.age_question(session, token), problem=problem.message)

    return await _shown(request, told, lambda drawn: drawn)


@public.get(CONFIRM_PATH + "/{token}")
async def ask_to_confirm(request: Request, token: Token) -> HTMLResponse:
    return await _shown(request, lambda session: recipients.confirm_question(session, token), confirm_page)


@public.post(CONFIRM_PATH + "/{token}")
async def do_confirm(request: Request, token: Token) -> HTMLResponse:
    return await _shown(
        request,
        lambda session: recipients.confirm(
            session, token, ip=_ip(request), user_agent=request.headers.get("user-agent")
        ),
        confirm_page,
    )
