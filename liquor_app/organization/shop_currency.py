"""The currency the shop tells money in. Every request, event and job asks for it, so a process keeps it for a moment:
what another process changed is heard by a hint, and without one seen after `KEPT_SECONDS`."""

from __future__ import annotations

import time

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.db import after_commit
from liquor_app.core.money import DEFAULT_CURRENCY, use_currency
from liquor_app.core.platform.runtime_info import database_url
from liquor_app.core.pubsub import Message, hub, publish

KEPT_SECONDS = 2.0
TOPIC = "settings"
_CURRENCY = "SELECT value ->> 'currency' FROM settings WHERE key = 'general'"
_kept: dict[str, tuple[str, float]] = {}
"""By the database's URL: the currency, and until when it is kept (monotonic seconds)."""


async def speak_in_shop_currency(session: AsyncSession) -> None:
    """Have this task tell money in the shop's currency; called where an event, a request or a job comes in."""
    url, at = database_url(), time.monotonic()
    kept = _kept.get(url)
    if kept is None or at >= kept[1]:
        found = await session.execute(text(_CURRENCY))
        kept = _kept[url] = (found.scalar() or DEFAULT_CURRENCY, at + KEPT_SECONDS)
    use_currency(kept[0])


def forget_currency(hint: Message | None = None) -> None:
    """Have the next who asks read it again; `hint` is what told of a change."""
    _kept.clear()


async def _forget() -> None:
    forget_currency()


def announce_settings(session: AsyncSession) -> None:
    """Have every process read the shop's settings again, once this commits."""
    after_commit(session, _forget)
    publish(session, TOPIC, {})


hub.heed(TOPIC, forget_currency)
