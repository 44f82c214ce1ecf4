"""Routes: sign-in for programs and browsers, and one's own profile."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from liquor_app.accounts import profile, sessions, tokens, users
from liquor_app.accounts.audit import audit_access
from liquor_app.accounts.cookies import DEVICE, SESSION, cookie_name
from liquor_app.accounts.known_devices import DEVICE_DAYS, Device, read_device, remember
from liquor_app.accounts.models import Role
from liquor_app.accounts.passwords import Hashed, check_password, hash_password, turn, verify_password
from liquor_app.accounts.permissions import STRANGER, Actor, require
from liquor_app.accounts.setup_code import check_code
from liquor_app.accounts.sign_in import begin_attempt, finish_attempt
from liquor_app.accounts.users import UserFields
from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit
from liquor_app.api.schemas import Body, Row, Storable
from liquor_app.api.strict_parameters import only_what_is_known
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Forbidden, Invalid, Unauthenticated, Unavailable
from liquor_app.organization.brands import clean_brand, update_brand
from liquor_app.rest.kit.authentication import (
    CurrentActor,
    bearer_of,
    drop_cookie,
    keep_cookie,
    same_origin,
    session_cookie,
)

router = APIRouter(tags=["auth"])


class Credentials(Body):
    email: str
    password: str


class Registration(Credentials):
    full_name: str | None = None
    role: Role = Role.USER
    setup_code: str = ""
    licence_state: Annotated[str, Field(max_length=2, examples=["ME"])] = ""
    """Of the shop's licence; the first user says it."""


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


def _device(request: Request) -> Device | None:
    return read_device(request.cookies.get(cookie_name(DEVICE)))


async def _attempt(request: Request, email: str, password: str) -> users.UserRow:
    """Return whoever these are; counted, limited, and hashed outside of any transaction."""
    source, device = source_of(request), _device(request)
    who = f"device:{device.id}" if device else source_group(source)
    await limit("login", who, allowed=60, seconds=60)
    async with turn(who, is_known=device is not None):
        if await request.is_disconnected():
            raise Unavailable("Whoever asked has left.")
        async with transaction() as session:
            attempt = await begin_attempt(
                session, email=email, source=source, source_group=source_group(source), device=device
            )
        correct = await verify_password(attempt.stored, password)
        async with transaction() as session:
            verdict = await finish_attempt(session, attempt, correct)
    return verdict.granted()


def _known_from_now(request: Request, response: Response, user: users.UserRow) -> None:
    keep_cookie(response, DEVICE, remember(_device(request), user.id), days=DEVICE_DAYS)


@router.post("/auth/login", response_model=Tokens)
async def login(request: Request, response: Response, body: Credentials) -> object:
    """An access token (15 minutes) and a refresh token (rotated on each use). Both end with their session: at sign-out,
    with a changed password, when the user is no longer active. After eight wrong passwords in a row one waits, longer
    each time, unless on a device (a cookie) one has signed in on before."""
    user = await _attempt(request, body.email, body.password)
    async with transaction() as session:
        pair = await tokens.issue_tokens(session, user, ip=source_of(request))
    _known_from_now(request, response, user)
    return pair


@router.post("/auth/refresh", response_model=Tokens)
async def refresh(body: Refresh) -> object:
    """A new pair for an unused refresh token; a second use of one ends its whole family."""
    async with transaction() as session:
        pair = await tokens.refresh_tokens(session, body.refresh_token)
    if pair is None:
        raise Unauthenticated("The refresh token is unknown, used or expired. Please sign in again.")
    return pair


@router.post("/auth/logout", status_code=204)
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


async def _first_admin(
    request: Request, *, email: str, password: str, full_name: str | None, code: str, licence_state: str
) -> users.UserRow:
    """Return the first run's admin. Nothing is hashed before the code has been looked at."""
    try:
        async with transaction() as session:
            await users.require_first_run(session)
            await check_code(session, code)
    except Forbidden as refused:
        if refused.field:
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
async def register(request: Request, body: Registration) -> object:
    """The first user becomes the admin and needs the `setup_code` from the server's console; later ones are added by an
    admin, who sends a token."""
    await limit("register", source_group(source_of(request)), allowed=20, seconds=60)
    bearer = bearer_of(request)
    if bearer is None:
        return await _first_admin(
            request, email=body.email, password=body.password, full_name=body.full_name, code=body.setup_code,
            licence_state=body.licence_state,
        )  # fmt: skip
    async with transaction() as session:
        actor = await tokens.token_actor(session, bearer)
    require(actor, Role.ADMIN)
    hashed = await hash_password(body.password, about=(body.email, body.full_name or ""))
    async with transaction() as session:
        return await users.create_user(
            session, actor, email=body.email, password=hashed, full_name=body.full_name, role=body.role
        )


