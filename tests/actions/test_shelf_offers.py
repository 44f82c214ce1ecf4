"""Offers beside the catalogue: the product's own margin, else its category's, else the shop's; none of what is gone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.edit_offer import list_offers, swap_offer
from liquor_app.actions.offering.playbook_offers import read_playbooks
from liquor_app.actions.plan_context import lock_context
from liquor_app.actions.service import generate_actions, get_action
from liquor_app.catalog.product_write import NewProduct, write_products
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.planning.candidates import read_candidates, sends_of
from liquor_app.planning.service import make_plan
from liquor_app.segments.playbook import clean_offers
from liquor_app.sending.pipeline.claim import OUT_OF_STOCK
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from tests.actions.test_actions import audience, of_campaign
from tests.factories import add_people, add_played_campaign, open_shop, product
from tests.imports.test_import import run
from tests.people import add_campaign, add_customer, believe, ensure_shop

BOTTLE = {"name": "Bottle", "text": "{discount}% off {product}", "discount_pct": 15, "product": "G-1"}
TEN = {"name": "Ten", "text": "{discount}% off {category}", "discount_pct": 10}


async def shelve(session: AsyncSession, *rows: NewProduct, hours_ago: float = 1) -> None:
    await write_products(session, rows, source="till.csv", at=now() - timedelta(hours=hours_ago))


def gin(**told: Any) -> NewProduct:
    given: dict[str, Any] = {"price": Decimal(20), "cost": Decimal(16), "stock": Decimal(3), "category": "Gin", **told}
    return product(0, "G-1", None, "Old Harbor Gin", **given)


async def proposed(session: AsyncSession, *offers: dict[str, Any], **person: Any) -> Any:
    await add_customer(session, **person)
    slugs = await audience(
        session, f"Everybody {uuid7()}", recommended_offers=list(offers), optimal_channels=["email"],
        max_discount_pct=50, margin_floor_pct=5,
    )  # fmt: skip
    campaign = await add_campaign(session, slugs)
    await generate_actions(session, SYSTEM, campaign)
    rows = await of_campaign(session, campaign)
    return campaign, (await get_action(session, SYSTEM, rows[0].id) if rows else None)


async def test_an_offer_keeps_to_its_products_own_margin(session: AsyncSession) -> None:
    await shelve(session, gin())
    campaign, action = await proposed(session, BOTTLE)
    terms = action.offer_terms
    assert (terms["product"], Decimal(terms["margin_pct"]), terms["margin_from"]) == ("G-1", 20, "the product's own")
    assert Decimal(terms["discount_pct"]) == 10, "20% of margin less the shop's floor of 10%, not the 15% listed"
    assert action.offer == "10% off Old Harbor Gin"
    assert "A margin of 20%, the product's own." in action.reason
    assert "leaves $2.00 after 10% off" in action.reason, "of a basket of $20: 20% less 10%"
    uplift, response = float(terms["uplift"]), float(action.expected_response)
    assert action.expected_profit == pytest.approx(
        Decimal(str(uplift * 20 * 0.20 - response * 20 * 0.10 - 0.001)), abs=Decimal("0.001")
    )
    brief = (await lock_context(session, campaign)).brief
    chosen = await read_candidates(session, brief, "true")
    assert sends_of(chosen, brief, np.zeros(1, dtype=np.intp), np.ones(7)).margin == pytest.approx([0.20])


async def test_without_a_cost_the_categorys_margin_holds_then_the_shops(session: AsyncSession) -> None:
    others = [product(n, f"O-{n}", None, category="GIN", price=Decimal(10), cost=Decimal(n)) for n in (6, 8)]
    await shelve(session, gin(cost=None), *others)
    _, action = await proposed(session, BOTTLE)
    terms = action.offer_terms
    assert (Decimal(terms["margin_pct"]), terms["margin_from"]) == (30, "the category's own"), "$14 of cost in $20"
    _, plain = await proposed(session, TEN)
    assert "margin_pct" not in plain.offer_terms


async def test_a_product_sold_at_a_loss_is_not_discounted(session: AsyncSession) -> None:
    await shelve(session, gin(cost=Decimal(25)))
    _, action = await proposed(session, BOTTLE)
    assert action is None


async def test_what_is_out_of_stock_is_not_offered(session: AsyncSession) -> None:
    await shelve(session, gin(stock=Decimal(0)))
    campaign, action = await proposed(session, BOTTLE, TEN)
    assert action.offer_terms["name"] == "Ten", "the next of the playbook's"
    assert [offer.name for offer in await list_offers(session, SYSTEM, action.id)] == ["Ten"]
    with pytest.raises(Invalid):
        await swap_offer(session, SYSTEM, action.id, "Bottle")
    [playbook] = await read_playbooks(session, await lock_context(session, campaign))
    assert playbook.left_out == ("Old Harbor Gin is out of stock",)


@pytest.mark.parametrize(("stock", "offered"), [("0", {"Ten"}), ("3", {"Bottle"})])
async def test_what_a_file_says_is_gone_is_in_no_plan(
    database: str, tmp_path: Path, stock: str, offered: set[str]
) -> None:
    """From the till's own file through the planner: each is offered what may be the best for them, none of it gone."""
    path = tmp_path / "stock.csv"
    path.write_text(f"SKU,Name,Category,Price,Cost,Stock\nG-1,Old Harbor Gin,Gin,20.00,8.00,{stock}\n")
    await run(path, "products")
    async with transaction() as session:
        await ensure_shop(session)
        for _ in range(8):
            await add_customer(session, response_likelihood=0.7, avg_order_value=60)
        await believe(session)
        offers = [BOTTLE] if stock != "0" else [BOTTLE, TEN]
        campaign = await add_campaign(
            session, await audience(session, "All", recommended_offers=offers, optimal_channels=["email"])
        )
        await make_plan(session, SYSTEM, campaign)
        found = await session.execute(text("SELECT DISTINCT offer_terms ->> 'name' FROM actions"))
        assert {name for (name,) in found} == offered


