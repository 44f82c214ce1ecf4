"""One's own profile: name, password, the second step, browsers; passkeys stand in `passkeys_state`."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.entry.passkeys import my_passkeys
from liquor_app.accounts.entry.two_steps import confirm_enrolment, pending_enrolment, two_steps_of
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.profile import stored_hash, update_me
from liquor_app.accounts.sessions import Here, OpenSession, SessionKind, end_other_sessions, end_session, my_sessions
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import cookie_of, error_of, guarded, signed_in
from liquor_app.sending.sign_up.qr_code import qr_svg
from liquor_app.ui.address import parameter, remember
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago, plural, show_moment

TOLD = {
    "password": "Your password is changed. You were signed out everywhere but here.",
    "off": "Two-step sign-in is off.",
    "passkey": "Your passkey is added. You can sign in with it.",
}


@dataclass(frozen=True, slots=True)
class BrowserLine:
    """A browser or a program one is signed in on."""

    id: str
    what: str
    source: str
    seen: str
    is_this: bool


def browser_words(agent: str | None) -> str:
    """Return "Firefox on Windows" of what a browser says of itself; a stranger's text stays a few plain words."""
    told = agent or ""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("Windows", "Windows"),
        ("Mac OS X", "a Mac"), ("Linux", "Linux"),
    )  # fmt: skip
    browser = next((words for mark, words in browsers if mark in told), "")
    system = next((words for mark, words in systems if mark in told), "")
    return f"{browser} on {system}" if browser and system else browser or system or "A browser"


def device_words(one: OpenSession) -> str:
    """Return what somebody knows a session by: "Firefox on Windows", "A program (python-httpx)"."""
    if one.kind is SessionKind.BROWSER:
        return browser_words(one.user_agent)
    called = re.match(r"[A-Za-z][A-Za-z0-9._-]{0,29}(?=[/ ]|$)", one.user_agent or "")
    return f"A program ({called[0]})" if called else "A program"


USED = {SessionKind.BROWSER: "Used", SessionKind.TOKENS: "Renewed"}


class ProfileState(FormState, rx.State):
    """What is shown of oneself. The password's forms post to plain routes, as signing in does."""

    email: str = ""
    full_name: str = ""
    role_label: str = ""
    is_two_steps: bool = False
    is_asked_for: bool = False
    """The shop asks its admins for a second step, and this is one without."""
    asks_passkey: bool = False
    """Their passkey is the second step the shop asks for: it is used once more before another one is set up."""
    recovery: str = ""
    picture: str = ""
    """The QR code of a second step that is being set up, as a picture's address."""
    secret: str = ""
    codes: list[str] = []
    """Recovery codes, until their dialog is closed."""
    browsers: list[BrowserLine] = []
    told: str = ""
    problem: str = ""
    about: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({"full_name", "code"})

    @rx.var
    def codes_text(self) -> str:
        """The recovery codes, one a line."""
        return "\n".join(self.codes)

    @rx.event
    @guarded
    @needs(Permission.OWN_ACCOUNT)
    async def load(self) -> Any:
        self._fresh()
        self.told = TOLD.get(parameter(self, "told"), "")
        self.problem, self.about = error_of(self), parameter(self, "about")[:40]
        await self._read()
        # what was done is told once: a reload, or signing in again here, would tell it of nothing
        return remember("/profile", {}) if self.told or self.problem else None

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            user, _ = await stored_hash(session, actor)
            steps = await two_steps_of(session, actor)
            begun = None if steps.is_on else await pending_enrolment(session, actor, user.email)
            passkeys = await my_passkeys(session, actor)
            browsers = await my_sessions(session, actor, Here(cookie_of(self)))
            at = await shop_now(session)
        self.email, self.full_name, self.role_label = user.email, user.full_name or "", user.role.label
        self.is_two_steps = steps.is_on
        self.is_asked_for = steps.is_asked_for and not steps.is_on and not passkeys
        self.asks_passkey = steps.is_asked_for and not steps.is_on and bool(passkeys)
        self.recovery = f"{plural(steps.recovery_left, 'recovery code')} left." if steps.is_on else ""
        self.secret = begun.secret if begun else ""
        drawn = base64.b64encode(qr_svg(begun.address).encode()).decode() if begun else ""
        self.picture = f"data:image/svg+xml;base64,{drawn}" if drawn else ""
        self.browsers = [
            BrowserLine(
                str(one.id), device_words(one), one.ip or "",
                f"{USED[one.kind]} {ago(one.last_seen_at, at)}, signed in {show_moment(one.created_at, at)}",
                one.is_this,
            )
            for one in browsers
        ]  # fmt: skip

    @rx.event
    @submits
    @needs(Permission.OWN_ACCOUNT)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store one's name."""
        actor = await signed_in(self)
        async with transaction() as session:
            await update_me(session, actor, {"full_name": typed(form, "full_name")})
        await self._read()
        return toast_done("Saved")

    @rx.event
    @submits
    @needs(Permission.OWN_ACCOUNT)
    async def confirm(self, form: dict[str, Any]) -> None:
        """Turn two steps on with a code of the app."""
        actor = await signed_in(self)
        async with transaction() as session:
            codes = await confirm_enrolment(session, actor, typed(form, "code"))
        await self._read()
        self.codes = codes

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def hide_codes(self, open: bool = False) -> None:
        if not open:
            self.codes = []

    @rx.event
    @guarded
    @needs(Permission.OWN_ACCOUNT)
    async def end(self, browser: str) -> Any:
        """Sign another browser out."""
        actor = await signed_in(self)
        async with transaction() as session:
            await end_session(session, actor, parse_id(str(browser), "session"))
        await self._read()
        return toast_done("Signed out there")

    @rx.event
    @guarded
    @needs(Permission.OWN_ACCOUNT)
    async def end_others(self) -> Any:
        """Sign every browser and program out but this one."""
        actor = await signed_in(self)
        async with transaction() as session:
            ended = await end_other_sessions(session, actor, Here(cookie_of(self)))
        await self._read()
        return toast_done(f"Signed out of {plural(ended, 'other place')}" if ended else "There was nothing else")
