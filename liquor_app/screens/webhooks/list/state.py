"""Webhook endpoints on their page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.core.db import Session, transaction
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
from liquor_app.ui.words import NONE, ago, listed, show_moment
from liquor_app.webhooks.endpoints import (
    EndpointRow,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    renew_secret,
    send_test,
)
from liquor_app.webhooks.lists import WEBHOOKS, list_webhooks
from liquor_app.webhooks.models import ASKED_FOR, Happened

QUESTIONS = frozenset({"new", "change", "remove", "renew"})
TELL = "tell."
"""Before an event's name: the field that asks for it."""


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """An endpoint, in words."""

    id: str = ""
    url: str = ""
    description: str = ""
    told_of: str = ""
    events: list[str] = field(default_factory=list)
    state: str = ""
    """on, failing, off or ended."""
    why: str = ""
    took: str = ""
    href: str = ""


def endpoint_line(row: EndpointRow, at: datetime) -> EndpointLine:
    """Return an endpoint in words; `at` is now in the shop's zone."""
    is_all = len(row.events) == len(ASKED_FOR)
    told_of = "Everything" if is_all else listed([Happened(one).label for one in row.events])
    state = "on" if row.is_active else "ended" if row.disabled_reason else "off"
    failing = ""
    if row.is_active and row.failing_since:
        state, failing = "failing", f"Nothing taken since {show_moment(row.failing_since, at)}"
    return EndpointLine(
        str(row.id), row.url, row.description, told_of, row.events, state, row.disabled_reason or failing,
        ago(row.last_success_at, at) if row.last_success_at else NONE, f"/settings/webhooks/{row.id}",
    )  # fmt: skip


class WebhooksState(AskState, ListState, rx.State):
    """`asking` is one of `QUESTIONS`."""

    rows: list[EndpointLine] = []
    secret: str = ""
    """The new secret, until its dialog is closed."""

    def _fields(self) -> frozenset[str]:
        return frozenset({"url", "events", "description"})

    def _questions(self) -> frozenset[str]:
        return QUESTIONS

    def _list(self) -> ListSpec[EndpointRow]:
        return WEBHOOKS

    def _path(self) -> str:
        return "/settings/webhooks"

    def _export_path(self) -> str:
        return "/api/v1/webhook-endpoints/export"

    async def _read_page(self, session: Session, actor: Actor, query: ListQuery) -> Page[EndpointRow]:
        return await list_webhooks(session, actor, query)

    async def _lines(self, session: Session, actor: Actor, items: list[EndpointRow]) -> list[EndpointLine]:
        at = await shop_now(session)
        return [endpoint_line(row, at) for row in items]

    @rx.var
    def chosen(self) -> EndpointLine:
        """The endpoint a dialog is about."""
        return next((row for row in self.rows if row.id == self.about), EndpointLine())

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def hide(self, open: bool = False) -> None:
        if not open:
            self.secret = ""

    @rx.event
    @submits
    @needs(Permission.WEBHOOKS_ADMIN)
    async def create(self, form: dict[str, Any]) -> None:
        """Make an endpoint and show its secret, once."""
        actor = await signed_in(self)
        async with transaction() as session:
            made = await create_endpoint(session, actor, **_told(form))
        self._shut()
        await self._read()
        self.secret = made.secret

    @rx.event
    @submits
    @needs(Permission.WEBHOOKS_ADMIN)
    async def change(self, form: dict[str, Any]) -> Any:
        """Change where an endpoint is, what it is told of, or what it is called."""
        actor = await signed_in(self)
        async with transaction() as session:
            await change_endpoint(session, actor, parse_id(self.about, "endpoint"), _told(form))
        self._shut()
        await self._read()
        return toast_done("Saved", "Its secret stays.")

    @rx.event
    @guarded
    @needs(Permission.WEBHOOKS_ADMIN)
    async def turn(self, endpoint_id: str, on: bool) -> Any:
        """Pause an endpoint, or let it go on."""
        actor, goes_on = await signed_in(self), on is True
        async with transaction() as session:
            await change_endpoint(session, actor, parse_id(str(endpoint_id), "endpoint"), {"is_active": goes_on})
        await self._read()
        return toast_done("It goes on", "What waited is sent.") if goes_on else toast_done("Paused")

    @rx.event
    @guarded
    @needs(Permission.WEBHOOKS_ADMIN)
    async def test(self, endpoint_id: str) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await send_test(session, actor, parse_id(str(endpoint_id), "endpoint"))
        return toast_done("A test is on its way", "What becomes of it stands among the endpoint's deliveries.")

    @rx.event
    @guarded
    @needs(Permission.WEBHOOKS_ADMIN)
    async def renew(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            made = await renew_secret(session, actor, parse_id(self.about, "endpoint"))
        self._shut()
        self.secret = made.secret

    @rx.event
    @guarded
    @needs(Permission.WEBHOOKS_ADMIN)
    async def remove(self) -> Any:
        actor = await signed_in(self)
        async with transaction() as session:
            await delete_endpoint(session, actor, parse_id(self.about, "endpoint"))
        self._shut()
        await self._read()
        return toast_done("Endpoint removed", "It is told nothing more.")


def _told(form: dict[str, Any]) -> dict[str, Any]:
    events = [one.value for one in ASKED_FOR if typed(form, TELL + one.value)]
    return {"url": typed(form, "url"), "events": events, "description": typed(form, "description")}