async def test_an_old_stock_figure_says_nothing_and_that_is_said(session: AsyncSession) -> None:
    await shelve(session, gin(stock=Decimal(0)), hours_ago=25)
    _, action = await proposed(session, BOTTLE)
    assert action.offer_terms["name"] == "Bottle"
    assert "Whether Old Harbor Gin is in stock is not known." in action.reason


async def test_a_category_of_which_nothing_is_left_is_neither_offered_nor_named(session: AsyncSession) -> None:
    gone = [product(n, f"W-{n}", None, category="Domestic wine", stock=Decimal(0)) for n in range(2)]
    await shelve(session, *gone)
    only = {"name": "Wine", "text": "Wine", "discount_pct": 10, "category": "Domestic wine"}
    _, action = await proposed(session, only, TEN, secondary_category="Craft beer")
    assert (action.offer_terms["name"], action.offer) == ("Ten", "10% off craft beer")
    await shelve(session, product(0, "W-0", None, stock=Decimal(1)))
    _, action = await proposed(session, only, TEN)
    assert action.offer_terms["name"] == "Wine"


async def test_giving_an_action_another_offer_takes_its_margin_along(session: AsyncSession) -> None:
    await shelve(session, gin(stock=None))
    _, action = await proposed(session, TEN, BOTTLE)
    await swap_offer(session, SYSTEM, action.id, "Bottle")
    changed = await get_action(session, SYSTEM, action.id)
    assert (changed.offer, changed.offer_terms["margin_pct"]) == ("10% off Old Harbor Gin", "20.00")
    await swap_offer(session, SYSTEM, action.id, "Ten")
    back = await get_action(session, SYSTEM, action.id)
    assert not {"product", "margin_pct", "margin_from"} & set(back.offer_terms)


async def test_a_message_does_not_leave_once_its_product_is_gone(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
        campaign = await add_played_campaign(session, await add_people(session, 2))
        await session.execute(
            text(
                'UPDATE actions SET offer_terms = offer_terms || \'{"name": "Bottle", "product": "g-1"}\''
                " WHERE id = (SELECT id FROM actions ORDER BY id LIMIT 1)"
            )
        )
        await launch_campaign(session, SYSTEM, campaign)
        await shelve(session, gin(stock=Decimal(0)))
    await Dispatcher().pump_once()
    async with transaction() as session:
        found = await session.execute(
            text("SELECT s.status, a.skip_reason FROM sends s JOIN actions a ON a.id = s.action_id ORDER BY action_id")
        )
        first, second = found.all()
    assert (first.status, first.skip_reason) == ("skipped", OUT_OF_STOCK)
    assert second.status == "sent"


def test_a_playbook_names_a_product_where_its_words_do() -> None:
    assert clean_offers([BOTTLE])[0]["product"] == "G-1"
    with pytest.raises(Invalid, match="SKU or UPC"):
        clean_offers([{**BOTTLE, "product": ""}])
