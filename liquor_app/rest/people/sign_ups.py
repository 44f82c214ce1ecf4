"""The way in: the public sign-up page of each brand, its confirmation, and what marketers set about it.

A form is taken only from the page itself, soon enough and not too soon. Whatever comes from elsewhere (a shop's own web
site that posts an address, a stranger's) is shown as a form that is filled in and not yet agreed to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from liquor_app.accounts.cookies import cookie_name
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.client_address import address_of, source_group, source_of
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.http_rate_limit import limit as allow
from liquor_app.api.schemas import Id
from liquor_app.core.clock import now
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import AppError, Invalid, TooMany
from liquor_app.core.security.crypto import sign, unsign
from liquor_app.customers.addresses import address_hash, mailbox_of
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today
from liquor_app.rest.kit.authentication import CurrentActor, keep_cookie
from liquor_app.rest.kit.form_origin import is_own_form
from liquor_app.rest.pages.sign_up_html import (
    counter_sheet,
    sign_up_page,
    thanks_page,
    too_young_page,
    yes_page,
)
from liquor_app.rest.pages.unsubscribe_pages import PRIVATE, failed
from liquor_app.rest.schemas.sign_ups import CarrierKitOut, SignUpPageOut, SignUpPagePatch
from liquor_app.sending.sign_up import confirm_sign_up, sign_up_pages
from liquor_app.sending.sign_up.carrier_kit import carrier_kit
from liquor_app.sending.sign_up.qr_code import qr_svg
from liquor_app.sending.sign_up.sign_up import (
    Entry,
    Evidence,
    Typed,
    is_too_young,
    read_entry,
    take_sign_up,
)
from liquor_app.sending.sign_up.sign_up_message import YES_PATH
from liquor_app.sending.sign_up.sign_up_pages import JOIN_PATH, OpenPage, PageRow, open_page
from liquor_app.sending.sign_up.turned_away import TURNED_AWAY

router = APIRouter(prefix="/settings/sign-up", tags=["settings"])
public = APIRouter(include_in_schema=False)

Slug = Annotated[str, Path(max_length=60)]
Token = Annotated[str, Path(max_length=500)]
T = TypeVar("T")

FORM = "sign-up form"
YOUNG = "sign_up_later"
"""The cookie of a browser that gave a date below the age: when, and nothing else."""
SHOWN_AT_MOST = 12 * 3600
"""Seconds a form that was shown is taken."""
TYPED_IN_AT_LEAST = 3
"""Seconds nobody types such a form in less than."""
FORMS = 20
"""Of one address in ten minutes: a tablet on the counter is one."""
A_MAILBOX = 4
"""Of one mailbox in a day, whatever tags and dots its addresses have."""
ALL_FORMS = 1_000
"""Of everybody in an hour: each may cost a text."""
WRONG_PER_MINUTE = 60


@router.get("/{id}", response_model=SignUpPageOut)
@needs(Permission.BRANDS_READ)
async def read_sign_up_page(response: Response, actor: CurrentActor, brand_id: Id) -> object:
    """A brand's sign-up page: whether it is open, where it is, what it says, its wordings, and the last 30 days."""
    async with transaction() as session:
        row = await sign_up_pages.read_sign_up_page(session, actor, brand_id)
    tag(response, _version(row))
    return row


def _version(row: PageRow) -> str:
    return content(row, "is_open", "origins", "wording")


@router.patch("/{id}", response_model=SignUpPageOut)
@needs(Permission.SETTINGS_WRITE)
async def change_sign_up_page(
    request: Request, response: Response, actor: CurrentActor, brand_id: Id, body: SignUpPagePatch
) -> object:
    """Open or shut the page, name the web sites that may frame it, or write its words anew: a new version."""
    async with transaction() as session:

        async def version() -> str:
            return _version(await sign_up_pages.read_sign_up_page(session, actor, brand_id))

        await check_unchanged(session, request, version)
        changes = body.model_dump(exclude_unset=True)
        row = await sign_up_pages.save_sign_up_page(session, actor, brand_id, changes)
    tag(response, _version(row))
    return row


