"""What campaigns changed, recomputed from raw rows by other code; the date of the final read; who is left out."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy.stats import t as student
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.experiments.contrasts import Span
from liquor_app.experiments.effects import By, EffectRow, fix_read, read_effects
from liquor_app.experiments.learning import learn
from liquor_app.experiments.service import holdout_result
from liquor_app.organization.settings import PlanningSettings, save_settings
from liquor_app.screens.experiments.effect_words import (
    beside_lines,
    choice_lines,
    effect_line,
    final_words,
    outcome_lines,
    random_words,
    read_words,
)
from liquor_app.ui.words import figure, show_day, show_money
from tests.experiments.test_contrasts import pooled_by_hand
from tests.experiments.test_holdout import VIEWER, campaign_with
from tests.experiments.test_learning import of_arm, sent_campaign
from tests.people import add_purchase, deliver, steady_ids

SHOP = ZoneInfo("America/New_York")
MARGIN, EMAIL, SMS = Decimal("0.30"), Decimal("0.50"), Decimal("2.00")


def midnight(day: date) -> datetime:
    """The shop's, in UTC: a week from there is seven times 24 hours, whatever the clocks do."""
    return datetime(day.year, day.month, day.day, tzinfo=SHOP).astimezone(UTC)


async def product(session: AsyncSession, sku: str | None, upc: str | None, category: str, cost: float) -> None:
    await session.execute(
        text(
            "INSERT INTO products (sku, upc, name, category, price, cost) VALUES (:sku, :upc, :name, :category, 10, :c)"
        ),
        {"sku": sku, "upc": upc, "name": f"{category} {sku or upc}", "category": category, "c": cost},
    )


