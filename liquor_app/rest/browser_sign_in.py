"""The browser's own forms: full page loads, because the cookie is read at the WebSocket handshake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from liquor_app.accounts import profile, sessions, users
from liquor_app.accounts.cookies import CEREMONY, SECOND_STEP, SESSION, cookie_name
from liquor_app.accounts.entry import two_steps
from liquor_app.accounts.entry.passkey_ceremony import Ceremony
from liquor_app.accounts.entry.passkeys import add_passkey
from liquor_app.accounts.entry.second_step import AGAIN, first_step_of, remember_first_step, use_first_step
from liquor_app.accounts.entry.second_step_rule import needs_second_step
from liquor_app.accounts.entry.sign_in import Verdict, begin_attempt, finish_attempt, hold_granted
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Unauthenticated
from liquor_app.rest.accounts import attempt_sign_in, beside_the_crowd, choose_by_link, first_admin, known_from_now
from liquor_app.rest.kit.authentication import drop_cookie, keep_cookie, session_cookie
from liquor_app.rest.kit.browser_forms import form_router, told_again
from liquor_app.rest.kit.own_password import Proof, confirm_identity, device_of, new_password
from liquor_app.rest.kit.passkey_exchange import enter_with, read_answer, taken_challenge
from liquor_app.sending.staff_mail import ask_for_reset

browser = form_router()


def _safe_next(target: str) -> str:
    """Only paths of our own; never another host. Browsers skip control characters: `/<tab>/elsewhere` is a host's."""
    inside = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if inside and target.isprintable() else "/"


async def _open(request: Request, user: users.UserRow, target: str, *, password: Verdict | None = None) -> Response:
    """Answer with a session of this browser's, whose session of before ends (ASVS 7.2.4).

    Args:
        password: what came of the password they signed in with; that it still is theirs is asked again.
    """

    async def opened() -> str:
        async with transaction() as session:
            if password is not None:
                await hold_granted(session, password)
            if before := session_cookie(request):
                await sessions.close_session(session, before)
            agent = request.headers.get("user-agent")
            return await sessions.open_session(session, user, ip=source_of(request), user_agent=agent)

    token = await beside_the_crowd(request, opened)
    response = RedirectResponse(_safe_next(target), 303)
    keep_cookie(response, SESSION, token, days=get_settings().session_days)
    known_from_now(request, response, user)
    return response


