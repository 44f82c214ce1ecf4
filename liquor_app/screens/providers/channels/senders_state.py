"""The domains we send as: what a check of each found, and a form for what only the shop knows of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.models import JobStatus
from liquor_app.organization.settings import shop_now
from liquor_app.providers.config_forms import provider_name
from liquor_app.providers.sender_check.findings import Finding, Verdict
from liquor_app.providers.sender_check.sender_checks import SenderRow, list_senders, request_check, tell_keys
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.background import background
from liquor_app.screens.session.job_end import end_of
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done, toast_failed, toast_warning
from liquor_app.ui.words import ago

LOOKS = {
    Verdict.GOOD: ("Fine", "green"),
    Verdict.BETTER: ("Could be better", "blue"),
    Verdict.UNKNOWN: ("Not known", "gray"),
    Verdict.WRONG: ("Wrong", "red"),
}


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One thing a check found, and the record to publish, if one is."""

    topic: str = ""
    word: str = ""
    tone: str = ""
    words: str = ""
    place: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class SenderLine:
    """A domain with a provider; `key` tells them apart."""

    key: str
    domain: str
    detail: str
    word: str
    tone: str
    when: str
    findings: list[FindingLine]


def finding_line(one: Finding) -> FindingLine:
    word, tone = LOOKS[one.verdict]
    place = f"{one.kind} record at {one.name}" if one.record else ""
    return FindingLine(one.topic.value, word, tone, f"{one.words} {one.why}".strip(), place, one.record)


def sender_line(row: SenderRow, at: datetime) -> SenderLine:
    word, tone = LOOKS[row.last.verdict]
    carried = f"by {provider_name(row.provider)}" if row.provider else "by no provider yet"
    when = f"checked {ago(row.last.checked_at, at)}" if row.last.checked_at else ""
    return SenderLine(
        _key(row), row.domain, f"{row.brands}, {carried}", word if row.last.checked_at else "Never checked",
        tone if row.last.checked_at else "gray", when, [finding_line(one) for one in row.last.findings],
    )  # fmt: skip


def _key(row: SenderRow) -> str:
    return f"{row.domain} {row.provider}"


class SendersState(FormState, rx.State):
    """`telling` is the domain and provider whose form is open; empty for none."""

    senders: list[SenderLine] = []
    loading: bool = True
    checking: str = ""
    """The job under way."""
    telling: str = ""
    selectors: str = ""
    envelope: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({"selectors", "envelope"})

    def _asked(self) -> bool:
        return bool(self.telling)

    def _shut(self) -> None:
        self.telling = ""

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_READ)
    async def load(self) -> None:
        await self._look()

    async def _look(self) -> list[SenderRow]:
        actor = await signed_in(self)
        async with transaction() as session:
            rows = await list_senders(session, actor)
            at = await shop_now(session)
        self.senders, self.loading = [sender_line(row, at) for row in rows], False
        return rows

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_READ)
    async def tell(self, key: str) -> None:
        """Open the form of one domain."""
        row = next((one for one in await self._look() if _key(one) == key), None)
        if row is None:
            return
        self._fresh()
        self.telling, self.selectors, self.envelope = key, ", ".join(row.selectors), row.envelope

    @rx.event
    @submits
    @needs(Permission.CHANNELS_ADMIN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Keep it, and look again."""
        actor = await signed_in(self)
        domain, _, provider = self.telling.partition(" ")
        async with transaction() as session:
            await tell_keys(
                session, actor, domain, provider, selectors=typed(form, "selectors"), envelope=typed(form, "envelope")
            )
            self.checking = str(await request_check(session, actor))
        self.telling = ""
        return SendersState.watch

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_ADMIN)
    async def check(self) -> Any:
        """Look at every domain now."""
        actor = await signed_in(self)
        async with transaction() as session:
            self.checking = str(await request_check(session, actor))
        return SendersState.watch

    @background
    @needs(Permission.CHANNELS_READ)
    async def watch(self) -> Any:
        """Wait for the check under way, then show what it found."""
        async with self:
            job = self.checking
        if not job:
            return None
        ended = await end_of(job)
        async with self:
            self.checking = ""
            await self._look()
            if ended is None:
                return toast_warning("The check goes on", "It takes longer than usual; this is what is known so far.")
            if ended.status is not JobStatus.SUCCEEDED:
                return toast_failed("The check failed", ended.error or "This is what the last one found.")
            return toast_done("Checked", "As the DNS answers now; a record may take hours to be seen everywhere.")
