"""The people of the shop on their page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.entry.second_step_rule import ask_admins, asks_admins
from liquor_app.accounts.entry.two_steps import end_two_steps
from liquor_app.accounts.lists import TEAM, list_team
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.accounts.team import TeamRow, UserStatus, change_user, sign_out_user
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.ask_state import AskState
from liquor_app.screens.forms.state import submits
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.staff_mail import add_to_team, give_new_link, mails_links
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import NONE, ago, show_moment

ASKS = frozenset({"new", "role", "link", "show_link", "deactivate", "sign_out", "two_steps"})


@dataclass(frozen=True, slots=True)
class MemberLine:
    """Somebody of the shop, in words."""

    id: str = ""
    name: str = ""
    email: str = ""
    role: str = ""
    role_label: str = ""
    status: str = ""
    note: str = ""
    seen: str = ""
    is_active: bool = True
    has_two_steps: bool = False


def member_line(row: TeamRow, at: datetime) -> MemberLine:
    """Return somebody in words; `at` is now in the shop's zone."""
    until = f"Link good until {show_moment(row.link_until, at)}" if row.link_until else ""
    note = until or ("No link is good any more: give a new one" if row.status is UserStatus.INVITED else "")
    return MemberLine(
        str(row.id), row.full_name or row.email, row.email if row.full_name else "", row.role.value, row.role.label,
        row.status.value, note, ago(row.last_login_at, at) if row.last_login_at else NONE, row.is_active,
        row.has_two_steps,
    )  # fmt: skip


class TeamState(AskState, ListState, rx.State):
    """`asking` is "new", or what is asked about the person `about`."""

    rows: list[MemberLine] = []
    link: str = ""
    """To be handed to somebody; shown until the dialog is closed, kept nowhere else."""
    link_of: str = ""
    asks_admins: bool = False
    """Whether admins are asked to sign in in two steps."""
    by_mail: bool = False
    """Links go to people by e-mail; an admin may have one shown all the same."""

    def _fields(self) -> frozenset[str]:
        return frozenset({"email", "full_name", "role"})

    def _questions(self) -> frozenset[str]:
        return ASKS

    def _list(self) -> ListSpec[TeamRow]:
        return TEAM

    def _path(self) -> str:
        return "/settings/users"

    def _export_path(self) -> str:
        return "/api/v1/users/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[TeamRow]:
        return await list_team(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[TeamRow]) -> list[MemberLine]:
        at = await shop_now(session)
        self.asks_admins = await asks_admins(session, actor)
        self.by_mail = await mails_links(session)
        return [member_line(row, at) for row in items]

    @rx.var
    def member(self) -> MemberLine:
        """Whoever a dialog is about."""
        return next((row for row in self.rows if row.id == self.about), MemberLine())

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def hide_link(self, open: bool = False) -> None:
        if not open:
            self.link = self.link_of = ""

    @rx.event
    @submits
    @needs(Permission.TEAM_ADMIN)
    async def invite(self, form: dict[str, Any]) -> Any:
        """Add somebody."""
        actor, email = await signed_in(self), typed(form, "email")
        async with transaction() as session:
            given = await add_to_team(
                session, actor, email=email, role=_role(typed(form, "role")), full_name=typed(form, "full_name")
            )
        return await self._handed(given.link, email, "They get an e-mail with a link to choose a password.")

    @rx.event
    @submits
    @needs(Permission.TEAM_ADMIN)
    async def change_role(self, form: dict[str, Any]) -> Any:
        """Give somebody another role or name."""
        changes = {"role": _role(typed(form, "role")).value, "full_name": typed(form, "full_name")}
        return await self._changed(changes, "Saved")

    @rx.event
    @guarded
    @needs(Permission.TEAM_ADMIN)
    async def deactivate(self) -> Any:
        return await self._changed({"is_active": False}, "Deactivated: signed out everywhere")

    @rx.event
    @guarded
    @needs(Permission.TEAM_ADMIN)
    async def activate(self, about: str) -> Any:
        self.about = str(about)[:36]
        return await self._changed({"is_active": True}, "Activated")

    @rx.event
    @guarded
    @needs(Permission.TEAM_ADMIN)
    async def sign_out(self) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await sign_out_user(session, actor, parse_id(self.about, "user"))
        return await self._done("Signed out everywhere")

    @rx.event
    @guarded
    @needs(Permission.TEAM_ADMIN)
    async def drop_two_steps(self) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await end_two_steps(session, actor, parse_id(self.about, "user"))
        return await self._done("Two-step sign-in is off for them")

    @rx.event
    @guarded
    @needs(Permission.TEAM_ADMIN)
    async def set_asks_admins(self, is_on: bool) -> Any:
        """Ask admins for a second step, or no more."""
        actor = await signed_in(self)
        async with transaction() as session:
            await ask_admins(session, actor, bool(is_on))
        return await self._done("Admins are asked for a second step" if is_on else "No second step is asked for")

    @rx.event
    @guarded
    @needs(Permission.TEAM_ADMIN)
    async def new_link(self) -> Any:
        """Have somebody choose another password; a mail where it leaves the house, else a link to hand them."""
        return await self._given(by_mail=True)

    @rx.event
    @guarded
    @needs(Permission.TEAM_ADMIN)
    async def show_new_link(self) -> Any:
        """The same, to hand them in any case: a mail may not have reached them."""
        return await self._given(by_mail=False)

    async def _given(self, *, by_mail: bool) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            given = await give_new_link(session, actor, parse_id(self.about, "user"), by_mail=by_mail)
        return await self._handed(given.link, given.user.email, "They get it by e-mail.")

    async def _changed(self, changes: dict[str, Any], words: str) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await change_user(session, actor, parse_id(self.about, "user"), changes)
        return await self._done(words)

    async def _done(self, words: str) -> Any:
        self._shut()
        await self._read()
        return toast_done(words)

    async def _handed(self, link: str, email: str, by_mail: str) -> Any:
        self._shut()
        await self._read()
        self.link, self.link_of = link, email
        return toast_done("Done", by_mail) if not link else None


def _role(value: str) -> Role:
    if value not in set(Role):
        raise Invalid("Choose a role.", field="role")
    return Role(value)
