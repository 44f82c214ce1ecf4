"""Routes: sign-in for programs and browsers, and one's own profile."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from liquor_app.accounts import service
from liquor_app.accounts.deps import COOKIE, CurrentActor, same_origin
from liquor_app.accounts.models import Role
from liquor_app.api.ratelimit import limit
from liquor_app.api.schemas import Body, Row, Storable
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Forbidden, Unauthenticated

router = APIRouter(tags=["auth"])


class Credentials(Body):
    email: str
    password: str


class Registration(Credentials):
    full_name: str | None = None
    role: Role = Role.USER


class Refresh(Body):
    refresh_token: str


class Tokens(Row):
    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 - the scheme's name
    expires_in: int


class UserOut(Row):
    id: UUID
    email: str
    full_name: str | None
    role: Role
    is_active: bool
    last_login_at: datetime | None
    created_at: datetime


class MePatch(Body):
    full_name: str | None = None
    password: str | None = None
    current_password: str | None = None


def _client(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _attempt(request: Request, email: str, password: str) -> service.UserRow:
    await limit("login", f"{_client(request)}", allowed=60, seconds=60)
    async with transaction() as session:
        verdict = await service.authenticate(session, email=email, password=password)
    return verdict.granted()


@router.post("/auth/login", response_model=Tokens)
async def login(request: Request, body: Credentials) -> object:
    """An access token (15 minutes) and a refresh token (rotated on each use)."""
    user = await _attempt(request, body.email, body.password)
    async with transaction() as session:
        return await service.issue_tokens(session, user)


@router.post("/auth/refresh", response_model=Tokens)
async def refresh(body: Refresh) -> object:
    """A new pair for an unused refresh token; a second use of one ends its whole family."""
    async with transaction() as session:
        pair = await service.refresh_tokens(session, body.refresh_token)
    if pair is None:
        raise Unauthenticated("The refresh token is unknown, used or expired. Please sign in again.")
    return pair


@router.post("/auth/logout", status_code=204)
async def logout(request: Request, body: Refresh | None = None) -> Response:
    """End the browser's session and, if given, the refresh token's family."""
    async with transaction() as session:
        if cookie := request.cookies.get(COOKIE):
            if not same_origin(request):
                raise Forbidden("This request came from another site.")
            await service.close_session(session, cookie)
        if body:
            await service.revoke_family(session, body.refresh_token)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post("/auth/register", response_model=UserOut, status_code=201)
async def register(request: Request, body: Registration) -> object:
    """The first user becomes the admin; later ones are added by an admin, who sends a token."""
    await limit("register", _client(request), allowed=20, seconds=60)
    async with transaction() as session:
        if not await service.has_users(session):
            return await service.register_first_admin(
                session, email=body.email, password=body.password, full_name=body.full_name
            )
        header = request.headers.get("authorization", "")
        if not header.lower().startswith("bearer "):
            raise Forbidden("This shop is already set up. Ask one of its admins to add you.")
        actor = await service.token_actor(session, header[7:].strip())
        return await service.create_user(
            session, actor, email=body.email, password=body.password, full_name=body.full_name, role=body.role
        )


@router.get("/users/me", response_model=UserOut)
async def me(actor: CurrentActor) -> object:
    """Whoever is signed in."""
    async with transaction() as session:
        user = await service.get_user(session, actor.id) if actor.user_id and actor.id else None
    if user is None:
        raise Forbidden("Only a person has a profile; this is an API key.")
    return user


@router.patch("/users/me", response_model=UserOut)
async def patch_me(actor: CurrentActor, body: MePatch) -> object:
    """Change one's name, or the password with the present one, which ends every other session."""
    async with transaction() as session:
        return await service.update_me(session, actor, body.model_dump(exclude_unset=True))


# --- the browser's own forms: full page loads, because the cookie is read at the WebSocket handshake ---

browser = APIRouter(include_in_schema=False)


def _safe_next(target: str) -> str:
    """Only paths of our own; never another host."""
    inside = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if inside and "\n" not in target else "/"


def _with_cookie(response: Response, token: str) -> Response:
    settings = get_settings()
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_days * 86400,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
        path="/",
    )
    return response


async def _open(request: Request, user: service.UserRow, target: str) -> Response:
    async with transaction() as session:
        token = await service.open_session(
            session, user, ip=_client(request), user_agent=request.headers.get("user-agent")
        )
    return _with_cookie(RedirectResponse(_safe_next(target), 303), token)


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
    full_name: Annotated[str, Form(max_length=120), Storable] = "",
) -> Response:
    if not same_origin(request):
        raise Forbidden("This request came from another site.")
    await limit("register", _client(request), allowed=20, seconds=60)
    try:
        async with transaction() as session:
            user = await service.register_first_admin(session, email=email, password=password, full_name=full_name)
    except AppError as error:
        return RedirectResponse(f"/setup?error={quote(error.message)}", 303)
    return await _open(request, user, "/")


@browser.post("/session/logout")
async def browser_logout(request: Request) -> Response:
    if not same_origin(request):
        raise Forbidden("This request came from another site.")
    async with transaction() as session:
        if cookie := request.cookies.get(COOKIE):
            await service.close_session(session, cookie)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, path="/")
    return response