@router.get("/users/me", response_model=UserOut)
async def me(actor: CurrentActor) -> object:
    """Whoever is signed in."""
    async with transaction() as session:
        user = await users.get_user(session, actor.id) if actor.user_id and actor.id else None
    if user is None:
        raise Forbidden("Only a person has a profile; this is an API key.")
    return user


@router.patch("/users/me", response_model=UserOut)
async def patch_me(request: Request, actor: CurrentActor, body: MePatch) -> object:
    """Change one's name, or the password with the present one, which ends every session. Wrong ones are counted as at
    sign-in."""
    changes = body.model_dump(exclude_unset=True)
    current, fresh = changes.pop("current_password", None), changes.pop("password", None)
    pair = (
        await _new_password(request, actor, current or "", fresh or "") if "password" in body.model_fields_set else None
    )
    async with transaction() as session:
        return await profile.update_me(session, actor, changes, pair)


async def _new_password(request: Request, actor: Actor, current: str, fresh: str) -> tuple[Hashed, Hashed]:
    """Return the hash the current password was checked against, and the new one's."""
    check_password(fresh)
    source = source_of(request)
    async with transaction() as session:
        user, stored = await profile.stored_hash(session, actor)
    async with turn(f"user:{actor.id}", is_known=True):
        async with transaction() as session:
            attempt = await begin_attempt(
                session, email=user.email, source=source, source_group=source_group(source), device=_device(request)
            )
        correct = await verify_password(stored, current)
        async with transaction() as session:
            verdict = await finish_attempt(session, attempt, correct, kind="password_change")
        if verdict.user is None:
            raise Invalid("current_password is wrong", field="current_password")
        return stored, await hash_password(fresh, about=(user.email, user.full_name or ""))


# --- the browser's own forms: full page loads, because the cookie is read at the WebSocket handshake ---

browser = APIRouter(include_in_schema=False, dependencies=[Depends(only_what_is_known)])


def _safe_next(target: str) -> str:
    """Only paths of our own; never another host."""
    inside = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if inside and "\n" not in target else "/"


async def _open(request: Request, user: users.UserRow, target: str) -> Response:
    async with transaction() as session:
        token = await sessions.open_session(
            session, user, ip=source_of(request), user_agent=request.headers.get("user-agent")
        )
    response = RedirectResponse(_safe_next(target), 303)
    keep_cookie(response, SESSION, token, days=get_settings().session_days)
    _known_from_now(request, response, user)
    return response


@browser.post("/session/login")
async def browser_login(
    request: Request,
    email: Annotated[str, Form(max_length=254), Storable],
    password: Annotated[str, Form(max_length=200), Storable],
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    if not same_origin(request):
        raise Forbidden("This request came from another site.")
    try:
        user = await _attempt(request, email, password)
    except AppError as error:
        return RedirectResponse(f"/login?error={quote(error.message)}&next={quote(_safe_next(next))}", 303)
    return await _open(request, user, next)


@browser.post("/session/first-admin")
async def browser_first_admin(
    request: Request,
    email: Annotated[str, Form(max_length=254), Storable],
    password: Annotated[str, Form(max_length=200), Storable],
    setup_code: Annotated[str, Form(max_length=64), Storable] = "",
    full_name: Annotated[str, Form(max_length=120), Storable] = "",
    *,
    licence_state: Annotated[str, Form(max_length=2), Storable] = "",
) -> Response:
    if not same_origin(request):
        raise Forbidden("This request came from another site.")
    try:
        await limit("register", source_group(source_of(request)), allowed=20, seconds=60)
        user = await _first_admin(
            request, email=email, password=password, full_name=full_name, code=setup_code, licence_state=licence_state
        )
    except AppError as error:
        return RedirectResponse(f"/setup?error={quote(error.message)}", 303)
    return await _open(request, user, "/")


@browser.post("/session/logout")
async def browser_logout(request: Request) -> Response:
    if not same_origin(request):
        raise Forbidden("This request came from another site.")
    async with transaction() as session:
        if cookie := session_cookie(request):
            await sessions.close_session(session, cookie)
    response = RedirectResponse("/login", 303)
    drop_cookie(response, SESSION)
    return response
