"""After a crash: nothing is lost, nothing is sent twice, and what nobody can know is said to be unknown."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.action_status import skip_cancelled
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, NotFound, Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.core.pubsub import publish
from liquor_app.ledger.stale_leases import (
    ask_later,
    cancel_sends,
    close_orphans,
    mark_unknown,
    old_unknowns,
    send_after_all,
    take_expired,
    unclaim_expired,
)
from liquor_app.organization.service import notify
from liquor_app.organization.settings import SendingSettings, load_settings
from liquor_app.providers.kit.base import Handed, Outcome, Provider, SendResult
from liquor_app.providers.service import load_routes
from liquor_app.sending.fast_forward import keep_playing
from liquor_app.sending.pipeline.results import MAX_RETRIES, record_accepted
from liquor_app.sending.pipeline.routing import Routes
from liquor_app.sending.service import resend, settle_unknown
from liquor_app.ui.words import figure

log = logging.getLogger(__name__)

LOOKUP_LIMIT = 200
LEASE_SECONDS = 60.0
GIVE_UP = timedelta(hours=1)
"""How long beyond its grace a provider may refuse to answer a look-up before the outcome is called unknown."""

ASK_AGAIN = timedelta(minutes=10)

CANCELLED = "campaign_cancelled"
CUSTOMER_GONE = "customer_deleted"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a round found: claims given back, messages the provider had taken, messages to be sent after all, and
    outcomes nobody can know."""

    unclaimed: int = 0
    found: int = 0
    resent: int = 0
    unknown: int = 0
    cancelled: int = 0


async def recover_once(routes: Routes | None = None, *, lease_seconds: float = LEASE_SECONDS) -> Recovered:
    """Return one round. Safe to run at any time, on several workers at once; `lease_seconds` outlasts a look-up.

    Raises:
        Unavailable, Conflict: the database cannot be reached or two rounds collided; the next round does it.
    """
    own = routes or Routes()
    try:
        async with transaction() as session:
            unclaimed = await unclaim_expired(session)
            cancelled = await cancel_sends(session)
            await skip_cancelled(session, CANCELLED)
            await close_orphans(session, CUSTOMER_GONE)
            await keep_playing(session)
        token = uuid7()
        async with transaction() as session:
            rows = await take_expired(session, token, limit=LOOKUP_LIMIT, lease_seconds=lease_seconds)
            configs = {
                (route.channel.value, route.provider): route.config
                for route in (await load_routes(session, even_closed=True) if rows else [])
            }
        groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for row in rows:
            groups[row.channel, row.provider or ""].append(row)
        found = resent = unknown = 0
        for (channel, name), group in groups.items():
            provider = own.open(name, configs.get((channel, name)))
            some = await _resolve(token, provider, group)
            found, resent, unknown = found + some[0], resent + some[1], unknown + some[2]
        return Recovered(unclaimed, found, resent, unknown, cancelled)
    finally:
        if routes is None:
            await own.aclose()


async def _resolve(token: UUID, provider: Provider | None, rows: list[Any]) -> tuple[int, int, int]:
    """Found, sent again, unknown."""
    grace = provider.lookup_grace if provider else None
    if provider is None or grace is None:
        return 0, 0, await _call_unknown(token, rows, "The provider cannot tell whether it took this message.")
    try:
        taken = await provider.lookup([Handed(row.id, row.recipient) for row in rows])
    except Unavailable as problem:
        log.warning("look-up at %s: %s", provider.name, problem.message)
        old = [row for row in rows if row.age > grace + GIVE_UP]
        await _wait(token, [(row, timedelta(seconds=30)) for row in rows if row not in old])
        return 0, 0, await _call_unknown(token, old, "The provider could not be asked for an hour.", again=ASK_AGAIN)
    async with transaction() as session:
        accepted = [SendResult(row.id, Outcome.ACCEPTED, taken[row.id]) for row in rows if row.id in taken]
        found = await record_accepted(session, accepted)
        missing = [row for row in rows if row.id not in taken and row.age > grace]
        resent = await send_after_all(session, token, [row.id for row in missing], most=MAX_RETRIES)
        for campaign_id in {row.campaign_id for row in rows}:
            publish(session, f"campaign:{campaign_id}", {"recovered": found})
    stuck = [row for row in missing if row.id not in resent]
    await _wait(token, [(row, grace - row.age) for row in rows if row.id not in taken and row.age <= grace])
    note = f"No answer {MAX_RETRIES} times, and the provider knows nothing of it."
    unknown = await _call_unknown(token, stuck, note)
    return found, len(resent), unknown


async def _wait(token: UUID, rows: list[tuple[Any, timedelta]]) -> None:
    if rows:
        async with transaction() as session:
            await ask_later(session, token, [(row.id, pause) for row, pause in rows])


async def _call_unknown(token: UUID, rows: list[Any], note: str, *, again: timedelta | None = None) -> int:
    """`again`: when to ask once more; those that were unknown already are not announced a second time."""
    if not rows:
        return 0
    async with transaction() as session:
        count = await mark_unknown(session, token, [row.id for row in rows], note, again=again)
        if count:
            await notify(
                session,
                title=f"{figure(count)} messages have an unknown outcome",
                body=f"{note} Decide for each: sent, or send again.",
                link="/outbox?status=unknown",
                level="warning",
            )
            for campaign_id in {row.campaign_id for row in rows}:
                publish(session, f"campaign:{campaign_id}", {"unknown": count})
    return count


async def settle_by_policy() -> int:
    """Tell what nobody could know for long enough is settled as the settings say; returns how many."""
    async with transaction() as session:
        settings = await load_settings(session, SendingSettings)
        if settings.unknown_policy == "leave":
            return 0
        ids = await old_unknowns(session, settings.unknown_hours)
    settled = 0
    for send_id in ids:
        try:
            async with transaction() as session:
                if settings.unknown_policy == "sent":
                    await settle_unknown(session, SYSTEM, send_id, was_sent=True)
                else:
                    await resend(session, SYSTEM, send_id)
                    await settle_unknown(session, SYSTEM, send_id, was_sent=False)
            settled += 1
        except (Conflict, NotFound) as problem:
            log.info("message %s stays unknown: %s", send_id, problem.message)
    return settled
