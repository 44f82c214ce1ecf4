"""Routes: sign-in for programs and browsers, and one's own profile."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts import profile, sessions, tokens, users
from liquor_app.accounts.audit import audit_access, note_refusal
from liquor_app.accounts.cookies import DEVICE, SESSION
from liquor_app.accounts.entry.access_links import find_link, use_link
from liquor_app.accounts.entry.known_devices import DEVICE_DAYS, Device, remember
from liquor_app.accounts.entry.passwords import hash_password, turn, verify_password
from liquor_app.accounts.entry.setup_code import check_code
from liquor_app.accounts.entry.sign_in import Verdict, begin_attempt, finish_attempt, hold_granted
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import STRANGER, Actor, require
from liquor_app.accounts.users import UserFields, UserRow
from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.http_rate_limit import limit
from liquor_app.api.schemas import Body, Row
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Forbidden, Unauthenticated, Unavailable
from liquor_app.core.platform.loop_lane import LoopLane
from liquor_app.organization.brands import clean_brand, update_brand
from liquor_app.rest.kit.authentication import (
    CurrentActor,
    bearer_of,
    drop_cookie,
    keep_cookie,
    same_origin,
    session_cookie,
)
from liquor_app.rest.kit.own_password import device_of, new_password
from liquor_app.sending.staff_mail import ask_for_reset

T = TypeVar("T")
router = APIRouter(tags=["auth"])


class Credentials(Body):
    email: str
    password: str


class SignIn(Credentials):
    code: Annotated[str, Field(max_length=20)] | None = None
    """Of the app, or a recovery code, for whoever signs in in two steps; without it the answer is `code_needed`."""


class Registration(Credentials):
    full_name: str | None = None
    role: Role = Role.USER
    setup_code: str = ""
    licence_state: Annotated[str, Field(max_length=2, examples=["ME"])] = ""
    """Of the shop's licence; the first user says it."""


class NewPassword(Body):
    """`token` is what stands in the link."""

    token: Annotated[str, Field(max_length=200)]
    password: str
    full_name: Annotated[str, Field(max_length=120)] = ""


class Forgotten(Body):
    email: Annotated[str, Field(max_length=254)]


class Refresh(Body):
    refresh_token: str


class Tokens(Row):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int


class UserOut(Row, UserFields):
    """As the row has it."""


class MePatch(Body):
    full_name: str | None = None
    password: str | None = None
    current_password: str | None = None


SIGNING_IN = LoopLane("known devices' loop")
"""In which known devices sign in beside whatever crowds the main loop; open in a web server's processes."""


async def attempt_sign_in(request: Request, email: str, password: str, code: str | None = None) -> Verdict:
    """Return what came of it; counted, limited, and hashed outside of any transaction."""
    return await beside_the_crowd(request, partial(_attempt, request, device_of(request), email, password, code))


async def _attempt(request: Request, device: Device | None, email: str, password: str, code: str | None) -> Verdict:
    source = source_of(request)
    who = f"device:{device.id}" if device else source_group(source)
    await limit("login", who, allowed=60, seconds=60)
    async with turn(who, is_known=device is not None):
        # strangers may have waited long; asking is the main loop's, and known devices' turn comes soon
        if device is None and await request.is_disconnected():
            raise Unavailable("Whoever asked has left.")
        async with transaction() as session:
            attempt = await begin_attempt(
                session, email=email, source=source, source_group=source_group(source), device=device
            )
        correct = await verify_password(attempt.stored, password)
        async with transaction() as session:
            return await finish_attempt(session, attempt, correct, code=code)


