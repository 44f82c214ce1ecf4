"""The shop's general settings, kept by each process for a moment: every request, event and job asks for the currency,
most for the shop's day. What another process changed is heard by a hint, and without one seen after `KEPT_SECONDS`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.db import after_commit
from liquor_app.core.platform.runtime_info import database_url
from liquor_app.core.pubsub import Message, hub, publish

KEPT_SECONDS = 2.0
TOPIC = "settings"
_CHANGED = "liquor_settings_changed"
_GENERAL = "SELECT value FROM settings WHERE key = 'general'"


class _Memory:
    """What this process keeps, by the database's URL: what is saved, and until when (monotonic seconds)."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Mapping[str, Any], float]] = {}
        self.times_forgotten = 0
        """What was read before the last time is not kept."""


_memory = _Memory()


async def general_saved(session: AsyncSession) -> Mapping[str, Any]:
    """Return what is saved of the general settings, as of `KEPT_SECONDS` ago at most; what this transaction changed
    itself it reads, and nobody else before it commits. Not to be changed. A corridor."""
    url, at = database_url(), time.monotonic()
    is_own = bool(session.info.get(_CHANGED))
    kept = _memory.kept.get(url)
    if is_own or kept is None or at >= kept[1]:
        before = _memory.times_forgotten
        found: Mapping[str, Any] = (await session.execute(text(_GENERAL))).scalar() or {}
        kept = (found, at + KEPT_SECONDS)
        if not is_own and before == _memory.times_forgotten:
            _memory.kept[url] = kept
    return kept[0]


def forget_general(hint: Message | None = None) -> None:
    """Have the next who asks read it again; `hint` is what told of a change."""
    _memory.times_forgotten += 1
    _memory.kept.clear()


async def _forget() -> None:
    forget_general()


def announce_settings(session: AsyncSession) -> None:
    """Have every process read the shop's settings again, once this commits."""
    session.info[_CHANGED] = True
    after_commit(session, _forget)
    publish(session, TOPIC, {})


hub.heed(TOPIC, forget_general)
