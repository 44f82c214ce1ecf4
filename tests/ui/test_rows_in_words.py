"""What pages make of rows: models measured and not, a price or a draw, the profile that stays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from reflex.istate.data import RouterData

from liquor_app.accounts.cookies import SESSION, cookie_name
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.allocations.models import AllocationMethod, AllocationStatus
from liquor_app.allocations.service import AllocationRow
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import token_hash
from liquor_app.scoring.service import ModelRow
from liquor_app.screens.allocations.detail.state import allocation_view
from liquor_app.screens.customers.doubles.state import DoublesState
from liquor_app.screens.scoring.models.state import card_of, verdict_of
from liquor_app.screens.segments.list.state import SegmentsState
from liquor_app.screens.session.state import SessionState, cookie_of, recognise
from tests.people import add_customer, add_user, ensure_shop
from tests.tabs import Tab, run

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
VALUE: dict[str, Any] = {
    "total": [1.0649, 0.9812, 1.1503], "windows": 3, "days": 60, "gini": 0.6124, "why_not": [],
    "nearer_than_count": [-0.0321, -0.0612, -0.0071], "nearest_count": "frequency",
    "further": {"90": {"total": [0.97]}},
    "count_gini": {"frequency": 0.5514, "recency": 0.2105}, "deciles": [[1.5, 0.75, 80], [410.0, 395.5, 80]],
}  # fmt: skip
RISK: dict[str, Any] = {
    "auc": 0.7771, "brier": 0.19174, "bgnbd_brier": 0.19421, "windows": 2, "days": 60,
    "count_auc": {"frequency": 0.7412, "recency": 0.5}, "best_count": "frequency",
    "ahead_of_best_count": [0.0359, 0.0101, 0.0617], "deciles": [[0.051, 0.064, 80]],
}  # fmt: skip


RESPONSE: dict[str, Any] = {
    "auc": 0.803, "brier": 0.0928, "customer_brier": 0.1057, "band_brier": 0.1064, "constant_brier": 0.1191,
    "campaigns": 2, "test": 1250, "total": 1.0489,
    "levels": [[0.1, 0.03, 0.3, 0.07, 250], [0.1, 0.03, 0.2, 0.25, 1000]],
    "count_auc": {"recent coupon lines": 0.793}, "best_count": "recent coupon lines",
    "ahead_of_best_count": [0.0096, -0.0096, 0.0288], "deciles": [[0.006, 0.02, 125]], "why_not": [],
}  # fmt: skip


def model(kind: str, method: str, metrics: dict[str, Any]) -> ModelRow:
    return ModelRow(kind, 3, method, metrics, 1545, AT, "active", AT, AT)


@pytest.mark.parametrize(
    ("level", "words"),
    [("stable", "like those"), ("moving", "drifting away from those"), ("shifted", "no longer like those")],
)
def test_a_drift_is_told_in_words_before_its_figure(level: str, words: str) -> None:
    card = card_of(model("clv", "spend_glm", {**VALUE, "drift": {"level": level, "psi": 0.0312}}), AT)
    assert words in card.drift_words
    assert card.drift_words.endswith("(stability index 0.031)")


def test_a_value_that_stood_up_is_told_by_its_total_and_beside_the_counts() -> None:
    card = card_of(model("clv", "spend_glm", VALUE), AT)
    assert (card.figure, card.figure_name) == ("106%", "of what was spent")
    assert card.plain == (
        "Of 3 earlier stretches of 60 days it said 106% of what customers then spent; 100% would be exact."
    )
    assert card.measured == [
        "Total over what was spent: 95% interval 98% to 115% (3 earlier windows of 60 days). Normalised Gini 0.612.",
        "Poisson deviance beside the nearest count, frequency: −3.2% (−6.1% to −0.7%); below zero is nearer.",
        "At 90 days it said 97%.",
    ]
    assert [(bar.name, bar.value, round(bar.fill, 1), bar.tone) for bar in card.bars] == [
        ("this model", "0.612", 100.0, "c1"),
        ("frequency", "0.551", 90.0, "c3"),
        ("recency", "0.210", 34.4, "c3"),
    ]
    assert [(line.part, line.said, line.seen) for line in card.deciles] == [
        ("1", "$1.50", "$0.75"),
        ("2", "$410.00", "$395.50"),
    ]
    assert card.verdict.startswith("It stood up to earlier weeks")


def test_a_risk_is_told_in_pairs_and_its_bars_begin_at_chance() -> None:
    card = card_of(model("churn", "bgnbd_and_regression", RISK), AT)
    assert (card.figure, card.figure_name) == ("78 of 100", "pairs told apart")
    assert "it names the right one in 78; a guess in 50." in card.plain
    assert card.measured == [
        "AUC 0.777.",
        "Brier 0.1917, BG/NBD alone 0.1942 (less is better), over 2 earlier windows of 60 days.",
        "Ranking beside the best simple count, frequency: +0.036 (95% interval +0.010 to +0.062).",
    ]
    shares = {bar.name: round(bar.fill, 1) for bar in card.bars}
    assert shares == {"this model": 100.0, "frequency": 87.0, "recency": 0.0}
    assert [(line.said, line.seen) for line in card.deciles] == [("5%", "6%")]


def test_a_response_is_told_beside_the_constants_and_with_the_levels_of_campaigns() -> None:
    card = card_of(model("response", "offer_regression", RESPONSE), AT)
    assert (card.figure, card.figure_name) == ("80 of 100", "pairs told apart")
    assert card.measured == [
        "AUC 0.803.",
        "Brier 0.0928; 0.1057 without knowing the offer, 0.1064 a constant by band, 0.1191 everybody's rate (less is"
        " better).",
        "In all it said 105% of the answers there were. A campaign's level lay within the interval given before in 1 of"
        " 2.",
        "Ranking beside the best simple count, recent coupon lines: +0.010 (95% interval −0.010 to +0.029).",
    ]
    assert card.verdict.startswith(
        "It stood up to 2 campaigns (1,250 contacts) that began after all it had learned from."
    )
    assert (card.said_head, card.seen_head) == ("Said to answer", "Answered")
    refused = {**RESPONSE, "why_not": ["everybody's rate came nearer to who answered"]}
    assert verdict_of(model("response", "rate_by_band", refused)) == (
        "The model is not used: everybody's rate came nearer to who answered."
    )


@pytest.mark.parametrize(
    ("method", "gap", "says"),
    [
        ("bgnbd_and_regression", [0.036, 0.010, 0.062], "Better than sorting customers by frequency"),
        ("bgnbd_and_regression", [0.006, -0.010, 0.022], "as well as frequency does, within luck"),
        ("best_count", [-0.036, -0.062, -0.010], "Sorting by frequency beat the model by more than luck"),
    ],
)
def test_a_verdict_says_which_is_used_and_why(method: str, gap: list[float], says: str) -> None:
    assert says in verdict_of(model("churn", method, {**RISK, "ahead_of_best_count": gap}))


def test_what_was_never_tested_has_no_figures() -> None:
    for kind, method in (("clv", "calibrated_count"), ("churn", "recency_bands")):
        card = card_of(model(kind, method, {"missing": ["180 days of history"]}), AT)
        assert (card.figure, card.plain, card.measured, card.bars, card.deciles) == ("–", "", [], [], [])
        assert card.verdict == "180 days of history"


@pytest.mark.parametrize("method", list(AllocationMethod))
def test_a_lawyers_word_is_shown_where_bottles_go_by_what_people_spent(method: AllocationMethod) -> None:
    row = AllocationRow(
        uuid7(), None, "Old Rye", 12, method, "5f", None, None, None, None, AllocationStatus.OPEN, "Ms Roe, 3 Nov", 0,
        None, AT,
    )  # fmt: skip
    view = allocation_view(row)
    assert view.disputed == ("Ms Roe, 3 Nov" if method is AllocationMethod.SPEND else "")
    assert (view.seed, view.winners) == ("Sealed until the draw", "")


@pytest.mark.integration
async def test_a_pair_shows_where_they_live_if_that_is_not_the_same(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        first = await add_customer(session, name="Ann", country="US", language="en")
        second = await add_customer(session, name="Anne", country="US", language="es")
    state = await Tab("/customers/doubles", await add_user(Role.MANAGER)).state(DoublesState)
    state._stays, state._goes = str(first), str(second)
    await state._look()
    told = {line.label: (line.stays, line.goes) for line in state.fields}
    assert told["Language"] == ("en", "es")
    assert "Country" not in told, "the same for both"
    assert told["Name"] == ("Ann", "Anne")


@pytest.mark.integration
async def test_without_a_count_under_way_nobody_is_told_of_one(database: str) -> None:
    state = await Tab("/segments", VIEWER).state(SegmentsState)
    assert await run(SegmentsState.watch, state) is None
    assert state.rows == [], "and nothing was read"


@pytest.mark.integration
async def test_a_tab_whose_session_ended_forgets_what_it_was_shown(database: str) -> None:
    tab = Tab("/segments", VIEWER)
    shell, cards = await tab.state(SessionState), await tab.state(SegmentsState)
    shell._bound_to, cards.job = "hash of a session", "a job"
    assert await recognise(cards) is None
    assert (shell._bound_to, shell._actor, cards.job) == ("", None, "")


@pytest.mark.integration
async def test_so_does_one_whose_session_was_ended_elsewhere(database: str) -> None:
    """The same cookie, and nobody behind it any more."""
    tab = Tab("/segments", VIEWER)
    shell, cards = await tab.state(SessionState), await tab.state(SegmentsState)
    cookie = f"{cookie_name(SESSION)}=ended"
    tab.root.router = RouterData.from_router_data({"pathname": "/segments", "headers": {"cookie": cookie}})
    assert cookie_of(cards) == "ended"
    shell._bound_to, cards.job = token_hash("ended"), "a job"
    assert await recognise(cards) is None
    assert (shell._bound_to, shell._actor, cards.job) == ("", None, "")
