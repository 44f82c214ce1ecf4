"""What the shell around every page shows: the shop, the bell, the palette, the sample's banner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.analytics.shell_counts import shell_counts
from liquor_app.campaigns.lists import list_campaigns
from liquor_app.core.db import transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.bell import list_notifications, mark_notifications_read
from liquor_app.organization.service import default_brand, request_sample_clear
from liquor_app.organization.settings import GeneralSettings, load_settings, shop_now
from liquor_app.organization.shop_identity import missing_identity
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.screens.shell.places import places_named
from liquor_app.segments.lists import list_customers
from liquor_app.sending.stop_all import StopRow, held_words, read_stop, resume_all_sending, stop_all_sending
from liquor_app.ui.frame.notices import Notice
from liquor_app.ui.frame.palette import Hit
from liquor_app.ui.frame.trouble import RELOAD
from liquor_app.ui.live_updates import follow
from liquor_app.ui.toast import toast_done
from liquor_app.ui.words import currency_sign, figure, plural, short_age, show_moment

KINDS = {"info": "plain", "warning": "warning", "success": "good", "error": "failed", "approval": "act"}


class ShellState(rx.State):
    """Loaded with every page, refreshed by notices."""

    brand: str = "Liquor Marketing"
    sign: str = "$"
    """The shop's currency, where a page writes it beside a field or an axis."""
    is_sample: bool = False
    lacks: str = ""
    """What the shop has to be given before anything is sent."""
    counts: dict[str, str] = {}
    notices: list[Notice] = []
    unread: int = 0
    hits: list[Hit] = []
    searching: bool = False
    query: str = ""
    stopped: str = ""
    """By whom and since when all sending is stopped, and what waits; empty while it is not."""
    asking_to_stop: bool = False
    asking_to_clear: bool = False
    typed: str = ""

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def load(self) -> None:
        await self._refresh()

    async def _refresh(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            general = await load_settings(session, GeneralSettings)
            lacks = missing_identity(await default_brand(session))
            at = await shop_now(session)
            counts = await shell_counts(session, actor)
            rows = await list_notifications(session, actor)
            self.stopped = stop_words(await read_stop(session, actor), at)
        self.brand, self.is_sample, self.lacks = general.organization_name, general.is_sample, lacks
        self.sign = currency_sign()
        self.counts = {route: figure(count) for route, count in counts.items()}
        self.notices = [
            Notice(
                str(row.id), KINDS.get(row.level, "plain"), row.title, row.body, short_age(row.created_at, at),
                row.link or "#", not row.is_read,
            )
            for row in rows
        ]  # fmt: skip
        self.unread = sum(notice.new for notice in self.notices)

    @background
    @needs(Permission.APP)
    async def live(self) -> Any:
        async for _ in follow(self, "notifications"):
            async with self:
                was_sample = self.is_sample
                await self._refresh()
                is_gone = was_sample and not self.is_sample
            if is_gone:  # whatever else the page shows is of the sample, too
                return RELOAD
        return None

    @rx.event
    @guarded
    @needs(Permission.OWN_ACCOUNT)
    async def read_all(self) -> None:
        actor = await signed_in(self)
        async with transaction() as session:
            await mark_notifications_read(session, actor)
        await self._refresh()

    @rx.event
    @needs(Permission.APP)
    async def look(self, open: bool) -> None:
        self.searching, self.query, self.hits = bool(open), "", []

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def search(self, query: str) -> None:
        """People, campaigns and pages whose name matches; five of each."""
        actor = await signed_in(self)
        self.query = str(query)[:100]
        if len(self.query.strip()) < 2:
            self.hits = []
            return
        async with transaction() as session:
            people = await list_customers(session, actor, ListQuery(search=self.query, limit=5))
            plans = await list_campaigns(session, actor, ListQuery(search=self.query, limit=5))
        found = [
            Hit("customer", row.name or row.email or row.phone or "Unnamed", row.email or row.phone or "",
                f"/customers/{row.id}")
            for row in people.items
        ]  # fmt: skip
        found += [
            Hit("campaign", row.name, row.status.value.replace("_", " "), f"/campaigns/{row.id}") for row in plans.items
        ]
        found += [Hit("page", page.title, "", page.route) for page in places_named(self.query, actor.role.value, 5)]
        self.hits = headed(found)

    @rx.event
    @needs(Permission.APP)
    async def ask_to_stop(self, open: bool) -> None:
        self.asking_to_stop = bool(open)

    @rx.event
    @guarded
    @needs(Permission.SENDS_WRITE)
    async def stop_sending(self) -> Any:
        """Stop everything that leaves the house; says what that stopped."""
        actor = await signed_in(self)
        self.asking_to_stop = False
        async with transaction() as session:
            row = await stop_all_sending(session, actor)
        await self._refresh()
        words = held_words(row)
        return toast_done("All sending is stopped", f"{words[:1].upper()}{words[1:]}.")

    @rx.event
    @guarded
    @needs(Permission.SENDS_WRITE)
    async def resume_sending(self) -> Any:
        """Go on where it was stopped."""
        actor = await signed_in(self)
        async with transaction() as session:
            row = await resume_all_sending(session, actor)
        await self._refresh()
        return toast_done("Sending goes on", f"{plural(len(row.campaigns), 'campaign')} running again.")

    @rx.event
    @needs(Permission.APP)
    async def ask_to_clear(self, open: bool) -> None:
        self.asking_to_clear, self.typed = bool(open), ""

    @rx.event
    @needs(Permission.APP)
    async def type_word(self, typed: str) -> None:
        self.typed = str(typed)[:20]

    @rx.event
    @guarded
    @needs(Permission.DATA_ADMIN)
    async def clear_sample(self) -> Any:
        """Remove the sample; a job does it, the bell tells when it is done."""
        actor = await signed_in(self)
        self.asking_to_clear = False
        async with transaction() as session:
            await request_sample_clear(session, actor)
        return toast_done("Clearing the sample", "Your own customers, if any, stay. The bell rings when it is done.")


def stop_words(row: StopRow, at: datetime) -> str:
    """Tell that all sending is stopped, and what waits; nothing if it is not."""
    if not row.stopped or row.stopped_at is None:
        return ""
    since = show_moment(datetime.fromisoformat(row.stopped_at), at)
    return f"All sending was stopped by {row.stopped_by}, {since}: {held_words(row)}."


def headed(hits: list[Hit]) -> list[Hit]:
    """Mark the first hit of each kind with its heading."""
    names = {"customer": "Customers", "campaign": "Campaigns", "page": "Pages"}
    seen: set[str] = set()
    made = []
    for hit in hits:
        heading = "" if hit.kind in seen else names.get(hit.kind, "")
        seen.add(hit.kind)
        made.append(Hit(hit.kind, hit.title, hit.detail, hit.href, heading))
    return made
