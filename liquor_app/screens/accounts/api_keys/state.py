"""Keys for programs on their page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.api_keys import ApiKeyRow, KeyStatus, change_limits, create_api_key, revoke_api_key
from liquor_app.accounts.key_areas import area_words, idle_areas
from liquor_app.accounts.key_usage import PER_MINUTE, PER_MONTH
from liquor_app.accounts.lists import API_KEYS, list_api_keys
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import AREAS, Permission, needs
from liquor_app.accounts.permissions import Actor
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
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import NONE, ago, figure, listed, show_moment, spoken

LIVES = {"30": 30, "90": 90, "365": 365, "": None}


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key, in words."""

    id: str = ""
    name: str = ""
    prefix: str = ""
    role_label: str = ""
    lessened: str = ""
    """What it acts as, where that is less than its role; empty where it is not."""
    good_for: str = ""
    status: str = ""
    made: str = ""
    used: str = ""
    ends: str = ""
    asked: str = ""
    """Requests this month, of how many."""
    pace: str = ""
    typed_minute: str = ""
    typed_month: str = ""
    """As they are typed; empty for what all keys may."""


def key_line(row: ApiKeyRow, at: datetime) -> KeyLine:
    """Return a key in words; `at` is now in the shop's zone."""
    good_for = spoken(listed([area_words(one) for one in row.areas])) if row.areas else "All the role may"
    ended = row.revoked_at or row.expires_at
    return KeyLine(
        str(row.id), row.name, f"{row.prefix}…", row.role.label,
        "" if row.acts_as is row.role else f"Acts as {row.acts_as.label}, as its maker may no more", good_for,
        row.status.value,
        f"{show_moment(row.created_at, at)}{f', {row.made_by}' if row.made_by else ''}",
        ago(row.last_used_at, at) if row.last_used_at else NONE, show_moment(ended, at) if ended else "Never",
        f"{figure(row.used_this_month)} of {figure(row.per_month)}", f"{figure(row.per_minute)} a minute",
        "" if row.per_minute == PER_MINUTE else str(row.per_minute),
        "" if row.per_month == PER_MONTH else str(row.per_month),
    )  # fmt: skip


AREA = "area"
"""How the fields of a new key's areas begin."""
SOME, EVERYTHING = "some", "all"
"""What a new key is good for: what is chosen of the areas, or all its role may."""
ASKS = frozenset({"new", "limits", "revoke"})


class ApiKeysState(AskState, ListState, rx.State):
    """API keys: made, bounded, revoked."""

    rows: list[KeyLine] = []
    secret: str = ""
    """The new key, until its dialog is closed."""
    reach: str = SOME
    """Of the new key that is being typed: `SOME` or `EVERYTHING`."""

    def _fields(self) -> frozenset[str]:
        return frozenset({"name", "role", "areas", "days", "per_minute", "per_month"})

    def _questions(self) -> frozenset[str]:
        return ASKS

    def _list(self) -> ListSpec[ApiKeyRow]:
        return API_KEYS

    def _path(self) -> str:
        return "/settings/api-keys"

    def _export_path(self) -> str:
        return "/api/v1/api-keys/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[ApiKeyRow]:
        return await list_api_keys(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[ApiKeyRow]) -> list[KeyLine]:
        at = await shop_now(session)
        return [key_line(row, at) for row in items]

    @rx.var
    def chosen(self) -> KeyLine:
        """The key a dialog is about."""
        return next((row for row in self.rows if row.id == self.about), KeyLine())

    def _fresh(self) -> None:
        super()._fresh()
        self.reach = SOME

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def choose_reach(self, reach: str) -> None:
        """Show the areas of the new key, or none where it is good for all its role may."""
        self.reach = EVERYTHING if str(reach) == EVERYTHING else SOME

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def hide(self, open: bool = False) -> None:
        if not open:
            self.secret = ""

    @rx.event
    @submits
    @needs(Permission.KEYS_ADMIN)
    async def create(self, form: dict[str, Any]) -> None:
        """Make a key and show it, once."""
        actor, role, life = await signed_in(self), typed(form, "role"), typed(form, "days")
        if role not in set(Role):
            raise Invalid("Choose a role.", field="role")
        if life not in LIVES:
            raise Invalid("Choose one of the times there are.", field="days")
        areas = chosen_areas(form)
        if idle := idle_areas(Role(role), areas):
            may_not = listed([area_words(one) for one in idle])
            raise Invalid(f"A key of this role may not {may_not}: choose a higher one, or less.", field="role")
        async with transaction() as session:
            made = await create_api_key(
                session, actor, name=typed(form, "name"), role=Role(role), areas=areas, days=LIVES[life],
                per_minute=_whole(form, "per_minute"), per_month=_whole(form, "per_month"),
            )  # fmt: skip
        self._shut()
        await self._read()
        self.secret = made

    @rx.event
    @submits
    @needs(Permission.KEYS_ADMIN)
    async def change_limits(self, form: dict[str, Any]) -> Any:
        """Change how many requests a key may make."""
        actor = await signed_in(self)
        limits = {name: _whole(form, name) for name in ("per_minute", "per_month")}
        async with transaction() as session:
            await change_limits(session, actor, parse_id(self.about, "key"), limits)
        self._shut()
        await self._read()
        return toast_done("Limits changed", "They hold from the next request on.")

    @rx.event
    @guarded
    @needs(Permission.KEYS_ADMIN)
    async def revoke(self) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await revoke_api_key(session, actor, parse_id(self.about, "key"))
        self._shut()
        await self._read()
        return toast_done("Key revoked", "What used it is refused from now on.")


def chosen_areas(form: dict[str, Any]) -> list[str]:
    """Return what a new key is to be good for; none for all its role may.

    Raises:
        Invalid: nothing was chosen, which would be all, or neither was said.
    """
    reach = typed(form, "areas")
    if reach == EVERYTHING:
        return []
    areas = [f"{area}:{way}" for area in AREAS if (way := typed(form, f"{AREA}{area}"))]
    if reach != SOME or not areas:
        raise Invalid("Choose an area at least, or all the role may.", field="areas")
    return areas


def _whole(form: dict[str, Any], name: str) -> int | None:
    said = typed(form, name).replace(",", "")
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 12):
        raise Invalid("Type a whole number, or nothing for what all keys may.", field=name)
    return int(said)


GOOD = KeyStatus.GOOD.value
