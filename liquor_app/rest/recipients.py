"""Pages for recipients: no sign-in, no cookie, no script; looking changes nothing, posting does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import HTMLResponse

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.allocations.own_interests import INTEREST_PATH, own_interests, set_own_interests
from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit as allow
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Id
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import AppError, Invalid, TooMany
from liquor_app.core.security.crypto import token_hash
from liquor_app.customers import consents
from liquor_app.customers.models import ConsentStatus
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.pages.recipient_pages import (
    age_page,
    age_told,
    confirm_page,
    interests_page,
    preferences_page,
    stored_page,
)
from liquor_app.rest.pages.unsubscribe_pages import failed
from liquor_app.rest.schemas.sending import ConsentIn, ConsentOut, ErrandIn
from liquor_app.sending.pipeline.stored_bodies import PREFERENCES_PATH, VIEW_PATH
from liquor_app.sending.recipients import double_opt_in, transactional
from liquor_app.sending.recipients import preferences as recipients
from liquor_app.sending.recipients.preferences import AGE_PATH, CONFIRM_PATH, Ask
from liquor_app.sending.recipients.transactional import ErrandRow

router = APIRouter(prefix="/customers", tags=["customers"])
public = APIRouter(include_in_schema=False)


@router.post("/{id}/consents", response_model=ConsentOut, status_code=201)
@needs(Permission.CUSTOMERS_WRITE)
async def record_consent(request: Request, actor: CurrentActor, customer_id: Id, body: ConsentIn) -> Response:
    """What somebody said about being written to. Where double opt-in is on, a yes is `pending`, and a link goes to the
    address itself, for seven days and to nobody else. `confirmation` says so, or why none goes out."""

    async def work(session: Session) -> ConsentOut:
        ip = str(body.ip) if body.ip else None
        if ConsentStatus(body.status) is ConsentStatus.GIVEN:
            made = await transactional.sign_up_and_ask(
                session, actor, customer_id, body.channel, source=body.source, ip=ip,
                wording_version=body.wording_version,
            )  # fmt: skip
            return ConsentOut(status=made.status, confirmation=made.confirmation)
        await consents.record_consent(
            session, actor, customer_id, channel=body.channel, status=ConsentStatus.WITHDRAWN, source=body.source,
            wording_version=body.wording_version, ip=ip,
        )  # fmt: skip
        return ConsentOut(status=body.status, confirmation="")

    return await once(request, key_owner(actor), ConsentOut, work)


@router.get("/{id}/messages", response_model=list[ErrandRow])
@needs(Permission.CUSTOMERS_READ)
async def asked_for(actor: CurrentActor, customer_id: Id) -> Sequence[ErrandRow]:
    """The latest confirmations and questions for the date of birth sent to this customer."""
    async with transaction() as session:
        await recipients.recipient_by_id(session, customer_id, by_staff=True)
        return await transactional.errands_of(session, actor, customer_id)


@router.post("/{id}/messages", response_model=ErrandRow, status_code=202)
@needs(Permission.CUSTOMERS_WRITE)
async def send_message(request: Request, actor: CurrentActor, customer_id: Id, body: ErrandIn) -> Response:
    """Send a confirmation link, or the question for the date of birth. It carries no offer and needs no consent; an
    address gets one in ten minutes and three a day at most, and none after a complaint or a bounce."""
    return await once(
        request,
        key_owner(actor),
        ErrandRow,
        lambda session: transactional.request_errand(session, actor, customer_id, body.channel, body.kind),
        status=202,
    )


Token = Annotated[str, Path(max_length=500)]
WRONG_PER_MINUTE = 60
"""Wrong links one address may try; right ones are not counted, for a household or a mail program shares an address."""
POSTS_PER_MINUTE = 20
"""Changes one link may make: each is evidence that is kept."""
T = TypeVar("T")


async def _shown(
    request: Request, work: Callable[[Session], Awaitable[T]], draw: Callable[[T], HTMLResponse]
) -> HTMLResponse:
    """Return a page, or what is wrong in the recipient's words. Guessing is limited, and so is repeating a change."""
    try:
        if request.method == "POST":
            await _not_too_often(request.path_params["token"])
        async with transaction() as session:
            found = await work(session)
    except AppError as error:
        try:
            await allow("recipient", source_group(source_of(request)), allowed=WRONG_PER_MINUTE, seconds=60)
        except TooMany as enough:
            return failed(enough)
        return failed(error)
    return draw(found)