async def buy(session: AsyncSession, who: UUID, at: datetime, lines: list[dict[str, Any]], **columns: Any) -> None:
    purchase = uuid7()
    values = {
        "id": purchase, "customer_id": who, "occurred_at": at,
        "total": sum((line["amount"] for line in lines), Decimal(0)), **columns,
    }  # fmt: skip
    names = ", ".join(values)
    await session.execute(
        text(f"INSERT INTO purchases ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values
    )
    for line in lines:
        told = {"purchase_id": purchase, "quantity": 1, "category": "Other", **line}
        names = ", ".join(told)
        await session.execute(
            text(f"INSERT INTO purchase_lines ({names}) VALUES ({', '.join(f':{name}' for name in told)})"), told
        )


async def send(session: AsyncSession, campaign: UUID, who: UUID, channel: str, status: str) -> None:
    one = uuid7()
    await session.execute(
        text(
            "INSERT INTO sends (id, created_at, campaign_id, customer_id, channel, recipient, status, not_before)"
            " VALUES (:id, :created, :campaign, :who, :channel, 'x', :status, :created)"
        ),
        {"id": one, "created": uuid7_time(one), "campaign": campaign, "who": who, "channel": channel, "status": status},
    )


async def trade(session: AsyncSession, campaign: UUID, seed: int) -> None:
    """Purchases of all kinds, more of those written to, and messages that left or did not."""
    rng = np.random.default_rng(seed)
    found = await session.execute(
        text("SELECT customer_id, arm, scheduled_date FROM actions WHERE campaign_id = :id AND arm IS NOT NULL"
             " ORDER BY customer_id"),
        {"id": campaign},
    )  # fmt: skip
    for row in found.all():
        begins = midnight(row.scheduled_date)
        await session.execute(
            text(
                "UPDATE actions SET offer_terms = jsonb_set(offer_terms, '{baseline}', CAST(:p AS jsonb)),"
                " decision = jsonb_set(decision, '{decided,baseline}', CAST(:p AS jsonb))"
                " WHERE campaign_id = :id AND customer_id = :who"
            ),
            {"p": f"{rng.uniform(0.05, 0.6):.3f}", "id": campaign, "who": row.customer_id},
        )
        if row.arm != "holdout":
            status = str(rng.choice(["delivered", "sent", "skipped", "unknown"]))
            await send(session, campaign, row.customer_id, str(rng.choice(["email", "sms"])), status)
        for _ in range(int(rng.integers(0, 3)) + (row.arm != "holdout")):
            at = begins + timedelta(days=float(rng.uniform(-2, 9)))
            amount = Decimal(str(round(float(rng.uniform(5, 40)), 2)))
            kind = int(rng.integers(0, 6))
            if kind == 0:
                await buy(session, row.customer_id, at, [{"sku": "w-1", "category": "Wine", "amount": amount}])
            elif kind == 1:
                lines = [{"sku": "0123", "category": "Beer", "amount": amount, "coupon_discount": Decimal("2.50")}]
                await buy(session, row.customer_id, at, lines, coupon_code="TEN")
            elif kind == 2:
                await buy(session, row.customer_id, at, [{"category": "Wine", "amount": amount}])
            elif kind == 3:
                await buy(session, row.customer_id, at, [], total=amount, discount=Decimal("1.50"), coupon_code="TEN")
            elif kind == 4:
                await buy(session, row.customer_id, at, [{"sku": "none", "amount": amount, "discount": Decimal(4)}])
            else:
                await buy(session, row.customer_id, at, [], total=-amount / 4)


async def raw(session: AsyncSession, campaign: UUID, until: datetime | None = None) -> dict[str, list[Any]]:
    """Of each arm one entry a person: (bought, revenue, profit, p), by plain loops over all the rows there are."""
    products = (await session.execute(text("SELECT sku, upc, category, price, cost FROM products"))).all()
    by_code = {str(code).lower(): 1 - one.cost / one.price for one in products for code in (one.sku, one.upc) if code}
    aisles: dict[str, Decimal] = {}
    for name in {one.category for one in products}:
        mine = [one for one in products if one.category == name]
        aisles[name.lower()] = round(1 - sum(one.cost for one in mine) / sum(one.price for one in mine), 4)
    purchases = defaultdict(list)
    for one in await session.execute(text("SELECT * FROM purchases")):
        purchases[one.customer_id].append(one)
    lines = defaultdict(list)
    for one in await session.execute(text("SELECT * FROM purchase_lines")):
        lines[one.purchase_id].append(one)
    costs: dict[UUID, Decimal] = defaultdict(Decimal)
    for one in await session.execute(text("SELECT * FROM sends WHERE campaign_id = :id"), {"id": campaign}):
        if one.status in {"delivered", "sent", "unknown"}:
            costs[one.customer_id] += EMAIL if one.channel == "email" else SMS
    arms = defaultdict(list)
    found = await session.execute(text("SELECT * FROM actions WHERE campaign_id = :id AND arm IS NOT NULL"),
                                  {"id": campaign})  # fmt: skip
    for row in found.all():
        begins = midnight(row.scheduled_date)
        if until is not None and begins + timedelta(days=7) > until:
            continue
        bought, revenue, profit = False, Decimal(0), -costs[row.customer_id]
        for one in purchases[row.customer_id]:
            if not begins <= one.occurred_at < begins + timedelta(days=7):
                continue
            bought, revenue = bought or one.total > 0, revenue + one.total
            taken = sum((line.coupon_discount for line in lines[one.id]), Decimal(0))
            rest = one.total - sum((line.amount for line in lines[one.id]), Decimal(0))
            for line in lines[one.id]:
                margin = by_code.get((line.sku or "").lower(), aisles.get(line.category.lower(), MARGIN))
                profit += (line.amount + line.coupon_discount) * margin - line.coupon_discount
            whole = one.discount if one.coupon_code and not taken else Decimal(0)
            profit += (rest + whole) * MARGIN - whole
        arms[row.arm].append((float(bought), float(revenue), float(profit), row.offer_terms["baseline"]))
    return arms


def final_by_regression(one: list[Any], other: list[Any], place: int) -> tuple[float, float]:
    """Return the difference that least squares find beside p, and its variance."""
    both = [*one, *other]
    y = np.array([row[place] for row in both])
    design = np.column_stack([np.ones(len(both)), [1.0] * len(one) + [0.0] * len(other), [row[3] for row in both]])
    beta, *_ = np.linalg.lstsq(design, y, rcond=None)
    left = y - design @ beta
    return float(beta[1]), float(left @ left) / (len(both) - 3) * (1 / len(one) + 1 / len(other))


async def shop_that_sent(session: AsyncSession, campaigns: int, *, days_ago: int = 30) -> list[UUID]:
    sent = []
    for number in range(campaigns):
        campaign = await sent_campaign(session, 120, days_ago=days_ago + number)
        await fix_read(session, campaign, (now().astimezone(SHOP) - timedelta(days=days_ago - 2)).date(), anew=True)
        sent.append(campaign)
    await save_settings(
        session, SYSTEM, PlanningSettings, {"margin_pct": MARGIN * 100, "email_cost": EMAIL, "sms_cost": SMS}
    )
    await product(session, "W-1", None, "Wine", 6)
    await product(session, "W-2", None, "Wine", 7.5)
    await product(session, None, "0123", "Beer", 9)
    for number, campaign in enumerate(sent):
        await trade(session, campaign, number)
    await session.execute(text("UPDATE sends SET not_before = now()"))
    return sent


def near(span: Span | None, middle: float, wide: float, people: int = 1) -> None:
    assert span is not None
    assert (span.mean, span.high - span.mean) == pytest.approx((middle * people, wide * people), rel=1e-6)


async def test_a_campaigns_figures_are_those_of_its_raw_rows(session: AsyncSession) -> None:
    (campaign,) = await shop_that_sent(session, 1)
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    arms = await raw(session, campaign)
    written, held = [*arms["agent"], *arms["random"]], arms["holdout"]
    row = result.effect
    assert (row.written, row.held_out) == (len(written), len(held))
    for place, (lift, effect) in enumerate(
        ((result.bought, row.bought), (result.revenue, row.revenue), (result.profit, row.profit))
    ):
        means = [np.mean([one[place] for one in group]) for group in (written, held)]
        assert (lift.contacted.mean, lift.held_out.mean) == pytest.approx(means)
        assert lift.difference == pytest.approx(means[0] - means[1])
        assert effect.total is not None
        assert effect.total.mean == pytest.approx((means[0] - means[1]) * len(written))
        assert effect.total.low == pytest.approx((lift.low or 0) * len(written))
        middle, variance = final_by_regression(written, held, place)
        wide = student.ppf(0.975, len(written) + len(held) - 2) * math.sqrt(variance)
        near(effect.final, middle, wide)
        near(effect.final_total, middle, wide, len(written))
    assert row.cost > 0
    assert row.discount > 0
    assert not row.is_mismatch
    assert row.is_read


async def test_the_final_read_is_read_once(session: AsyncSession) -> None:
    """A margin set later made −$350 of profit −$1,019, and purchases told later −61 buyers +125."""
    (campaign,) = await shop_that_sent(session, 1)
    await learn(session, SYSTEM)
    first = (await groups_of(session, By.CAMPAIGN))[str(campaign)]
    assert first.profit.final is not None
    written = await session.execute(
        text("SELECT customer_id, scheduled_date FROM actions WHERE campaign_id = :id AND arm = 'agent'"),
        {"id": campaign},
    )
    for row in written.all():
        lines = [{"category": "Wine", "amount": Decimal(90)}]
        await buy(session, row.customer_id, midnight(row.scheduled_date) + timedelta(days=3), lines)
    await save_settings(session, SYSTEM, PlanningSettings, {"margin_pct": 60, "email_cost": "0.90"})
    await learn(session, SYSTEM)
    shown = await holdout_result(session, VIEWER, campaign)
    assert shown is not None
    kept = (await groups_of(session, By.CAMPAIGN))[str(campaign)]
    for row in (kept, shown.effect):
        for outcome in ("bought", "revenue", "profit"):
            was, now_ = getattr(first, outcome), getattr(row, outcome)
            assert (now_.final, now_.final_total) == (was.final, was.final_total)
            assert now_.always.mean > was.always.mean, "what may be looked at every day has them"
        assert (row.written, row.held_out) == (first.written, first.held_out), "nobody is counted twice"
        # what is told later stands beside it and is not in it: it says of when it is
        kept_at = await session.scalar(text("SELECT max(read_at) FROM outcome_sums WHERE is_kept"))
        assert row.final_as_of == kept_at
        at = now().astimezone(SHOP)
        assert final_words(row, row.profit, str, at).endswith(
            f", as of {show_day(kept_at.astimezone(SHOP).date(), at)}"
        )
        assert "later purchases and refunds are not in it" in read_words(row, at)
    assert shown.split == (await holdout_result(session, VIEWER, campaign)).split  # type: ignore[union-attr]


async def test_all_together_is_the_random_effects_of_the_campaigns(session: AsyncSession) -> None:
    sent = await shop_that_sent(session, 3)
    await learn(session, SYSTEM)
    ((row,), read_at) = await read_effects(session, VIEWER, By.ALL)
    assert read_at is not None
    each = [await raw(session, campaign) for campaign in sent]
    told = [final_by_regression([*one["agent"], *one["random"]], one["holdout"], 2) for one in each]
    everybody = [person for one in each for group in one.values() for person in group]
    bought, squares = sum(one[0] for one in everybody), sum(float(one[2]) ** 2 for one in everybody)
    mean, wide = pooled_by_hand(
        [effect for effect, _ in told], [variance for _, variance in told],
        0.02 * math.sqrt(squares / bought), len(everybody),
    )  # fmt: skip
    people = sum(len(one["agent"]) + len(one["random"]) for one in each)
    assert row.profit.final is not None
    assert (row.profit.final.mean, row.profit.final.high) == (
        pytest.approx(mean, abs=wide / 50), pytest.approx(mean + wide, abs=wide / 20)
    )  # fmt: skip
    assert row.profit.final_total == row.profit.final.times(people)
    assert (row.profit.campaigns, row.profit.final_campaigns) == (3, 3)
    assert effect_line(row, now()).final.endswith(", from 3 campaigns")
    assert (row.campaigns, row.left_out, row.written) == (3, 0, people)
    assert row.held_out == sum(len(one["holdout"]) for one in each)
    campaigns, _ = await read_effects(session, VIEWER, By.CAMPAIGN)
    assert {one.key for one in campaigns} == {str(one) for one in sent}
    single = await holdout_result(session, VIEWER, sent[0])
    assert single is not None
    (kept,) = (one for one in campaigns if one.key == str(sent[0]))
    assert kept == single.effect, "what is kept each night is what the campaign's page reads"
    for by, name in ((By.SEGMENT, "All 30 120"), (By.PLAYBOOK, "Win back"), (By.OFFER, "A word from the shop")):
        rows, _ = await read_effects(session, VIEWER, by)
        found = [one for one in rows if one.name == name]
        assert len(found) == 1, (by, [one.name for one in rows])
        assert found[0].agent_bought is None


WHAT = {"random": "chance", "usual": "business as usual"}


def one_of(span: Span | None, place: int) -> str:
    assert span is not None
    return figure(span.mean, 0, sign=True) if place == 0 else show_money(span.mean)


async def test_the_choice_beside_chance_and_business_as_usual_is_that_of_raw_rows(session: AsyncSession) -> None:
    await save_settings(session, SYSTEM, PlanningSettings, {"usual_pct": 15})
    campaign = await campaign_with(session, 240, 15, constraints={"email_capacity_per_day": 500}, explore=15)
    today = now().astimezone(SHOP).date()
    await session.execute(text("UPDATE campaigns SET status = 'completed', started_at = now() - interval '20 days'"))
    await session.execute(
        text("UPDATE actions SET scheduled_date = :day, send_window = '{}'"), {"day": today - timedelta(days=20)}
    )
    await deliver(session, campaign)
    await fix_read(session, campaign, today - timedelta(days=18), anew=True)
    await save_settings(
        session, SYSTEM, PlanningSettings, {"margin_pct": MARGIN * 100, "email_cost": EMAIL, "sms_cost": SMS}
    )
    await trade(session, campaign, 5)
    await learn(session, SYSTEM)
    arms = await raw(session, campaign)
    assert min(len(arms[arm]) for arm in ("agent", "random", "usual", "holdout")) > 10
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    row = result.effect
    ((pooled,), _) = await read_effects(session, VIEWER, By.ALL)
    assert row.written == sum(len(people) for arm, people in arms.items() if arm != "holdout")
    agent = arms["agent"]
    for arm, beside, told, of_all in (
        ("random", result.chance, (row.agent_bought, row.agent_profit), (pooled.agent_bought, pooled.agent_profit)),
        ("usual", result.usual, (row.usual_bought, row.usual_profit), (pooled.usual_bought, pooled.usual_profit)),
    ):
        assert beside is not None
        assert of_all == told, "one campaign is all there are"
        for place, lift in enumerate((beside.bought, beside.revenue, beside.profit)):
            means = [np.mean([one[place] for one in group]) for group in (agent, arms[arm])]
            assert (lift.contacted.mean, lift.held_out.mean) == pytest.approx(means)
            assert lift.difference == pytest.approx(means[0] - means[1])
        for place, effect in ((0, told[0]), (2, told[1])):
            assert effect is not None
            middle, variance = final_by_regression(agent, arms[arm], place)
            wide = student.ppf(0.975, len(agent) + len(arms[arm]) - 2) * math.sqrt(variance)
            near(effect.final, middle, wide)
            near(effect.final_total, middle, wide, len(agent))
            assert effect.always is not None
            assert effect.final_total is not None
            shown = [line for line in choice_lines(result, now()) if line.held_out.endswith(WHAT[arm])][place // 2]
            assert shown.held_out.endswith(f" by {WHAT[arm]}")
            assert WHAT[arm] not in str(outcome_lines(result, now())), "nobody of that arm was held out"
            assert shown.total.startswith(one_of(effect.total, place)), "told on the campaign's page"
            assert shown.final.startswith(one_of(effect.final_total, place))
            together = next(line for line in beside_lines(pooled, now()) if line.name.endswith(WHAT[arm]))
            assert (together.bought, together.profit)[place // 2] == (
                shown.total if place == 0 else show_money(effect.total.mean if effect.total else 0)
            )
            assert effect.always.mean == pytest.approx(np.mean([a[place] for a in agent]) - np.mean(
                [a[place] for a in arms[arm]]
            ))  # fmt: skip
    chance, lost = pooled.random, np.mean([one[2] for one in agent]) - np.mean([one[2] for one in arms["random"]])
    assert chance is not None
    assert (chance.people, chance.agent) == (len(arms["random"]), len(agent))
    assert chance.cost is not None
    assert chance.cost.mean == pytest.approx(lost * len(arms["random"]))
    said = random_words(pooled)
    assert said.startswith(f"{len(arms['random'])} people got an action at random, {len(agent)} the agent's choice")
    assert f"Chance changed the profit by {show_money(-chance.cost.mean)} (" in said
    assert "95% interval" in said
    assert random_words(replace(pooled, random=None)) == "No campaign summed up here gave anybody an action at random."
    assert "is not measured yet" in random_words(replace(pooled, random=replace(chance, cost=None)))


async def groups_of(session: AsyncSession, by: By) -> dict[str, EffectRow]:
    return {row.key: row for row in (await read_effects(session, VIEWER, by))[0]}


async def test_by_offer_the_choice_stands_against_who_was_held_out_of_it(session: AsyncSession) -> None:
    campaign = await campaign_with(session, 230, 20, constraints={"email_capacity_per_day": 500}, explore=20)
    await session.execute(text("UPDATE campaigns SET status = 'completed', started_at = now() - interval '20 days'"))
    day = now().astimezone(SHOP).date() - timedelta(days=20)
    await session.execute(text("UPDATE actions SET scheduled_date = :day, send_window = '{}'"), {"day": day})
    await deliver(session, campaign)
    found = await session.execute(
        text("SELECT arm, offer_terms ->> 'name' AS offer, count(*) AS n FROM actions WHERE campaign_id = :id"
             " AND arm IS NOT NULL GROUP BY 1, 2"),
        {"id": campaign},
    )  # fmt: skip
    people = {(row.arm, row.offer): row.n for row in found}
    assert people["random", "A word from the shop"] > 0
    await learn(session, SYSTEM)
    rows = await groups_of(session, By.OFFER)
    chosen = rows["Favourite category, 10% off"]
    assert (chosen.written, chosen.held_out) == (
        people["agent", "Favourite category"], people["holdout", "Favourite category"],
    )  # fmt: skip
    drawn = rows["A word from the shop"]
    assert (drawn.written, drawn.held_out) == (0, 0), "chance gave it, and nobody was held out of it"
    assert (drawn.bought.always, drawn.profit.total) == (None, None)
    (whole,) = (await groups_of(session, By.ALL)).values()
    assert whole.written == sum(n for (arm, _), n in people.items() if arm != "holdout")
    assert whole.agent_bought is not None


async def test_the_final_read_waits_for_its_date_and_takes_whose_week_was_over(session: AsyncSession) -> None:
    (campaign,) = await shop_that_sent(session, 1, days_ago=12)
    today = now().astimezone(SHOP).date()
    for last, is_read in ((today - timedelta(days=7), False), (today - timedelta(days=8), True)):
        await fix_read(session, campaign, last, anew=True)
        result = await holdout_result(session, VIEWER, campaign)
        assert result is not None
        row = result.effect
        assert (row.is_read, row.final_on) == (is_read, last + timedelta(days=8))
        assert (row.bought.final is not None) is is_read
    # some were decided so late that their week went on beyond the date
    late = await session.execute(
        text("UPDATE actions SET scheduled_date = scheduled_date + 6 WHERE campaign_id = :id AND arm IS NOT NULL"
             " AND customer_id = ANY(:few) RETURNING arm"),
        {"id": campaign, "few": steady_ids(120, "person 12")[:9]},
    )  # fmt: skip
    moved = list(late.scalars())
    arms = await raw(session, campaign, midnight(today))
    written, held = [*arms["agent"], *arms["random"]], arms["holdout"]
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert (result.effect.written, result.effect.held_out) == (
        len(written) + len([arm for arm in moved if arm != "holdout"]), len(held) + moved.count("holdout"),
    )  # fmt: skip
    middle, variance = final_by_regression(written, held, 1)
    wide = student.ppf(0.975, len(written) + len(held) - 2) * math.sqrt(variance)
    near(result.effect.revenue.final_total, middle, wide, len(written))
    # a day that is fixed does not move for a campaign that runs
    await fix_read(session, campaign, today + timedelta(days=30), anew=False)
    result = await holdout_result(session, VIEWER, campaign)
    assert result is not None
    assert result.effect.final_on == today


async def test_a_split_that_no_draw_makes_is_left_out_and_said(session: AsyncSession) -> None:
    sent = await shop_that_sent(session, 2)
    await session.execute(
        text("UPDATE experiment_arms SET share = CASE WHEN is_control THEN 0.95 ELSE 0.05 END WHERE experiment_id IN"
             " (SELECT id FROM experiments WHERE campaign_id = :id)"),
        {"id": sent[0]},
    )  # fmt: skip
    await learn(session, SYSTEM)
    (row,) = (await groups_of(session, By.ALL)).values()
    assert (row.campaigns, row.left_out) == (1, 1)
    by_campaign = await groups_of(session, By.CAMPAIGN)
    assert [by_campaign[str(one)].is_mismatch for one in sent] == [True, False]
    assert row.written == by_campaign[str(sent[1])].written


@pytest.mark.parametrize("column", ["is_history = true", "virtual_now = now()"])
async def test_what_was_never_really_sent_is_in_no_figure(session: AsyncSession, column: str) -> None:
    await shop_that_sent(session, 1)
    await session.execute(text(f"UPDATE campaigns SET {column}"))
    await learn(session, SYSTEM)
    assert await read_effects(session, VIEWER, By.ALL) == ([], None)


async def test_only_campaigns_that_carry_evidence_are_counted(session: AsyncSession) -> None:
    """ "in 2 campaigns" was said where in one of them a single person was held out."""
    told = await sent_campaign(session, 60, days_ago=30)
    silent = await sent_campaign(session, 40, days_ago=20)
    held = await session.execute(
        text("SELECT customer_id FROM actions WHERE campaign_id = :id AND arm = 'holdout' ORDER BY 1 OFFSET 1"),
        {"id": silent},
    )
    gone = list(held.scalars())
    for rows in ("actions", "experiment_assignments"):
        where = (
            "campaign_id = :id"
            if rows == "actions"
            else ("experiment_id = (SELECT id FROM experiments WHERE campaign_id = :id)")
        )
        await session.execute(
            text(f"DELETE FROM {rows} WHERE {where} AND customer_id = ANY(:gone)"), {"id": silent, "gone": gone}
        )
    await session.execute(
        text("UPDATE experiment_arms m SET share = CASE WHEN m.is_control THEN .04 ELSE .96 END FROM experiments e"
             " WHERE e.id = m.experiment_id AND e.campaign_id = :id AND m.name IN ('agent', 'holdout')"),
        {"id": silent},
    )  # fmt: skip
    for person in (await of_arm(session, told, "agent"))[:12]:
        await add_purchase(session, person, days_ago=28)
    await learn(session, SYSTEM)
    ((row,), _) = await read_effects(session, VIEWER, By.ALL)
    assert (row.campaigns, row.without, row.left_out) == (1, 1, 0)
    assert row.profit.campaigns == row.bought.campaigns == 1
    by_campaign = {one.key: one for one in (await read_effects(session, VIEWER, By.CAMPAIGN))[0]}
    assert [by_campaign[str(one)].campaigns for one in (told, silent)] == [1, 0]
