"""Routes: messages of the ledger, and the way out that every message carries."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit as allow
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Id, Limit
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, TooMany
from liquor_app.core.security.crypto import token_hash
from liquor_app.organization.lists import by_shop_days
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes
from liquor_app.rest.pages.unsubscribe_pages import asking, done, failed, undone
from liquor_app.rest.schemas.sending import (
    AgainIn,
    AgainOut,
    MailedNoIn,
    ReplyMeant,
    ReplySettled,
    SendEvents,
    SendOut,
    SettleIn,
)
from liquor_app.sending import lists, service
from liquor_app.sending import resend as resend_service
from liquor_app.sending.events import mail_answers
from liquor_app.sending.events import replies as reply_service
from liquor_app.sending.lists import REPLIES, SENDS
from liquor_app.sending.pipeline.stored_bodies import PREFERENCES_PATH
from liquor_app.sending.recipients.unsubscribe import (
    AGAIN,
    PATH,
    UnsubscribeView,
    resubscribe,
    unsubscribe,
    unsubscribe_view,
)
from liquor_app.sending.service import SendRow
from liquor_app.sending.stop_all import StopRow, read_stop, resume_all_sending, stop_all_sending

router = APIRouter(prefix="/sends", tags=["sends"])
switch = APIRouter(prefix="/sending", tags=["sends"])
replies = APIRouter(prefix="/replies", tags=["sends"])
public = APIRouter(include_in_schema=False)

LOCATION = "/api/v1/sends/{id}"


@switch.get("", response_model=StopRow)
@needs(Permission.SENDS_READ)
async def get_stop(actor: CurrentActor) -> object:
    """Whether all sending is stopped, since when, by whom, and what waits for it."""
    async with transaction() as session:
        return await read_stop(session, actor)


@switch.post("/stop", response_model=StopRow)
@needs(Permission.SENDS_WRITE)
async def stop_all(actor: CurrentActor) -> object:
    """Stop everything that leaves the house, within five seconds; answers what it stopped."""
    async with transaction() as session:
        return await stop_all_sending(session, actor)


@switch.post("/resume", response_model=StopRow)
@needs(Permission.SENDS_WRITE)
async def resume_all(actor: CurrentActor) -> object:
    """Go on where it was stopped; answers what runs again."""
    async with transaction() as session:
        return await resume_all_sending(session, actor)


list_routes(
    replies,
    REPLIES,
    lists.list_replies,
    "What people wrote back and no rule understands, and e-mails that said no, newest first.",
)


@replies.post("/{id}/settle", response_model=ReplySettled)
@needs(Permission.SENDS_WRITE)
async def settle_reply(actor: CurrentActor, reply_id: Id, body: ReplyMeant) -> object:
    """Say what somebody meant: a no takes their number or address off, as STOP does."""
    async with transaction() as session:
        return {"status": await reply_service.settle_reply(session, actor, reply_id, is_no=body.is_no)}


@replies.post("/note", status_code=204)
@needs(Permission.SENDS_WRITE)
async def note_mailed_no(actor: CurrentActor, body: MailedNoIn) -> None:
    """Note an e-mailed no that reached the shop's own mailbox: the address gets no more e-mail."""
    async with transaction() as session:
        await mail_answers.note_mailed_no(session, actor, body.address, body.words)


list_routes(router, SENDS, lists.list_sends, "Messages, newest first.", scoped=by_shop_days)


@router.post("/again", response_model=AgainOut)
@needs(Permission.SENDS_WRITE)
async def send_again(actor: CurrentActor, body: AgainIn) -> object:
    """Once more for a campaign: its failed messages, or everybody who has not got one. Asking twice adds nothing."""
    async with transaction() as session:
        return asdict(await resend_service.send_again(session, actor, body.campaign_id, body.whom))