@browser.post("/session/login")
@needs(Permission.ENTER)
async def browser_login(
    request: Request,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    try:
        verdict = await attempt_sign_in(request, email, password)
        if verdict.waits_for is None:
            return await _open(request, verdict.granted(), next, password=verdict)
        async with transaction() as session:
            told = await remember_first_step(session, verdict.waits_for.id)
    except AppError as error:
        return told_again("/login", error, next=_safe_next(next))
    response = RedirectResponse(f"/login/code?next={quote(_safe_next(next))}", 303)
    keep_cookie(response, SECOND_STEP, told, days=1)
    return response


@browser.post("/session/code")
@needs(Permission.ENTER)
async def browser_code(
    request: Request,
    code: Annotated[str, Form(max_length=20)],
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """The second step. Codes are counted as passwords are: whoever has one of two does not guess the other."""
    source, device = source_of(request), device_of(request)
    held = request.cookies.get(cookie_name(SECOND_STEP), "")
    try:
        await limit("login", f"device:{device.id}" if device else source_group(source), allowed=60, seconds=60)
        async with transaction() as session:
            person = await first_step_of(session, held)
            attempt = await begin_attempt(
                session, email=person.email, source=source, source_group=source_group(source), device=device
            )
        async with transaction() as session:
            verdict = await finish_attempt(session, attempt, True, code=code)
        user = verdict.granted()
        await use_first_step(held)
        response = await _open(request, user, next, password=verdict)
    except Unauthenticated as error:
        where = "/login" if error.message == AGAIN else "/login/code"
        return told_again(where, error, next=_safe_next(next))
    except AppError as error:
        return told_again("/login/code", error, next=_safe_next(next))
    drop_cookie(response, SECOND_STEP)
    return response


@browser.post("/session/passkey")
@needs(Permission.ENTER)
async def browser_passkey(
    request: Request,
    credential: Annotated[str, Form(max_length=16_384)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Sign in with what a passkey signed (`assets/js/passkeys.js`); no code is asked for after it."""
    try:
        user = await enter_with(request, read_answer(credential))
        response = await _open(request, user, next)
    except AppError as error:
        return told_again("/login", error, next=_safe_next(next))
    drop_cookie(response, CEREMONY)
    return response


@browser.post("/session/password")
@needs(Permission.ENTER)
async def browser_password(
    request: Request,
    token: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=200)],
    full_name: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Choose a password by a link, and sign in with it."""
    try:
        await limit("register", source_group(source_of(request)), allowed=20, seconds=60)
        user = await choose_by_link(token, password, full_name)
        async with transaction() as session:
            told = await remember_first_step(session, user.id) if await needs_second_step(session, user.id) else None
    except AppError as error:
        return told_again("/welcome", error, token=token)
    if told is None:
        return await _open(request, user, "/")
    response = RedirectResponse("/login/code", 303)
    keep_cookie(response, SECOND_STEP, told, days=1)
    return response


@browser.post("/session/first-admin")
@needs(Permission.ENTER)
async def browser_first_admin(
    request: Request,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=200)],
    setup_code: Annotated[str, Form(max_length=64)] = "",
    full_name: Annotated[str, Form(max_length=120)] = "",
    *,
    licence_state: Annotated[str, Form(max_length=2)] = "",
) -> Response:
    try:
        await limit("register", source_group(source_of(request)), allowed=20, seconds=60)
        user = await first_admin(
            request, email=email, password=password, full_name=full_name, code=setup_code, licence_state=licence_state
        )
    except AppError as error:
        return told_again("/setup", error)
    return await _open(request, user, "/")


@browser.post("/session/forgotten")
@needs(Permission.ENTER)
async def browser_forgotten(request: Request, email: Annotated[str, Form(max_length=254)]) -> Response:
    """Ask for a link to choose another password; the answer is the same whoever asks."""
    try:
        await limit("forgotten", source_group(source_of(request)), allowed=5, seconds=600)
        async with transaction() as session:
            await ask_for_reset(session, email)
    except AppError as error:
        return told_again("/forgotten", error)
    return RedirectResponse("/forgotten?told=asked", 303)


async def _profile(request: Request, changed: Callable[[Actor], Awaitable[str]]) -> Response:
    """Change one's own sign-in from the profile's forms; what is wrong stands there."""
    async with transaction() as session:
        actor = await sessions.session_actor(session, session_cookie(request) or "")
    if actor is None:
        return RedirectResponse("/login?next=/profile", 303)
    try:
        return RedirectResponse(f"/profile?told={await changed(actor)}", 303)
    except AppError as error:
        return told_again("/profile", error, about=error.field or "")


@browser.post("/session/change-password")
@needs(Permission.OWN_ACCOUNT)
async def browser_change_password(
    request: Request,
    current_password: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=200)],
) -> Response:
    """Change one's password: signed out everywhere but here."""
    made: list[str] = []

    async def change(actor: Actor) -> str:
        pair = await new_password(request, actor, current_password, password)
        async with transaction() as session:
            user = await profile.update_me(session, actor, {}, pair)
            made.append(
                await sessions.open_session(
                    session, user, ip=source_of(request), user_agent=request.headers.get("user-agent")
                )
            )
        return "password"

    response = await _profile(request, change)
    for token in made:
        keep_cookie(response, SESSION, token, days=get_settings().session_days)
    return response


@browser.post("/session/two-steps")
@needs(Permission.OWN_ACCOUNT)
async def browser_two_steps(
    request: Request,
    current_password: Annotated[str, Form(max_length=200)],
    off: Annotated[str, Form(max_length=3)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    credential: Annotated[str, Form(max_length=16_384)] = "",
) -> Response:
    """Begin setting two steps up, or turn them off; the second step that is there is asked for."""

    async def change(actor: Actor) -> str:
        signed = read_answer(credential) if credential else None
        user = await confirm_identity(request, actor, Proof(current_password, code, signed))
        async with transaction() as session:
            if off:
                await two_steps.end_two_steps(session, actor, user.id)
                return "off"
            await two_steps.begin_enrolment(session, actor, user.email)
        return "scan"

    return await _profile(request, change)


@browser.post("/session/passkeys")
@needs(Permission.OWN_ACCOUNT)
async def browser_new_passkey(
    request: Request,
    name: Annotated[str, Form(max_length=120)] = "",
    credential: Annotated[str, Form(max_length=16_384)] = "",
) -> Response:
    """Keep the passkey that a device made; the password was asked for when it was begun."""

    async def change(actor: Actor) -> str:
        challenge = await taken_challenge(request, Ceremony.ADD, actor.user_id)
        async with transaction() as session:
            await add_passkey(session, actor, challenge, read_answer(credential), name)
        return "passkey"

    response = await _profile(request, change)
    drop_cookie(response, CEREMONY)
    return response


@browser.post("/session/logout")
@needs(Permission.ENTER)
async def browser_logout(request: Request) -> Response:
    async with transaction() as session:
        if cookie := session_cookie(request):
            await sessions.close_session(session, cookie)
    response = RedirectResponse("/login", 303)
    drop_cookie(response, SESSION)
    return response
