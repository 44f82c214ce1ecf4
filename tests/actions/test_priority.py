"""The open formula: every part by itself, and what an offer is expected to bring."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.actions.action_reasons import Facts, offer_reason, uplift_words, why, with_another_offer
from liquor_app.actions.eligibility import BLOCKS, Permissions, Reason, blocked
from liquor_app.actions.frequency_caps import BACK, contact_matrix, open_days, recent
from liquor_app.actions.offering.offer_uplifts import kept_of
from liquor_app.actions.offers import (
    NO_OFFER,
    Economics,
    Offer,
    Terms,
    choose,
    creative_hint,
    message_text,
    most_discount,
    offer_text,
    pull,
    read_offers,
)
from liquor_app.actions.priority import Scale, buys_anyway, expected_profit, kept_value, priority
from liquor_app.actions.send_window import send_window
from liquor_app.campaigns.brief import plan_days
from liquor_app.core.clock import now

SCALE = Scale(value_at_risk=40.0, response=0.1, margin=3.0)
money = st.floats(0, 1e6)
shares = st.floats(0, 1)


def one(value: float) -> np.ndarray:
    return np.array([float(value)])


def test_a_median_customer_gets_half_of_each_part() -> None:
    points = priority(SCALE, value_at_risk=one(40), response=one(0.1), margin=one(3), week=one(1), month=one(3))
    assert (points.value[0], points.response[0], points.margin[0], points.fatigue[0]) == (20.0, 17.5, 12.5, 10.0)
    assert points.total[0] == 40.0


@given(money, shares, st.floats(-10, 1e4), st.integers(0, 60), st.integers(0, 60))
def test_the_parts_add_up_and_stay_within_0_and_100(v: float, p: float, m: float, week: int, more: int) -> None:
    points = priority(
        SCALE, value_at_risk=one(v), response=one(p), margin=one(m), week=one(week), month=one(week + more)
    )
    total = points.value[0] + points.response[0] + points.margin[0] - points.fatigue[0]
    assert points.total[0] == pytest.approx(np.clip(total, 0, 100))
    assert 0 <= points.total[0] <= 100


def test_who_buys_anyway_only_costs_the_discount() -> None:
    """A fifth take the offer. If none of them is new, it costs the discount; if all are, the margin is the shop's."""
    sure = expected_profit(response=one(0.2), basket=one(20), uplift=one(0), margin=0.28, discount=one(0.1), cost=0.001)
    lost = expected_profit(
        response=one(0.2), basket=one(20), uplift=one(0.2), margin=0.28, discount=one(0.1), cost=0.001
    )
    assert sure[0] == pytest.approx(-0.401)
    assert lost[0] == pytest.approx(0.2 * 20 * 0.18 - 0.001)


def test_baseline_is_the_churn_chance_scaled_to_the_response_week() -> None:
    unknown = one(np.nan)
    assert buys_anyway(unknown, one(1.0), 60)[0] == 0
    assert buys_anyway(unknown, one(0.0), 60)[0] == 1
    assert buys_anyway(unknown, one(0.7), 7)[0] == pytest.approx(0.3)
    assert buys_anyway(unknown, unknown, 60)[0] == pytest.approx(1 - 0.5 ** (7 / 60))
    assert buys_anyway(one(0.143), one(0.2), 60)[0] == pytest.approx(0.143), "as scored, asked at seven days"


def test_guardrails_cut_a_discount_and_drop_what_would_vanish() -> None:
    assert most_discount(Decimal(28), [Decimal(10), Decimal(20)], [Decimal(15)]) == 8
    assert most_discount(Decimal(28), [Decimal(40)], []) == 0
    raw = [
        {"name": "A", "discount_pct": 15, "text": "{discount}% off {category}"},
        {"name": "B", "discount_pct": "5.5", "text": "b"},
        {"name": "C", "discount_pct": 0, "text": "c"},
    ]
    cut = read_offers(raw, Decimal("8.7"))
    assert [(offer.name, offer.discount_pct, offer.is_capped) for offer in cut] == [
        ("A", Decimal(8), True),
        ("B", Decimal("5.50"), False),
        ("C", Decimal(0), False),
    ]
    assert [offer.name for offer in read_offers(raw, Decimal("0.5"))] == ["C"]
    assert offer_text(cut[0], "Domestic wine") == "8% off domestic wine"
    assert offer_text(cut[0], None) == "8% off your favourites"
    assert offer_text(Offer("x", "{discount}%", None, Decimal("7.50"), Decimal("7.50")), None) == "7.5%"


