"""Who bought a product: by its SKU, its UPC or its name, however the till wrote it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as psycopg

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.catalog.product_write import write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.customers.purchase_history import spend_by_month
from liquor_app.scoring.features import Moment, read_popularity, read_tastes
from liquor_app.screens.segments.edit.rule_translation import lines_of, rules_of
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rule_wording import sentence
from liquor_app.segments.rules import check_rules, parse_rules
from tests.factories import product
from tests.people import add_customer, add_purchase, ensure_shop

pytestmark = pytest.mark.integration
UPC = "083664868735"


async def bought(session: Any, written: str, days_ago: float) -> Any:
    person = await add_customer(session)
    await add_purchase(session, person, days_ago=days_ago)
    await session.execute(
        text(
            "UPDATE purchase_lines SET product = :name WHERE purchase_id IN"
            " (SELECT id FROM purchases WHERE customer_id = :id)"
        ),
        {"name": written, "id": person},
    )
    return person


async def test_a_segment_asks_for_a_product(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await write_products(session, [product(0, "G-1", UPC, "Old Harbor Gin")], source="", at=now())
        by_sku, by_upc, by_name = [await bought(session, written, 5) for written in ("g-1", UPC, "OLD HARBOR GIN")]
        long_ago = await bought(session, "G-1", 40)
        other = await bought(session, "Old Harbor Gin 1L", 2)
        unknown = await bought(session, "Tonic", 2)

        async def who(**rule: Any) -> set[Any]:
            found = await session.execute(matching(parse_rules({"event": "purchased", **rule}), now()))
            return set(found.scalars())

        for asked in ("G-1", UPC, "old harbor gin"):
            assert await who(product=asked, within_days=30) == {by_sku, by_upc, by_name}
        assert await who(product="G-1") == {by_sku, by_upc, by_name, long_ago}
        assert await who(product="Tonic") == {unknown}, "a product the catalogue does not know"
        assert await who(product="G-1", at_most=0) == {other, unknown}
        assert await who(product="no such") == set()


async def test_a_later_catalogue_says_of_what_category_earlier_baskets_were(database: str) -> None:
    """A till's file with SKUs and no categories, then the catalogue; and its second word on a product."""
    async with transaction() as session:
        await ensure_shop(session)
        gin, stout, said, unknown = [await bought(session, name, 5) for name in ("Harbor", "S-1", "Harbor", "Soap")]
        await session.execute(text("UPDATE purchase_lines SET category = 'Other', brand = NULL"))
        for person, sku, category in ((gin, "G-1", "Other"), (said, "G-1", "Gifts")):
            await session.execute(
                text(
                    "UPDATE purchase_lines SET sku = :sku, category = :category WHERE purchase_id IN"
                    " (SELECT id FROM purchases WHERE customer_id = :id)"
                ),
                {"sku": sku, "category": category, "id": person},
            )

        async def who(**rule: Any) -> set[Any]:
            found = await session.execute(matching(parse_rules({"event": "purchased", **rule}), now()))
            return set(found.scalars())

        assert await who(category="Spirits") == set()
        told = [replace(product(0, "g-1", None, "Old Harbor Gin"), category="Spirits", brand="Harbor"),
                replace(product(1, "S-1", None, "Stout"), category="Beer")]  # fmt: skip
        await write_products(session, told, source="", at=now())
        assert await who(category="spirits") == {gin}, "a category of the till's own stays"
        assert (await who(category="Beer"), await who(category="Other")) == ({stout}, {unknown})
        assert await who(product="Old Harbor Gin") == {gin, said}, "by its SKU, whatever the till calls it"
        moment = Moment(now(), now().date(), "UTC")
        assert (await read_popularity(session, moment, "brand")).to_dict() == {"Harbor": 2.0}
        tastes = await read_tastes(session, moment, "category", [gin, stout, said, unknown])
        assert dict(zip(tastes["customer_id"], tastes["name"], strict=True)) == {
            gin: "Spirits", stout: "Beer", said: "Gifts", unknown: "Other",
        }  # fmt: skip
        assert [one.category for one in await spend_by_month(session, SYSTEM, gin)] == ["Spirits"]
        changed = replace(told[0], category="Gin")
        await write_products(session, [changed], source="", at=now())
        assert (await who(category="Spirits"), await who(category="Gin")) == (set(), {gin})


async def test_the_lines_of_a_product_are_found_by_their_index(database: str) -> None:
    async with transaction() as session:
        person = await add_customer(session)
        many = (
            "INSERT INTO purchases (external_id, customer_id, occurred_at, total)"
            " SELECT n, :id, now() - make_interval(hours => n), 10 FROM generate_series(1, 5000) n",
            "INSERT INTO purchase_lines (purchase_id, product, category, quantity, amount)"
            " SELECT p.id, 'P-' || p.external_id || '-' || n, 'Gin', 1, 5 FROM purchases p, generate_series(1, 4) n"
            " WHERE :id IS NOT NULL",
        )
        for statement in many:
            await session.execute(text(statement), {"id": person})
        await session.execute(text("ANALYZE purchase_lines, purchases, products"))
        statement = matching(parse_rules({"event": "purchased", "product": "P-7-3", "within_days": 30}), now())
        words = str(statement.compile(dialect=psycopg.dialect(), compile_kwargs={"literal_binds": True}))
        # of so few lines a planner may read them all; that the index serves is asked where it may not
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join((await session.execute(text(f"EXPLAIN {words}".replace(":", "\\:")))).scalars())
        assert "ix_purchase_lines_product" in plan, plan
        assert "Seq Scan on purchase_lines" not in plan, plan


def test_a_product_is_said_and_edited() -> None:
    rule = {"all": [{"event": "purchased", "product": "Old Harbor Gin", "at_least": 1, "within_days": 30}]}
    assert sentence(rule) == "Bought “Old Harbor Gin” in the last 30 days."
    assert rules_of(lines_of(rule))[0] == rule
    assert check_rules({"event": "opened", "product": "x"})[0].message == "opened has no product"
    assert len(check_rules({"event": "purchased", "product": ["a"]})) == 1
