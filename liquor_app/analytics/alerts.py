"""What needs somebody: few things, each with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, may, require
from liquor_app.analytics.bounce_rates import SenderHealth, sender_health
from liquor_app.analytics.service import Day, daily
from liquor_app.core.clock import now
from liquor_app.imports.models import ImportStatus
from liquor_app.organization.sending_switch import load_sending_switch
from liquor_app.organization.settings import shop_today
from liquor_app.scoring.models import ModelStatus
from liquor_app.ui.words import figure, percent, plural, show_weekday

LOOK_BACK, WEEKS = 7, 4
"""Finished days that are looked at for purchases that are missing, and weeks before them that say what is usual."""
COMPLAINTS_WARN, COMPLAINTS_STOP = 0.001, 0.003
"""Of messages sent: above the first mailbox providers warn, above the second they refuse (Gmail's and Yahoo's rules for
bulk senders)."""
BOUNCES_WARN = 0.02
MOST_IMPORTS = 3
CHANNELS = {"email": "e-mails", "sms": "texts"}
_IMPORTS = f"""
SELECT id, file_name, status, rows, rejected FROM imports
 WHERE created_at > CAST(:now AS timestamptz) - make_interval(days => {LOOK_BACK})
   AND (status = '{ImportStatus.FAILED}' OR (status = '{ImportStatus.COMPLETED}' AND rejected > 0))
 ORDER BY created_at DESC LIMIT {MOST_IMPORTS}
"""
_DRIFTED = f"""
SELECT kind FROM model_versions WHERE status = '{ModelStatus.ACTIVE}' AND metrics -> 'drift' ->> 'level' = 'shifted'
 ORDER BY kind
"""


class AlertLevel(StrEnum):
    """How bad it is."""

    BAD = "bad"
    """Something does not work, or will not for long."""
    LOOK = "look"
    """Figures may be wrong, or something is on its way to be."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that needs somebody; `page` is where it is looked at or put right, empty for who may not open it."""

    key: str
    level: AlertLevel
    words: str
    page: str


async def read_alerts(session: AsyncSession, actor: Actor) -> list[Alert]:
    """Return what needs somebody, the worst first. Of imports only who may see them is told.

    Raises:
        Forbidden: the actor may not read figures.
    """
    require(actor, Permission.ANALYTICS_READ)
    found = list[Alert]()
    switch = await load_sending_switch(session)
    if switch.stopped:
        by = f" by {switch.stopped_by}" if switch.stopped_by else ""
        found.append(Alert("stopped", AlertLevel.BAD, f"All sending was stopped{by}: nothing leaves.", "/outbox"))
    channels = "/settings/channels" if may(actor, Permission.CHANNELS_READ) else ""
    found += [replace(one, page=channels) for one in health_alerts(await sender_health(session, actor))]
    today = await shop_today(session)
    days = await daily(session, actor, today - timedelta(days=LOOK_BACK + 7 * WEEKS), today - timedelta(days=1))
    if missing := missing_days(days):
        named = ", ".join(show_weekday(one) for one in missing)
        words = f"No purchase is on record for {named}, though there usually are some: a till's file may be missing."
        page = "/customers/import" if may(actor, Permission.IMPORTS_WRITE) else ""
        found.append(Alert("days", AlertLevel.LOOK, words, page))
    if may(actor, Permission.IMPORTS_READ):
        found += await _imports(session)
    for kind in (await session.execute(text(_DRIFTED))).scalars():
        words = f"Customers have changed since the {kind} model was fitted: its scores may be off until it is anew."
        found.append(Alert(f"drift_{kind}", AlertLevel.LOOK, words, "/models"))
    return sorted(found, key=lambda one: one.level is not AlertLevel.BAD)


def missing_days(days: Sequence[Day]) -> list[date]:
    """Return the last days without a purchase on weekdays that had some in each of the four weeks before: a shop that
    is closed on Sundays is told nothing."""
    known = {one.day: one.orders for one in days}
    last = [one.day for one in days][-LOOK_BACK:]
    return [
        day for day in last
        if not known[day] and all(known.get(day - timedelta(weeks=nth)) for nth in range(1, WEEKS + 1))
    ]  # fmt: skip


def health_alerts(health: Sequence[SenderHealth]) -> list[Alert]:
    """Return what mailbox providers and carriers will hold against the shop."""
    found = []
    for one in health:
        what = f"of the last thirty days' {CHANNELS[one.channel]}"
        if one.complaint_share is not None and one.complaint_share >= COMPLAINTS_WARN:
            is_bad = one.complaint_share >= COMPLAINTS_STOP
            words = (
                f"{percent(one.complaint_share, 2)} {what} were called spam, above the"
                f" {percent(COMPLAINTS_STOP if is_bad else COMPLAINTS_WARN, 1)} at which mailbox providers"
                f" {'refuse' if is_bad else 'warn'}."
            )
            level = AlertLevel.BAD if is_bad else AlertLevel.LOOK
            found.append(Alert(f"spam_{one.channel}", level, words, "/settings/channels"))
        if one.bounce_share is not None and one.bounce_share >= BOUNCES_WARN:
            words = f"{percent(one.bounce_share, 1)} {what} came back."
            found.append(Alert(f"bounces_{one.channel}", AlertLevel.LOOK, words, "/settings/channels"))
    return found


async def _imports(session: AsyncSession) -> list[Alert]:
    found = []
    for row in await session.execute(text(_IMPORTS), {"now": now()}):
        name = f"“{row.file_name}”"
        if row.status == ImportStatus.FAILED:
            words, level = f"The file {name} could not be taken in.", AlertLevel.BAD
        else:
            words = f"Of the file {name}, {figure(row.rejected)} of {plural(row.rows, 'row')} were refused."
            level = AlertLevel.LOOK
        found.append(Alert(f"import_{row.id}", level, words, f"/customers/import?import={row.id}"))
    return found