async def beside_the_crowd(request: Request, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what `work` returns: done in the known devices' loop for one, in this one for everybody else."""
    return await (work() if device_of(request) is None else SIGNING_IN.run(work))


def known_from_now(request: Request, response: Response, user: users.UserRow) -> None:
    keep_cookie(response, DEVICE, remember(device_of(request), user.id), days=DEVICE_DAYS)


def agent_of(request: Request) -> str | None:
    """Return what a browser or a program says it is."""
    return request.headers.get("user-agent")


@router.post("/auth/login", response_model=Tokens)
@needs(Permission.ENTER)
async def login(request: Request, response: Response, body: SignIn) -> object:
    """An access token (15 minutes) and a refresh token (rotated on each use). Both end with their session: at sign-out,
    with a changed password, when the user is no longer active. After eight wrong passwords in a row one waits, longer
    each time, unless on a device (a cookie) one has signed in on before."""
    verdict = await attempt_sign_in(request, body.email, body.password, body.code)
    user = verdict.granted()

    async def issue() -> object:
        async with transaction() as session:
            await hold_granted(session, verdict)
            return await tokens.issue_tokens(session, user, ip=source_of(request), user_agent=agent_of(request))

    pair = await beside_the_crowd(request, issue)
    known_from_now(request, response, user)
    return pair


@router.post("/auth/refresh", response_model=Tokens)
@needs(Permission.ENTER)
async def refresh(request: Request, body: Refresh) -> object:
    """A new pair for an unused refresh token; a second use of one ends its whole family."""
    async with transaction() as session:
        pair = await tokens.refresh_tokens(
            session, body.refresh_token, ip=source_of(request), user_agent=agent_of(request)
        )
    if pair is None:
        raise Unauthenticated("The refresh token is unknown, used or expired. Please sign in again.")
    return pair


@router.post("/auth/logout", status_code=204)
@needs(Permission.ENTER)
async def logout(request: Request, body: Refresh | None = None) -> Response:
    """End the browser's session, that of the access token in `Authorization`, and, if given, the refresh token's; each
    with all its tokens."""
    async with transaction() as session:
        if cookie := session_cookie(request):
            if not same_origin(request):
                raise Forbidden("This request came from another site.")
            await sessions.close_session(session, cookie)
        if bearer := bearer_of(request):
            await tokens.revoke_access(session, bearer)
        if body:
            await tokens.revoke_family(session, body.refresh_token)
    response = Response(status_code=204)
    drop_cookie(response, SESSION)
    return response


async def first_admin(
    request: Request, *, email: str, password: str, full_name: str | None, code: str, licence_state: str
) -> users.UserRow:
    """Return the first run's admin. Nothing is hashed before the code has been looked at."""
    try:
        async with transaction() as session:
            await users.require_first_run(session)
            await check_code(session, code)
    except Forbidden:
        async with transaction() as session:
            await audit_access(session, STRANGER, "setup.refused", None, ip=source_of(request))
        raise
    users.check_email(email)
    licence = clean_brand({"licence_state": licence_state}) if licence_state.strip() else {}
    hashed = await hash_password(password, about=(email, full_name or ""))
    async with transaction() as session:
        user = await users.register_first_admin(session, email=email, password=hashed, full_name=full_name, code=code)
        if licence:
            await update_brand(session, user.actor, None, licence)
        return user


@router.post("/auth/register", response_model=UserOut, status_code=201)
@needs(Permission.ENTER)
async def register(request: Request, body: Registration) -> object:
    """The first user becomes the admin and needs the `setup_code` from the server's console; later ones are added by an
    admin, who sends a token."""
    await limit("register", source_group(source_of(request)), allowed=20, seconds=60)
    bearer = bearer_of(request)
    if bearer is None:
        return await first_admin(
            request, email=body.email, password=body.password, full_name=body.full_name, code=body.setup_code,
            licence_state=body.licence_state,
        )  # fmt: skip
    if bearer.startswith(tokens.KEY_PREFIX):
        # bound to areas and an allowance, which `POST /users` asks; looked up here it would tell whoever found one
        # whether it is alive
        async with transaction() as session:
            await audit_access(session, STRANGER, "api_key.refused", None, ip=source_of(request))
        raise Forbidden("A key opens no accounts. Sign in as a person.")
    async with transaction() as session:
        actor = await tokens.token_actor(session, bearer)
    try:
        require(actor, Permission.TEAM_ADMIN)
    except Forbidden as error:
        await note_refusal(actor, "POST /auth/register", ip=source_of(request), takes=error.takes)
        raise
    hashed = await hash_password(body.password, about=(body.email, body.full_name or ""))
    async with transaction() as session:
        return await users.create_user(
            session, actor, email=body.email, password=hashed, full_name=body.full_name, role=body.role
        )


@router.post("/auth/password", response_model=UserOut)
@needs(Permission.ENTER)
async def choose_password(request: Request, body: NewPassword) -> object:
    """Choose a password by the link of an invitation or a reset; its token is good once. Every session of that user
    ends."""
    await limit("register", source_group(source_of(request)), allowed=20, seconds=60)
    return await choose_by_link(body.token, body.password, body.full_name)


async def choose_by_link(token: str, password: str, full_name: str) -> users.UserRow:
    """Return whose link it was. Nothing is hashed before the link has been looked at."""
    async with transaction() as session:
        link = await find_link(session, token)
    hashed = await hash_password(password, about=(link.email, link.full_name or full_name))
    async with transaction() as session:
        return await use_link(session, token, hashed, full_name=full_name)


@router.post("/auth/forgotten", status_code=202, response_class=Response)
@needs(Permission.ENTER)
async def forgotten(request: Request, body: Forgotten) -> Response:
    """Ask for a link to choose another password. The answer is the same whoever asks: the link goes by e-mail to an
    address that is a user's; where the shop has no e-mail channel yet, its admins are told."""
    await limit("forgotten", source_group(source_of(request)), allowed=5, seconds=600)
    async with transaction() as session:
        await ask_for_reset(session, body.email)
    return Response(status_code=202)


@router.get("/users/me", response_model=UserOut)
@needs(Permission.OWN_ACCOUNT)
async def me(response: Response, actor: CurrentActor) -> object:
    """Whoever is signed in."""
    async with transaction() as session:
        user = await _profile(session, actor)
    tag(response, _version(user))
    return user


async def _profile(session: Session, actor: Actor) -> UserRow:
    user = await users.get_user(session, actor.id) if actor.user_id and actor.id else None
    if user is None:
        raise Forbidden("Only a person has a profile; this is an API key.")
    return user


def _version(user: UserRow) -> str:
    return content(user, "id", "email", "full_name", "role", "is_active")


@router.patch("/users/me", response_model=UserOut)
@needs(Permission.OWN_ACCOUNT)
async def patch_me(request: Request, response: Response, actor: CurrentActor, body: MePatch) -> object:
    """Change one's name, or the password with the present one, which ends every session. Wrong ones are counted as at
    sign-in."""

    async def version(session: Session) -> str:
        return _version(await _profile(session, actor))

    changes = body.model_dump(exclude_unset=True)
    async with transaction() as session:  # a stale tag costs no guess at the password
        await check_unchanged(session, request, lambda: version(session))
    current, fresh = changes.pop("current_password", None), changes.pop("password", None)
    pair = (
        await new_password(request, actor, current or "", fresh or "") if "password" in body.model_fields_set else None
    )
    async with transaction() as session:
        await check_unchanged(session, request, lambda: version(session))
        user = await profile.update_me(session, actor, changes, pair)
    tag(response, _version(user))
    return user
