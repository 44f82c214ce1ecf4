"""What one person may ask of the shop: everything about them, to be left out of profiles, to be erased."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import reflex as rx

from liquor_app.accounts.list_exports import export_link
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import may
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.models import UNFINISHED, JobStatus
from liquor_app.core.queue import get_job
from liquor_app.customers.erasing.models import Ground
from liquor_app.customers.objections import record_objection
from liquor_app.customers.service import get_customer
from liquor_app.privacy.erase import request_erasure
from liquor_app.privacy.export_person import request_person_export
from liquor_app.privacy.mentions import MentionRow, find_mentions
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.background import background
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done, toast_failed
from liquor_app.ui.words import plural

WATCH_SECONDS, WATCH_EVERY = 600, 0.4
WORD = "erase"
"""What must be typed before somebody is erased."""
SHOWN = 20
"""Places that name somebody, in the question whether to erase them; the others are counted."""
KINDS = {
    "message_templates": "Template", "template_versions": "Template", "custom_fields": "Custom field",
    "webhook_endpoints": "Webhook", "brands": "Brand", "products": "Product", "tags": "Tag",
    "segments": "Segment", "campaigns": "Campaign", "coupon_pools": "Coupon pool", "imports": "Imported file",
    "drop_files": "Dropped file",
}  # fmt: skip


@dataclass
class MentionLine:
    """A place that names them, as the question shows it."""

    kind: str
    name: str
    link: str


class PrivacyState(FormState, DetailState, rx.State):
    """`mentions` are places of the shop's own words that name them, `asking` while the question stands whether to
    erase; `file_url` once everything about them is written."""

    objects: bool = False
    who: str = ""
    asking: bool = False
    mentions: list[MentionLine] = []
    mentions_more: str = ""
    templates_too: bool = False
    has_templates: bool = False
    working: bool = False
    file_url: str = ""
    report: str = ""
    _job: str = ""

    def _noun(self) -> str:
        return "customer"

    def _fields(self) -> frozenset[str]:
        return frozenset({"ground", "word"})

    def _asked(self) -> bool:
        return self.asking

    def _shut(self) -> None:
        self.asking = False

    async def _read(self) -> None:
        actor, customer_id = await signed_in(self), self._id()
        async with transaction() as session:
            row = await get_customer(session, actor, customer_id)
        self.objects, self.who = row.profiling_objected_at is not None, row.name or "this customer"

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def object(self, on: bool) -> Any:
        """Record that they object to being profiled, or do no more."""
        actor = await signed_in(self)
        async with transaction() as session:
            await record_objection(session, actor, parse_id(last_part(self), "customer"), objects=on)
        self.objects = on
        told = "No plan chooses them and they are not scored." if on else "They are scored again with the next scoring."
        return [CustomerState.load, toast_done("Objection recorded" if on else "Objection taken back", told)]

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_PRIVATE)
    async def export(self) -> Any:
        """Have everything about them written into a file."""
        actor = await signed_in(self)
        async with transaction() as session:
            job = await request_person_export(session, actor, parse_id(last_part(self), "customer"))
        self._job, self.working, self.file_url, self.report = str(job), True, "", ""
        return PrivacyState.watch

    @background
    @needs(Permission.OWN_FILES)
    async def watch(self) -> Any:
        """Follow the job to its end, as long as this tab waits for it."""
        async with self:
            mine = self._job
        for _ in range(round(WATCH_SECONDS / WATCH_EVERY)):
            async with self:
                if not mine or self._job != mine:
                    return None
                actor = await signed_in(self)
                async with transaction() as session:
                    job = await get_job(session, parse_id(mine, "job"))
                    ready = job.status is JobStatus.SUCCEEDED
                    link = await export_link(session, actor, job.id) if ready else None
                if job.status not in UNFINISHED:
                    self.working, self._job = False, ""
                    if link is None:
                        return toast_failed("Not written", job.error or "Please try again.")
                    self.file_url = link.url
                    self.report = f"{plural(link.rows, 'row')}, ready for a quarter of an hour."
                    return None
            await asyncio.sleep(WATCH_EVERY)
        return None

    @rx.event
    @guarded
    @needs(Permission.OWN_FILES)
    async def ask(self) -> None:
        """Ask whether to erase them, and show where the shop's own words name them."""
        self._fresh()
        actor, found = await signed_in(self), list[MentionRow]()
        if may(actor, Permission.CUSTOMERS_ADMIN):
            async with transaction() as session:
                found = await find_mentions(session, actor, parse_id(last_part(self), "customer"))
        self.mentions = [
            MentionLine(
                KINDS.get(one.place, "Setting") + ("" if one.is_certain else " (may mean them)"), one.name, one.link
            )
            for one in found[:SHOWN]
        ]
        self.mentions_more = plural(len(found) - SHOWN, "more place") if len(found) > SHOWN else ""
        self.has_templates, self.templates_too = any(one.can_be_scrubbed for one in found), False
        self.asking = True

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_ADMIN)
    async def choose_templates(self, on: bool) -> None:
        """Have their name taken out of templates, too, or not."""
        self.templates_too = on

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_ADMIN)
    async def erase(self, form: dict[str, Any]) -> Any:
        """Erase them: at once for whoever looks, and a job scrubs what is kept."""
        actor, said = await signed_in(self), typed(form, "ground")
        if said not in set(Ground):
            raise Invalid("Say why.", field="ground")
        if typed(form, "word").strip().lower() != WORD:
            raise Invalid(f"Type “{WORD}”: it cannot be taken back.", field="word")
        async with transaction() as session:
            asked = await request_erasure(
                session, actor, parse_id(last_part(self), "customer"), ground=Ground(said), confirmed=True,
                in_templates=self.templates_too,
            )  # fmt: skip
        self.asking = False
        told = f"{plural(asked.cancelled_messages, 'message')} cancelled. What is kept is scrubbed within minutes."
        return [rx.redirect("/customers"), toast_done("Erased", told)]