def test_the_offer_that_suits_and_brings_most_is_taken() -> None:
    offers = [
        Offer("Beer only", "", "Beer", Decimal(5), Decimal(5)),
        Offer("Big", "", None, Decimal(20), Decimal(20)),
        Offer("Small", "", None, Decimal(2), Decimal(2)),
    ]
    people = Economics(
        response=np.array([0.2, 0.2, 0.2, 0.0, 0.2]),
        basket=np.full(5, 20.0),
        baseline=np.zeros(5),
        uplift=[np.full(5, 0.10), np.array([0.05, 0.30, 0.05, 0.05, 0.30]), np.array([0.05, 0.05, 0.05, 0.0, 0.05])],
        value_at_risk=np.zeros(5),
        may_discount=np.array([True, True, True, True, False]),
        categories=[frozenset({"Beer"}), frozenset({"Wine"}), frozenset(), frozenset(), frozenset()],
    )
    terms = Terms(margin=0.28, cost=0.01, least=0.05, kept_share=0.1)
    choice = choose(offers, people, terms)
    assert choice.offer.tolist() == [0, 1, 2, 1, NO_OFFER]
    assert choice.response.tolist() == pytest.approx([0.2 * 0.8, 0.2, 0.2 * 0.68, 0.0, 0.2])
    assert choice.uplift.tolist() == pytest.approx([0.10, 0.30, 0.05, 0.05, 0.0])
    assert choice.profit[0] == pytest.approx(0.10 * 20 * 0.28 - 0.16 * 20 * 0.05 - 0.01)
    dear = choose(offers, people, replace(terms, least=1.0))
    assert dear.offer.tolist() == [NO_OFFER] * 5
    assert dear.profit.tolist() == pytest.approx(choice.profit.tolist()), "a refusal names the best there was"


def test_of_equal_offers_the_playbooks_first_is_taken() -> None:
    offers = [Offer(name, "", None, Decimal(0), Decimal(0)) for name in ("First", "Second")]
    people = Economics(
        response=one(0.2), basket=one(20), baseline=one(0), uplift=[one(0.1), one(0.1)], value_at_risk=one(0),
        may_discount=np.array([True]), categories=[frozenset()],
    )  # fmt: skip
    assert choose(offers, people, Terms(margin=0.28, cost=0.01, least=0.0, kept_share=0.1)).offer.tolist() == [0]


def test_an_offer_without_money_off_is_answered_less_often() -> None:
    assert [pull(0), pull(5), pull(10), pull(25)] == pytest.approx([0.6, 0.8, 1.0, 1.0])


def test_what_an_offer_must_be_worth_counts_what_it_keeps() -> None:
    """The refusal compared profit alone, the choice with what is kept: "would bring $0.20, less than $0.05"."""
    plain = [Offer("Plain", "", None, Decimal(0), Decimal(0))]
    people = Economics(
        response=np.full(3, 0.2), basket=np.full(3, 20.0), baseline=np.zeros(3),
        uplift=[np.array([0.01, 0.01, -0.01])], value_at_risk=np.array([0.0, 100.0, 100.0]),
        may_discount=np.full(3, True), categories=[frozenset()] * 3,
    )  # fmt: skip
    choice = choose(plain, people, Terms(margin=0.28, cost=0.01, least=0.05, kept_share=0.1))
    profit, kept = np.array([0.01, 0.01, -0.01]) * 5.6 - 0.01, np.array([0.0, 0.028, -0.028])
    assert choice.worth == pytest.approx(profit + kept)
    assert (choice.offer == 0).tolist() == (choice.worth > 0.05).tolist() == [False, True, False]
    assert profit[1] < 0.05, "what is kept decides"


@pytest.mark.parametrize(("terms", "uplift", "margin"), [({}, 0.3, 0.28), ({"margin_pct": "14"}, 0.05, 0.4)])
def test_another_offer_keeps_what_its_own_purchases_and_margin_keep(
    terms: dict[str, str], uplift: float, margin: float
) -> None:
    own = float(terms.get("margin_pct", 28)) / 100
    was = kept_value(uplift=one(0.15), value_at_risk=one(100), margin=own, share=0.1)[0]
    other = kept_value(uplift=one(uplift), value_at_risk=one(100), margin=margin, share=0.1)[0]
    told = {**terms, "uplift": 0.15, "kept": str(was)}
    assert kept_of(told, uplift, margin, usual=0.28) == pytest.approx(other, abs=1e-4)
    assert kept_of({"uplift": 0}, uplift, margin, usual=0.28) == 0


def test_kept_value_counts_only_purchases_brought_about() -> None:
    kept = kept_value(uplift=one(0.15), value_at_risk=one(100), margin=0.28, share=0.1)
    assert kept[0] == pytest.approx(0.15 * 0.1 * 28)