@router.get("/{id}/carrier-kit", response_model=CarrierKitOut)
@needs(Permission.SETTINGS_EXPORT)
async def read_carrier_kit(actor: CurrentActor, brand_id: Id) -> object:
    """What carriers ask before texts go out (10DLC), answered from what is set here, and what is still missing."""
    async with transaction() as session:
        return await carrier_kit(session, actor, brand_id)


@router.get("/{id}/carrier-kit/file", response_class=PlainTextResponse)
@needs(Permission.SETTINGS_EXPORT)
async def read_carrier_kit_file(actor: CurrentActor, brand_id: Id) -> PlainTextResponse:
    """The same as one text file."""
    async with transaction() as session:
        kit = await carrier_kit(session, actor, brand_id)
    headers = {**PRIVATE, "Content-Disposition": "attachment; filename=10dlc-registration.txt"}
    return PlainTextResponse(kit.as_text(), headers=headers)


@public.get(JOIN_PATH + "/{slug}")
@needs(Permission.OWN_LINK)
async def join(request: Request, slug: Slug) -> HTMLResponse:
    """The form."""
    return await _answered(request, slug, lambda page: sign_up_page(page, _token(page), Typed(), {}))


@public.get(JOIN_PATH + "/{slug}/sheet")
@needs(Permission.OWN_LINK)
async def sheet(request: Request, slug: Slug) -> HTMLResponse:
    """For the counter."""
    return await _answered(request, slug, counter_sheet)


@public.get(JOIN_PATH + "/{slug}/code.svg")
@needs(Permission.OWN_LINK)
async def code(request: Request, slug: Slug) -> Response:
    """The QR code by itself."""
    return await _answered(request, slug, _picture)


@public.post(JOIN_PATH + "/{slug}")
@needs(Permission.OWN_LINK)
async def take_form(
    request: Request,
    slug: Slug,
    *,
    email: Annotated[str, Form(max_length=300)] = "",
    phone: Annotated[str, Form(max_length=60)] = "",
    first_name: Annotated[str, Form(max_length=100)] = "",
    postal_code: Annotated[str, Form(max_length=20)] = "",
    born: Annotated[str, Form(max_length=20)] = "",
    want_email: Annotated[str, Form(max_length=5)] = "",
    want_phone: Annotated[str, Form(max_length=5)] = "",
    website: Annotated[str, Form(max_length=300)] = "",
    form: Annotated[str, Form(max_length=500)] = "",
) -> HTMLResponse:
    """Take a form that was filled in here, or show one that was not."""
    wants = {Channel.EMAIL: want_email == "yes", Channel.SMS: want_phone == "yes"}
    typed = Typed(email, phone, first_name, postal_code, born, frozenset(one for one, on in wants.items() if on))
    try:
        async with transaction() as session:
            shown = _shown(form, slug) if is_own_form(request) else None
            page = await open_page(session, slug, version=shown[1] if shown else None)
            if shown is None:
                # from elsewhere, or shown too long ago: agreed to by nobody
                page = await open_page(session, slug)
                prefilled = Typed(email[:254], phone[:30], first_name[:60], postal_code[:10], born)
                note = "Please look it over and tick what you agree to." if email or phone else ""
                return sign_up_page(page, _token(page), prefilled, {}, note=note)
            entry, problems = read_entry(typed, page, await shop_today(session))
            if entry is None:
                return sign_up_page(page, form, typed, problems)
            if now().timestamp() - shown[0] < TYPED_IN_AT_LEAST:
                return sign_up_page(page, form, typed, {}, note="That was very quick. Please press once more.")
            if website:
                return thanks_page(page)
            source = source_group(source_of(request))
            await allow("sign-up", source, allowed=FORMS, seconds=600, is_strict=True)
            await allow("sign-up-all", page.slug, allowed=ALL_FORMS, seconds=3600, is_strict=True)
            if not await _may_ask(entry):
                return thanks_page(page)
            was_too_young = _was_too_young(request)
            evidence = Evidence(address_of(request), request.headers.get("user-agent", ""), was_too_young)
            await take_sign_up(session, page, entry, evidence)
            too_young = is_too_young(entry, page, await shop_today(session))
    except AppError as error:
        return await _told(request, error)
    if not too_young:
        return thanks_page(page)
    answer = too_young_page(page)
    keep_cookie(answer, YOUNG, sign(YOUNG, {"t": int(now().timestamp())}), days=TURNED_AWAY.days)
    return answer