async def _not_too_often(token: str) -> None:
    await allow("recipient-post", token_hash(token)[:32], allowed=POSTS_PER_MINUTE, seconds=60)


@public.get(VIEW_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def view(request: Request, token: Token) -> HTMLResponse:
    """A message in the browser."""
    return await _shown(request, lambda session: recipients.stored_message(session, token), stored_page)


@public.get(PREFERENCES_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def preferences(request: Request, token: Token) -> HTMLResponse:
    async def read(session: Session) -> tuple[recipients.Wishes, str]:
        wishes = await recipients.wishes_of(session, token)
        is_open = bool((await own_interests(session, token)).lists)
        return wishes, f"{INTEREST_PATH}/{token}" if is_open else ""

    return await _shown(request, read, lambda told: preferences_page(told[0], bottles=told[1]))


@public.get(INTEREST_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def interests(request: Request, token: Token) -> HTMLResponse:
    return await _shown(request, lambda session: own_interests(session, token), interests_page)


@public.post(INTEREST_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def save_interests(
    request: Request, token: Token, wanted: Annotated[list[str] | None, Form(max_length=50)] = None
) -> HTMLResponse:
    return await _shown(
        request,
        lambda session: set_own_interests(session, token, wanted or ()),
        lambda told: interests_page(told, saved=True),
    )


@public.post(PREFERENCES_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def save_preferences(
    request: Request,
    token: Token,
    *,
    channels: Annotated[list[str] | None, Form(max_length=5)] = None,
    frequency: Annotated[str, Form(max_length=5)] = "",
    pause: Annotated[str, Form(max_length=5)] = "",
    topics: Annotated[list[str] | None, Form(max_length=20)] = None,
    shown: Annotated[list[str] | None, Form(max_length=20)] = None,
) -> HTMLResponse:
    return await _shown(
        request,
        lambda session: recipients.save_wishes(
            session, token, channels=set(channels or ()), frequency=frequency, pause=pause == "yes",
            topics=set(topics or ()), shown=set(shown or ()),
            ip=source_of(request), user_agent=request.headers.get("user-agent"),
        ),
        lambda wishes: preferences_page(wishes, saved=True),
    )  # fmt: skip


@public.get(AGE_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def ask_age(request: Request, token: Token) -> HTMLResponse:
    return await _shown(request, lambda session: recipients.age_question(session, token), age_page)


@public.post(AGE_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def tell_age(request: Request, token: Token, born: Annotated[str, Form(max_length=20)] = "") -> HTMLResponse:
    async def answer(session: Session) -> tuple[Ask, str]:
        try:
            return await recipients.tell_age(session, token, born, ip=source_of(request)), ""
        except Invalid as problem:
            if problem.field != "born":
                raise
            return await recipients.age_question(session, token), problem.message

    def draw(answered: tuple[Ask, str]) -> HTMLResponse:
        ask, problem = answered
        return age_page(ask, problem=problem) if problem else age_told(ask)

    return await _shown(request, answer, draw)


@public.get(CONFIRM_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def ask_to_confirm(request: Request, token: Token) -> HTMLResponse:
    return await _shown(request, lambda session: double_opt_in.confirm_question(session, token), confirm_page)


@public.post(CONFIRM_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def do_confirm(request: Request, token: Token) -> HTMLResponse:
    return await _shown(
        request,
        lambda session: double_opt_in.confirm(
            session, token, ip=source_of(request), user_agent=request.headers.get("user-agent")
        ),
        confirm_page,
    )