def test_caps_look_back_and_ahead() -> None:
    def allowed(days_of_contact: list[int], cap_7: int = 2, cap_30: int = 6) -> list[bool]:
        who = np.zeros(len(days_of_contact), dtype=np.intp)
        counts = contact_matrix(1, who, np.array(days_of_contact, dtype=np.int64), 7)
        return [bool(flag) for flag in open_days(counts, 7, cap_7, cap_30)[0]]

    assert allowed([]) == [True] * 7
    assert allowed([-1, -2]) == [False] * 5 + [True, True], "two in the week before: free again on day 5"
    assert allowed([-1, -2, -999]) == allowed([-1, -2])
    assert allowed([3]) == [True, True, True, False, True, True, True], "one a day"
    assert allowed([8, 9]) == [True, True, True, False, False, False, False], "next week's plans count too"
    assert allowed([-29, -20, -15, -10], cap_30=4) == [False, True, True, True, True, True, True]
    assert allowed([-1], cap_7=1) == [False] * 6 + [True]


@given(st.lists(st.integers(-30, 36), max_size=12), st.integers(1, 4), st.integers(1, 8), st.integers(0, 6))
def test_an_open_day_never_breaks_a_cap(contacts: list[int], cap_7: int, more: int, day: int) -> None:
    cap_30 = cap_7 + more
    who = np.zeros(len(contacts), dtype=np.intp)
    counts = contact_matrix(1, who, np.array(contacts, dtype=np.int64), 7)
    if not open_days(counts, 7, cap_7, cap_30)[0, day]:
        return
    with_new = [*contacts, day]
    for span, cap in ((7, cap_7), (30, cap_30)):
        for start in range(max(-BACK, day - span + 1), day + 1):
            assert sum(start <= other < start + span for other in with_new) <= cap
    assert day not in contacts


def test_recent_contacts_are_counted_before_the_first_day() -> None:
    counts = contact_matrix(1, np.zeros(4, dtype=np.intp), np.array([-1, -7, -8, 2]), 7)
    week, month = recent(counts)
    assert (week[0], month[0]) == (2, 3)


def permissions(**changes: object) -> Permissions:
    base: dict[str, object] = {
        "has_address": np.array([[True, True]]),
        "consented": np.array([[True, True]]),
        "consented_young": np.array([[False, False]]),
        "paused": np.array([False]),
        "suppressed": np.array([[False, False]]),
        "objected": np.array([False]),
        "of_age_days": np.array(["NaT"], dtype="datetime64[D]"),
        "age_verified": np.array([True]),
        "age_disputed": np.array([False]),
        "has_bought": np.array([True]),
        "has_open_day": np.array([True]),
        "pressed": np.array([False]),
        "globally_held": np.array([False]),
        "abroad": np.array([False]),
    }
    return Permissions(**{**base, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "email", "sms"),
    [
        ({}, None, None),
        ({"objected": np.array([True])}, Reason.OBJECTED, Reason.OBJECTED),
        ({"of_age_days": np.array(["2026-11-25"], dtype="datetime64[D]")}, Reason.UNDERAGE, Reason.UNDERAGE),
        ({"of_age_days": np.array(["2026-11-24"], dtype="datetime64[D]")}, None, None),
        ({"has_address": np.array([[False, True]])}, Reason.NO_ADDRESS, None),
        ({"suppressed": np.array([[True, False]])}, Reason.SUPPRESSED, None),
        ({"consented": np.array([[True, False]])}, None, Reason.NO_CONSENT),
        ({"age_verified": np.array([False])}, None, Reason.AGE_UNKNOWN),
        ({"age_disputed": np.array([True])}, Reason.AGE_DISPUTED, Reason.AGE_DISPUTED),
        (
            {"age_verified": np.array([False]), "has_bought": np.array([False])},
            Reason.AGE_UNKNOWN,
            Reason.AGE_UNKNOWN,
        ),
        (
            {"age_verified": np.array([False]), "of_age_days": np.array(["2001-01-01"], dtype="datetime64[D]")},
            None,
            None,
        ),
        ({"consented_young": np.array([[False, True]])}, None, Reason.CONSENT_TOO_EARLY),
        ({"paused": np.array([True])}, Reason.PAUSED, Reason.PAUSED),
        ({"has_open_day": np.array([False])}, Reason.CAP_REACHED, Reason.CAP_REACHED),
        ({"pressed": np.array([True])}, Reason.PRESSURE, Reason.PRESSURE),
        ({"globally_held": np.array([True])}, Reason.GLOBAL_HOLDOUT, Reason.GLOBAL_HOLDOUT),
    ],
)
def test_every_block_is_named(changes: dict[str, object], email: Reason | None, sms: Reason | None) -> None:
    codes = blocked(permissions(**changes), date(2026, 11, 24), 21, "with_purchase_history")
    assert [BLOCKS[code] for code in codes[0]] == [email, sms]


