"""What a licence may offer: each kind of rule, and the pack's own against the law restated by its arithmetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liquor_app.compliance.legal_rules import RuleKind
from liquor_app.compliance.may_offer import OfferFacts, disclosures, lawful_discount, may_offer
from liquor_app.compliance.may_send import Allowed, Blocked, BlockReason, MessageFacts, may_send
from liquor_app.compliance.rule_pack import ALGORITHM_NOTICE
from liquor_app.customers.places import STATES
from tests.compliance.test_may_send import LAWS, RULES, local, person
from tests.examples import examples

DAY = date(2026, 11, 2)
BOOK = replace(RULES, usual_margin_pct=Decimal(28))


def off(percent: str | int, **facts: object) -> OfferFacts:
    return OfferFacts(Decimal(percent), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "percent"),
    [
        ("Was $20, now $10", 50), ("was $20.00 now only $15.00", 25), ("Reg. $19.99 / Sale $17.99", "10.01"),
        ("Now $10 (was $20)", 50), ("$12 - was $16", 25), ("$10 instead of $20", 50), ("Antes $20, ahora $15", 25),
        ("Half price wine", 50), ("Half-priced oysters and Merlot", 50), ("half the usual price", 50),
        ("Save 50 cents a can", None), ("50¢ off", None), ("50 ¢ off any can", None), ("fifty cents off", None),
        ("Save five dollars", None), ("take 5 bucks off", None), ("2 for 1 on IPA", None), ("2-for-1", None),
        ("two for one", None), ("2 4 1", None), ("3-for-2", None), ("marked down", None), ("down from $30", None),
        ("descuento 20%", 20), ("Descuento del 50 %", 50), ("rebajas de 30%", 30), ("save20%", 20), ("a mitad", 50),
        ("pay 80%", None), ("pay only 80 %", None), ("60% of the price", None), ("only 80% of price", None),
        ("20 off", None), ("1/3 off", None), ("$20 → $15", None), ("$20 -> $15", None), ("3x2", None), ("2x1", None),
        ("2 x 1 en vinos", None), ("dos por uno", None),
        ("2x1 l bottles", 0), ("a 2 x 1.5 l pack", 0), ("40% of our growers", 0), ("route 20 office", 0),
        ("pay 20 on Friday", 0),
        ("was $10, now $20", 0), ("Now $10", 0), ("a 50 cent deposit", 0), ("Aged 12 for 2 years", 0),
        ("Table for 2", 0), ("5 dollars a glass", 0), ("was 92 points, now 94", 0), ("now open, $5 parking", 0),
        ("24 1 liter bottles", 0), ("Dec 24 1 pm", 0),
    ],
)  # fmt: skip
def test_money_off_in_words(words: str, percent: object) -> None:
    """None: nobody can read how much, which every rule binds."""
    told = off(0, words=words).as_told.discount_pct
    assert told == (None if percent is None else Decimal(str(percent)))


@pytest.mark.parametrize(
    "words",
    ["A f.r.e.e bottle", "a f r e e bottle", "F_R_E_E", "get it f. r. e. e.", "f - r - e - e", "2-for-1", "two for one",
     "g*r*a*t*i*s", "2x1", "dos por uno", "un regalo", "A $0 bottle"],
)  # fmt: skip
def test_letters_that_stand_apart_are_a_word(words: str) -> None:
    refused = may_offer(off(0, words=words), "ME", DAY, BOOK)
    assert refused is not None
    assert refused.rule.kind is RuleKind.REBATE_BAN


@pytest.mark.parametrize(
    ("licence", "offer", "kind"),
    [
        ("MA", off(1), RuleKind.COUPON_BAN),
        ("MA", off(0), None),
        ("NC", off(35), None),
        ("NC", off("35.01"), RuleKind.MAX_DISCOUNT),
        ("OK", off(23), None),  # 72 × 1.06 = 76.32: 23.68 % is left
        ("OK", off(24), RuleKind.MIN_MARKUP),
        ("OK", off(5, margin_pct=Decimal(10)), RuleKind.MIN_MARKUP),  # 90 × 1.06 = 95.40
        ("OK", off(4, margin_pct=Decimal(10)), None),
        ("ME", off(50), None),
        ("ME", off(0, words="A free bottle of Merlot with every case"), RuleKind.REBATE_BAN),
        ("ME", off(10, words="Mail-in rebate on domestic wine"), RuleKind.REBATE_BAN),
        ("ME", off(0, words="Buy two, get one"), RuleKind.REBATE_BAN),
        ("ME", off(0, words="Cash back on Friday"), RuleKind.REBATE_BAN),
        ("ME", off(0, words="Free delivery, free tasting notes, sulphite-free wine, feel free of worry"), None),
        ("NY", off(0, words="A free bottle"), None),
        ("CT", off(1), RuleKind.MIN_PRICE),
        ("CT", off(10, price=Decimal(20), minimum_price=Decimal(18)), None),
        ("CT", off(11, price=Decimal(20), minimum_price=Decimal(18)), RuleKind.MIN_PRICE),
        ("CT", off(10, price=Decimal(20)), RuleKind.MIN_PRICE),
        ("CT", off(0), None),
        ("TX", off(90), None),
    ],
)
def test_what_the_law_of_the_licence_says(licence: str, offer: OfferFacts, kind: RuleKind | None) -> None:
    refused = may_offer(offer, licence, DAY, BOOK)
    assert (refused.rule.kind if refused else None) is kind
    if refused:
        assert refused.rule.citation in refused.detail
        assert refused.detail.endswith(".")


@pytest.mark.parametrize("licence", ["MA", "NC", "OK", "CT"])
def test_what_cannot_be_read_is_held_to_every_rule(licence: str) -> None:
    assert may_offer(OfferFacts(None), licence, DAY, BOOK) is not None
    assert lawful_discount(OfferFacts(None), licence, DAY, BOOK) < 100


@settings(max_examples=examples(500))
@given(
    licence=st.sampled_from(sorted(STATES)),
    percent=st.decimals(0, 100, places=2),
    margin=st.none() | st.decimals(-50, 95, places=1),
    price=st.none() | st.decimals("0.01", 500, places=2),
    least=st.none() | st.decimals("0.01", 500, places=2),
)
def test_the_pack_restated(
    licence: str, percent: Decimal, margin: Decimal | None, price: Decimal | None, least: Decimal | None
) -> None:
    """In money, of a bottle of 100 dollars: what is paid, what it had cost, what the state lets it be sold for."""
    offer = OfferFacts(percent, margin, price, least)
    paid, cost = 100 - percent, 100 - (BOOK.usual_margin_pct if margin is None else margin)
    lawful = (
        percent == 0
        or not (
            licence == "MA"
            or (licence == "NC" and percent > 35)
            or (licence == "OK" and paid * 100 < cost * 106)
            or (licence == "CT" and (price is None or least is None or price * paid < least * 100))
        )
    )  # fmt: skip
    assert (may_offer(offer, licence, DAY, BOOK) is None) == lawful
    cut = lawful_discount(offer, licence, DAY, BOOK)
    assert 0 <= cut <= percent
    assert may_offer(replace(offer, discount_pct=cut), licence, DAY, BOOK) is None
    if lawful:
        assert cut == percent


@pytest.mark.parametrize(("licence", "lives", "goes"), [
    ("MA", "ME", False), ("MA", None, False), ("ME", "MA", True), ("ME", None, True), (None, "MA", False),
    (None, None, False), (None, "ME", True),
])  # fmt: skip
def test_the_licence_binds_and_not_the_recipients_state(licence: str | None, lives: str | None, goes: bool) -> None:
    """A shop in Maine may write to somebody in Boston; one in Boston gives nobody a coupon. Until somebody says whose
    licence it is, the stricter reading holds (case 34)."""
    message = MessageFacts("email", has_coupon=True, licence=licence, offer=off(10))
    verdict = may_send(person(state=lives), message, local(1, 12), BOOK)
    assert isinstance(verdict, Allowed) is goes
    if isinstance(verdict, Blocked):
        assert verdict.reason is BlockReason.COUPON_BANNED


def test_at_the_moment_of_sending_too() -> None:
    message = MessageFacts("email", has_coupon=True, licence="NC", offer=off(40))
    verdict = may_send(person(), message, local(1, 12), BOOK)
    assert isinstance(verdict, Blocked)
    assert (verdict.reason, verdict.until) == (BlockReason.OFFER_UNLAWFUL, None)
    assert "35" in verdict.detail


def test_new_york_wants_its_words_beside_the_offer() -> None:
    """For a licence of New York, and for whoever lives there; once, and from the day it came into force."""
    assert disclosures("NY", ("NY",), DAY, RULES) == (ALGORITHM_NOTICE,)
    assert disclosures("NJ", ("NY",), DAY, RULES) == (ALGORITHM_NOTICE,)
    assert disclosures("NJ", ("NJ", "NY"), DAY, RULES) == (ALGORITHM_NOTICE,)
    assert disclosures(None, ("NJ",), DAY, RULES) == ()
    assert disclosures("NJ", None, DAY, RULES) == (ALGORITHM_NOTICE,), "who may live anywhere may live there"
    assert disclosures(None, None, DAY, RULES) == (ALGORITHM_NOTICE,)
    assert disclosures("NY", ("NY",), date(2025, 11, 9), RULES) == ()


def test_every_row_of_the_pack_is_cited_and_dated() -> None:
    assert all(rule.citation and rule.valid_from <= DAY for rule in LAWS)
    disputed = {rule.jurisdiction for rule in LAWS if rule.disputed}
    assert disputed == {"AL", "KY", "LA", "MI", "MN", "MS", "NM", "NV", "RI"}
