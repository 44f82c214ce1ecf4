"""A shop that loaded the sample when redemptions stood as conversions is given the same rows as one that loads it now,
and the response model learns from the same answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool, text

from liquor_app.core import config, db
from liquor_app.core.platform import migrate
from liquor_app.demo.load import load_sample

pytestmark = pytest.mark.integration
_SENDS = """
SELECT s.id, s.redeemed_at, s.converted_at, s.conversion_value, s.conversion_inferred FROM sends s ORDER BY s.id
"""
_EVENTS = """
SELECT e.event_type, e.send_id, e.occurred_at, e.properties ->> 'value', e.properties ->> 'purchase_id',
       e.properties ->> 'basket' FROM analytics_events e WHERE e.event_type IN ('conversion', 'redemption')
 ORDER BY e.send_id, e.occurred_at, e.properties ->> 'basket'
"""
_COUNTED = """
SELECT id, redeemed, conversions, revenue_generated FROM campaigns ORDER BY id
"""
_DAYS = """
SELECT day, campaign_id, sends, carried, simulated, redeemed, conversions, revenue FROM daily_messages ORDER BY 1, 2
"""
_BEFORE = """
SELECT count(*), count(converted_at), count(*) FILTER (WHERE conversion_value > 0),
       (SELECT count(*) FROM analytics_events WHERE event_type = 'conversion') FROM sends
"""


def _rows(connection: Connection) -> list[list[Any]]:
    return [[tuple(row) for row in connection.execute(text(one))] for one in (_SENDS, _EVENTS, _COUNTED, _DAYS)]


@pytest.fixture
async def own(copied_database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A database whose schema may go back and forth, the application pointed at it."""
    monkeypatch.setenv("DATABASE_URL", copied_database)
    config.get_settings.cache_clear()
    yield copied_database
    await db.dispose()
    monkeypatch.undo()
    config.get_settings.cache_clear()


async def test_a_sample_loaded_before_becomes_what_it_is_now(own: str) -> None:
    async with db.transaction() as session:
        await load_sample(session)
    engine = create_engine(own, poolclass=pool.NullPool)
    with engine.connect() as connection:
        now = _rows(connection)
    before = ScriptDirectory.from_config(migrate.alembic_config(own)).get_revision("0122").down_revision
    await db.dispose()
    migrate.downgrade(own, str(before))
    with engine.connect() as connection:
        assert tuple(connection.execute(text(_BEFORE)).one()) == (5_117, 618, 133, 908), "every redemption an order"
        learned = dict(connection.execute(text("SELECT id, converted_at FROM sends")).all())
    migrate.upgrade(own)
    with engine.connect() as connection:
        again = _rows(connection)
        answered = dict(connection.execute(text("SELECT id, LEAST(redeemed_at, converted_at) FROM sends")).all())
    for was, is_now in zip(now, again, strict=True):
        assert was == is_now
    assert answered == learned, "the response model learns from the same answers"