@public.get(YES_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def ask_yes(request: Request, token: Token) -> HTMLResponse:
    """The question behind the link of the confirmation; looking changes nothing."""
    return await _yes(request, lambda session: confirm_sign_up.yes_question(session, token))


@public.post(YES_PATH + "/{token}")
@needs(Permission.OWN_LINK)
async def say_yes(request: Request, token: Token) -> HTMLResponse:
    """Consent, from the mailbox itself."""
    return await _yes(
        request,
        lambda session: confirm_sign_up.say_yes(
            session, token, ip=address_of(request), user_agent=request.headers.get("user-agent")
        ),
    )


async def _yes(request: Request, work: Callable[[Session], Awaitable[confirm_sign_up.YesAsked]]) -> HTMLResponse:
    try:
        async with transaction() as session:
            asked = await work(session)
    except AppError as error:
        return await _told(request, error)
    return yes_page(asked)


async def _answered(request: Request, slug: str, draw: Callable[[OpenPage], T]) -> T | HTMLResponse:
    try:
        async with transaction() as session:
            return draw(await open_page(session, slug))
    except AppError as error:
        return await _told(request, error)


async def _told(request: Request, error: AppError) -> HTMLResponse:
    """Return what is wrong in the visitor's words; guessing is limited."""
    if not isinstance(error, TooMany):
        try:
            await allow("sign-up-wrong", source_group(source_of(request)), allowed=WRONG_PER_MINUTE, seconds=60)
        except TooMany as enough:
            return failed(enough)
    return failed(error)


async def _may_ask(entry: Entry) -> bool:
    """Tell whether a mailbox may be asked once more; whoever asks learns nothing of it."""
    if (email := entry.addresses.get(Channel.EMAIL)) is None:
        return True
    mailbox = address_hash(mailbox_of(email)).hex()
    try:
        await allow("sign-up-mailbox", mailbox, allowed=A_MAILBOX, seconds=86_400, is_strict=True)
    except TooMany:
        return False
    return True


def _picture(page: OpenPage) -> Response:
    headers = {**PRIVATE, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(qr_svg(page.address), media_type="image/svg+xml", headers=headers)


def _token(page: OpenPage) -> str:
    """Return what says which words were shown where and when."""
    return sign(FORM, {"s": page.slug, "v": page.wording.version, "t": int(now().timestamp())})


def _was_too_young(request: Request) -> bool:
    """Tell whether this browser has typed a date below the age within `TURNED_AWAY`."""
    try:
        typed_at = int(unsign(YOUNG, request.cookies.get(cookie_name(YOUNG), ""))["t"])
    except (Invalid, KeyError, TypeError, ValueError):
        return False
    return now().timestamp() - typed_at <= TURNED_AWAY.total_seconds()


def _shown(token: str, slug: str) -> tuple[int, int] | None:
    """Return when a form was shown and the version of its words; None for one that is not ours, of another page, or too
    old."""
    try:
        payload = unsign(FORM, token)
        shown, version = int(payload["t"]), int(payload["v"])
        is_ours = payload["s"] == slug
    except (Invalid, KeyError, TypeError, ValueError):
        return None
    return (shown, version) if is_ours and now().timestamp() - shown <= SHOWN_AT_MOST else None
