"""Bulk parameters: SQL and arrays of one declaration, and nobody writes them by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text

from liquor_app.core.bulk import unnest
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.coupons.models import Coupon
from liquor_app.ledger.models import Send

BY_HAND = {
    "liquor_app/actions/audience.py": "one array in a statement that is put together",
    "liquor_app/analytics/daily_rollups.py": "one array in a statement that is put together",
    "liquor_app/core/bulk.py": "the kit",
    "liquor_app/events/service.py": "arrays handed on from one statement to the next, unread",
    "liquor_app/ledger/fence_rows.py": "psycopg's binary protocol, for the bodies of messages",
    "liquor_app/segments/hand_picked.py": "one array in a statement that is put together",
}


def test_nobody_unnests_by_hand() -> None:
    """May only shrink."""
    found = {
        str(path.relative_to(PROJECT_ROOT))
        for path in (PROJECT_ROOT / "liquor_app").rglob("*.py")
        if "unnest(CAST(" in (source := path.read_text())
        or "unnest(\n         %" in source
        or "unnest({arrays" in source
    }
    assert found == set(BY_HAND)


def test_sql_follows_the_tables() -> None:
    rows = unnest(
        "f", packed=("id",), numbered_as="n", id=Send.id, at=Send.created_at, status=Send.status,
        tries=Send.retry_count,        percent=Coupon.discount_pct, note="text",
    )  # fmt: skip
    assert str(rows) == (
        "unnest(CAST(CAST(:f_id AS text) AS uuid[]), CAST(:f_at AS timestamptz[]), CAST(:f_status AS text[]),"
        " CAST(:f_tries AS int[]), CAST(:f_percent AS numeric[]), CAST(:f_note AS text[])) WITH ORDINALITY"
        " AS f(id, at, status, tries, percent, note, n)"
    )


def test_arrays_are_of_one_length() -> None:
    rows = unnest("f", id="uuid", note="text")
    with pytest.raises(ValueError, match="2 id, 1 note"):
        rows.bind(id=[uuid7(), uuid7()], note=["only one"])
    with pytest.raises(TypeError, match="id, note are wanted"):
        rows.bind(id=[uuid7()])
    with pytest.raises(TypeError, match="no type"):
        unnest("f", id=object())


async def test_what_goes_in_comes_out(database: str) -> None:
    rows = unnest(
        "f", packed=("id", "word"), numbered_as="n", id=Send.id, percent=Coupon.discount_pct, note="text", word="text"
    )
    ids = [uuid7(), None, uuid7()]
    percents, notes = [Decimal("12.345"), None, Decimal(1)], ["a,{b}", "", None]
    words = ['NULL, "quoted"', "", "back\\slash {brace}"]
    async with transaction() as session:
        found = await session.execute(
            text(f"SELECT id, percent, note, word FROM {rows} ORDER BY n"),
            rows.bind(id=ids, percent=percents, note=notes, word=words),
        )
        assert [tuple(row) for row in found] == list(zip(ids, percents, notes, words, strict=True)), "none is cut off"
        none = await session.execute(
            text(f"SELECT count(*) FROM {rows}"), rows.bind(id=[], percent=[], note=[], word=[])
        )
        assert none.scalar_one() == 0