@router.get("/{id}", response_model=SendOut)
@needs(Permission.SENDS_READ)
async def get_send(actor: CurrentActor, send_id: Id) -> object:
    """One message with its body, as staff may read it: links inert, coupon codes masked."""
    async with transaction() as session:
        found = await service.get_send(session, actor, send_id)
    return SendOut(
        **asdict(found.send),
        body_html=found.body_html,
        body_text=found.body_text,
        template_version_id=found.template_version_id,
        reason=found.reason,
    )


@router.get("/{id}/events", response_model=SendEvents)
@needs(Permission.SENDS_READ)
async def send_events(actor: CurrentActor, send_id: Id, limit: Limit = 100) -> object:
    """Delivery, opens, clicks, and what else was heard of it."""
    async with transaction() as session:
        await service.get_send(session, actor, send_id)
        return {"items": await service.send_events(session, actor, send_id, limit=limit)}


@router.post("/{id}/resend", response_model=SendRow, status_code=201)
@needs(Permission.SENDS_WRITE)
async def resend(request: Request, actor: CurrentActor, send_id: Id) -> Response:
    """Try a message again that failed, bounced or was never answered: a new attempt with a row of its own."""
    return await once(
        request,
        key_owner(actor),
        SendRow,
        lambda session: service.resend(session, actor, send_id),
        location=LOCATION,
    )


@router.post("/{id}/settle", response_model=SendRow)
@needs(Permission.SENDS_WRITE)
async def settle(actor: CurrentActor, send_id: Id, body: SettleIn) -> object:
    """Say what became of a message whose answer never came, from what the provider shows."""
    async with transaction() as session:
        return await service.settle_unknown(session, actor, send_id, was_sent=body.was_sent)


# --- for recipients: no sign-in, no cookie, no script ---

Token = Annotated[str, Path(max_length=500)]
WRONG_PER_MINUTE = 60
AGAIN_PER_MINUTE = 10
"""Of one link: each is evidence that is kept."""


async def _refused(request: Request, error: AppError) -> HTMLResponse:
    """Only guessing is limited: mail programs unsubscribe thousands of people from one address."""
    try:
        await allow("unsubscribe", source_group(source_of(request)), allowed=WRONG_PER_MINUTE, seconds=60)
    except TooMany as enough:
        return failed(enough)
    return failed(error)


@public.get(PATH + "/{token}")
@public.get(PATH + "/{token}" + AGAIN)
@needs(Permission.OWN_LINK)
async def ask_to_unsubscribe(request: Request, token: Token) -> HTMLResponse:
    """A page that asks; scanners open links, so opening one changes nothing."""
    try:
        async with transaction() as session:
            view = await unsubscribe_view(session, token)
    except AppError as error:
        return await _refused(request, error)
    return _done(view, token) if view.is_done else asking(view, f"{PATH}/{token}")


@public.post(PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def do_unsubscribe(request: Request, token: Token) -> HTMLResponse:
    """The button, and the one click of mail programs (RFC 8058)."""
    try:
        async with transaction() as session:
            view = await unsubscribe(
                session, token, ip=source_of(request), user_agent=request.headers.get("user-agent")
            )
    except AppError as error:
        return await _refused(request, error)
    return _done(view, token)


@public.post(PATH + "/{token}" + AGAIN)
@needs(Permission.OWN_LINK)
async def undo_unsubscribe(request: Request, token: Token) -> HTMLResponse:
    """A mistake mended. A path of its own, so that no mail program's one click ends here."""
    try:
        await allow("subscribe-again", token_hash(token), allowed=AGAIN_PER_MINUTE, seconds=60)
        async with transaction() as session:
            view = await resubscribe(
                session, token, ip=source_of(request), user_agent=request.headers.get("user-agent")
            )
    except AppError as error:
        return await _refused(request, error)
    return undone(view, preferences=f"{PREFERENCES_PATH}/{token}")


def _done(view: UnsubscribeView, token: str) -> HTMLResponse:
    return done(view, undo=f"{PATH}/{token}{AGAIN}", preferences=f"{PREFERENCES_PATH}/{token}")
