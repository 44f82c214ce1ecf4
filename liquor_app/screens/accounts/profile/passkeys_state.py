"""One's own passkeys on the profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.entry.passkey_ceremony import relying_party
from liquor_app.accounts.entry.passkeys import my_passkeys, remove_passkey, rename_passkey
from liquor_app.accounts.entry.sign_in import confirm_code
from liquor_app.accounts.entry.two_steps import two_steps_of
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.ids import parse_id
from liquor_app.core.security.call_origin import call_origin
from liquor_app.organization.settings import shop_now
from liquor_app.screens.forms.ask_state import AskState
from liquor_app.screens.forms.state import submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import ago, show_moment

ASKS = frozenset({"rename", "remove"})


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """A passkey, in words."""

    id: str = ""
    name: str = ""
    added: str = ""
    used: str = ""


class PasskeysState(AskState, rx.State):
    """`asking` is what is asked about the passkey `about`. One is added by a plain form (`passkeys.js`)."""

    passkeys: list[PasskeyLine] = []
    works_at: str = ""
    """The address they work at; empty where they work at none."""
    asks_code: bool = False
    """They sign in with codes: one is said before a passkey is added or taken away."""
    asks_passkey: bool = False
    """One of theirs is the second step the shop asks for: it is used before another one is added."""

    def _fields(self) -> frozenset[str]:
        return frozenset({"name", "code"})

    def _questions(self) -> frozenset[str]:
        return ASKS

    @rx.var
    def chosen(self) -> PasskeyLine:
        """The one a dialog is about."""
        return next((one for one in self.passkeys if one.id == self.about), PasskeyLine())

    @rx.event
    @guarded
    @needs(Permission.OWN_ACCOUNT)
    async def load(self) -> None:
        self._fresh()
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            found = await my_passkeys(session, actor)
            at = await shop_now(session)
            steps = await two_steps_of(session, actor)
        party = relying_party()
        self.works_at = party.origin if party else ""
        self.asks_code = steps.is_on
        self.asks_passkey = steps.is_asked_for and not steps.is_on and bool(found)
        self.passkeys = [
            PasskeyLine(
                str(one.id), one.name, f"Added {show_moment(one.created_at, at)}",
                f"Used {ago(one.last_used_at, at)}" if one.last_used_at else "Not used yet",
            )
            for one in found
        ]  # fmt: skip

    @rx.event
    @submits
    @needs(Permission.OWN_ACCOUNT)
    async def rename(self, form: dict[str, Any]) -> Any:
        """Call one by another name."""
        actor = await signed_in(self)
        async with transaction() as session:
            await rename_passkey(session, actor, parse_id(self.about, "passkey"), typed(form, "name"))
        return await self._done("Saved")

    @rx.event
    @submits
    @needs(Permission.OWN_ACCOUNT)
    async def remove(self, form: dict[str, Any]) -> Any:
        """Take one away; whoever signs in with codes says one."""
        actor = await signed_in(self)
        if actor.user_id is not None:
            await confirm_code(actor.user_id, typed(form, "code"), source=call_origin.get().ip)
        async with transaction() as session:
            await remove_passkey(session, actor, parse_id(self.about, "passkey"))
        return await self._done("Removed: nobody signs in with it any more")

    async def _done(self, words: str) -> Any:
        self._shut()
        await self._read()
        return toast_done(words)
