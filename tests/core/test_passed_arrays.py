"""A column that one statement hands to the next."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from liquor_app.core.bulk import PassedArray, texts
from liquor_app.core.db import transaction

pytestmark = pytest.mark.integration

COLUMNS = """
SELECT array_send(array_agg(id)), array_send(array_agg(words))
FROM (VALUES (CAST('019a0000-0000-7000-8000-000000000001' AS uuid), 'a, "b"'), (NULL, 'c\\')) AS x(id, words)
"""


async def test_columns_arrive_as_they_left_with_their_gaps(database: str) -> None:
    async with transaction() as session:
        ids, words = (await session.execute(text(COLUMNS))).one()
        found = await session.execute(
            text("SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:words AS text[])) AS f(id, words)"),
            {"ids": PassedArray(ids), "words": PassedArray(words)},
        )
        rows = [(row.id and str(row.id), row.words) for row in found]
    assert rows == [("019a0000-0000-7000-8000-000000000001", 'a, "b"'), (None, "c\\")]


ODD = ["plain", "", "NULL", "null", 'a "b"', "c\\", "{d}", "e,f", " g ", "h\ni", "\\", '"', "Ü", "'", "i" * 5_000]


@pytest.mark.parametrize("given", [[], ["a"], [""], ODD, ["a"] * 3])
async def test_texts_arrive_as_they_are(database: str, given: list[str]) -> None:
    async with transaction() as session:
        found = await session.execute(text("SELECT unnest(CAST(:given AS text[]))"), {"given": texts(given)})
        assert list(found.scalars()) == given
        among = await session.execute(
            text("SELECT name FROM unnest(CAST(:all AS text[])) AS t(name) WHERE name = ANY(:given)"),
            {"all": [*ODD, "another"], "given": texts(iter(given))},
        )
        assert set(among.scalars()) == set(given) & set(ODD)