def test_the_store_may_insist_on_a_known_age_for_e_mail() -> None:
    codes = blocked(permissions(age_verified=np.array([False])), date(2026, 11, 24), 21, "block")
    assert BLOCKS[codes[0, 0]] is Reason.AGE_UNKNOWN


def test_windows_meet_habit_playbook_and_store() -> None:
    assert send_window(("17:00", "21:00"), ("09:00", "22:00"), 19) == {
        "start": "18:00",
        "end": "21:00",
        "best": "18:00",
    }
    assert send_window(("17:00", "21:00"), ("10:00", "20:00"), 1) == {"start": "19:00", "end": "20:00"}
    assert send_window(("17:00", "21:00"), ("10:00", "20:00"), None) == {"start": "17:00", "end": "20:00"}
    assert send_window(("19:30", "22:00"), ("10:00", "20:00"), 12) is None


def test_reasons_hold_the_numbers() -> None:
    facts = Facts(8, 41, 9.4, 0.7, 84.0, 0.12, 20.0, answer_days=47.2, is_overdue=True)
    assert why(facts) == (
        "41 days since the last purchase, before that usually every 9 days. $84 at risk,"
        " 12% likely to act on this offer within 47 days."
    )
    told = f"{why(facts)} The usual basket leaves $3.60 after 10% off."
    assert with_another_offer(told, 0.001, None).endswith("under 1% likely to act on this offer before it ends.")
    assert with_another_offer(with_another_offer(told, 0.001, None), 0.12, 47.2) == why(facts)
    assert with_another_offer("Nothing of it.", 0.5, None) == "Nothing of it."
    assert "before that usually every day or so." in why(replace(facts, usual_gap=1.2))
    assert "buys about every 9 days." in why(replace(facts, is_overdue=False)), "as the due state says, and no other"
    assert "only purchase" in why(Facts(1, 20, None, 0.6, None, None, 9.0))
    assert "60% likely not to return" in why(Facts(1, 20, None, 0.6, None, None, 9.0))
    assert why(Facts(1, 1, None, None, None, None, 9.0)).startswith("Bought once, yesterday.")
    assert why(Facts(3, 0, 4.0, None, None, 0.001, 9.0)).startswith("Last bought today, buys about every 4 days.")
    assert "Not enough data" in why(Facts(3, 0, 4.0, None, None, 0.001, 9.0))
    assert why(Facts(0, None, None, None, None, None, 0.0)).startswith("Has not bought yet")
    assert offer_reason(3.6, 10, None) == "The usual basket leaves $3.60 after 10% off."
    assert "answered less often" in offer_reason(3.6, 0, None)
    assert "cut from 15%" in offer_reason(3.6, 8, 15)
    for uplift, people, said in (
        (0.0102, 0, "+1.0 buyers of a hundred, assumed."),
        (0.0102, 1, "+1.0 buyers of a hundred, assumed, 1 message of its own so far."),
        (0.021, 0, "+2.1 buyers of a hundred, learned from other messages."),
        (-0.004, 1, "−0.4 buyers of a hundred, learned from other messages, 1 message of its own so far."),
        (0.021, 99, "+2.1 buyers of a hundred, learned from other messages, 99 messages of its own so far."),
        (0.0102, 1000, "+1.0 buyers of a hundred, learned from 1,000 messages."),
    ):  # fmt: skip
        assert uplift_words(uplift, people, None) == f"Believed to win {said}"
    assert uplift_words(0.0102, 1000, 0.0562) == (
        "5.6% likely to buy within 7 days without the message, 6.6% with it: +1.0 buyers of a hundred, learned from"
        " 1,000 messages."
    ), "two chances of the same thing, and what the message adds"
    assert "100.0% with it" in uplift_words(0.02, 0, 0.999), "no chance above one"


@pytest.mark.parametrize("category", ["win_back", "loyalty", "bundle_offer", "discovery", "second_purchase"])
def test_every_template_category_has_words(category: str) -> None:
    assert "10% off beer, until 3 December" in message_text(category, "10% off beer", date(2026, 12, 3), 10)
    told = message_text(category, "First pick.", date(2026, 12, 3), 0)
    assert told.endswith((": first pick.", ". First pick.")), "no money off, no last day"
    assert "beer" in creative_hint(category, "Beer")


def test_after_noon_today_is_too_late() -> None:
    start, end = date(2026, 11, 24), date(2026, 11, 30)
    assert len(plan_days(start, end, now().replace(year=2026, month=11, day=24, hour=9))) == 7
    assert len(plan_days(start, end, now().replace(year=2026, month=11, day=24, hour=13))) == 6
    assert plan_days(start, end, now().replace(year=2026, month=11, day=30, hour=23)) == (end,)
    assert plan_days(start, end, now().replace(year=2026, month=12, day=1, hour=0)) == ()
    assert len(plan_days(start, end, now().replace(year=2026, month=11, day=1, hour=23))) == 7
