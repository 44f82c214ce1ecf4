"""What the figures deny and the words promise: offers dressed up so that the law of the licence does not see them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.edit_offer import change_copy, change_offer
from liquor_app.compliance.legal_rules import RuleKind
from liquor_app.compliance.may_offer import OfferFacts, lawful_discount, may_offer
from liquor_app.compliance.offer_words import given_away, seen_words
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.errors import Conflict
from liquor_app.customers.places import STATES
from liquor_app.segments.default_segments import DEFAULT_SEGMENTS
from liquor_app.sending.pipeline.dispatch import Dispatcher
from tests.actions.test_edits import MARKETER, pending, plan
from tests.compliance.test_may_offer import BOOK, DAY
from tests.people import ensure_shop
from tests.sending.test_pump import execute, sends, shop

DISGUISES = [
    "20% off all tequila", "20 % OFF", "Take 20 percent off", "save up to 20%", "Save an extra 15% today",
    "twenty percent off", "20% discount", "a 15% saving", "half price", "Half-off Friday", "$5 off any bottle",
    "Save $10", "5 dollars off", "10 bucks off", "use code VINO", "your coupon inside", "A voucher for you",
    "promo code: SECRET", "BOGO", "buy two get one", "2 for 1", "two for the price of one", "20% de descuento",
    "a special discount just for you",
    "10$ off", "20 per-cent off", "20% price drop", "OFF: 20%", "minus 20%", "2nd bottle 50%", "a third off",
    "price cuts", "a case for the price of ten", "20% Rabatt", "buy a case, get one",
    # the same, for a machine that reads letters and not words
    "２０％ ＯＦＦ", "20% о\u0066f", "20\u200b% o\u00adff", "c\u043eup\u043en", "ＣＯＵＰＯＮ", "ᴄᴏᴜᴘᴏɴ", "𝟐𝟎% 𝐨𝐟𝐟",
    "20%\u00a0off", "20%  \n off", "2\u20600% off", "ＢＯＧＯ", "d\u0456scount", "20٪ off",
    "20% o f f", "20 p.e.r.c.e.n.t off", "c-o-u-p-o-n inside",
    # without any word for it
    "second one free", "free second bottle", "the second bottle for a cent", "13th bottle free", "bottle two is on us",
    "pay 4 get 5", "buy 5, take 6", "a dozen for ten", "our markdown week", "reduced to clear", "clearance prices",
    "take a fiver off", "all tequila -20%", "−20 % today", "½ price", "1∕2 price", "save twenty today", "shave 10%",
    "save fifteen percent", "take twenty-five per cent", "B1G1 on gin", "BOGO50", "twofer Tuesday", "2-fers",
    "we pay the sales tax", "we'll cover your tax", "Price drop on rye",
    "20 por ciento menos", "un vale de $10", "use VINO20 at checkout", "mention GIN15.", "paga 2 lleva 3",
]  # fmt: skip
HONEST = [
    "12% alcohol, 100% agave, 90% Syrah", "New arrivals from the Loire", "No discount, no tricks: good wine",
    "Off the beaten track: 20 new bottles", "Two friends for one evening", "Open until 9, 5 dollars parking",
    "Code of the vine", "A case of 12 for your cellar", "We saved a bottle for you", "Take 2 minutes",
    "Your usual, kept cold", "J. R. R. Tolkien night", "Minus five degrees, ice wine",
    "Alcohol 12 - 15% by volume", "Barrels from -5% alcohol loss", "The second one is free of sulphites",
    "Mark Downs, our cellar master",
    "Pay for two, we deliver to two", "Clear skies", "A dozen for the cellar", "Use Bordeaux when in doubt",
    "Save twenty minutes: order online", "Mention Syrah in 2016", "Tenner Winery", "Next bottle, next story",
    "A third of our cellar", "Ships free", "Our offer, your refer", "Saving the vine, percent by percent",
    "We pay attention, and taxes", "A blend of 60% Merlot and 40% Cabernet",
]  # fmt: skip


@pytest.mark.parametrize("words", DISGUISES)
@pytest.mark.parametrize("figure", ["0", "1"])
def test_money_off_in_words_is_money_off(words: str, figure: str) -> None:
    offer = OfferFacts(Decimal(figure), words=words)
    for licence in ("MA", "CT"):
        assert may_offer(offer, licence, DAY, BOOK) is not None, (licence, words)
        assert lawful_discount(offer, licence, DAY, BOOK) == 0


@pytest.mark.parametrize("words", HONEST)
def test_what_promises_nothing_is_left_alone(words: str) -> None:
    for is_whole in (False, True):
        offer = OfferFacts(Decimal(0), words=words, is_whole=is_whole)
        assert [state for state in STATES if may_offer(offer, state, DAY, BOOK)] == []


def test_the_larger_of_figure_and_words_counts() -> None:
    for words, lawful in (("35% off", True), ("36% off", False), ("up to 5% alcohol", True), ("half price", False)):
        assert (may_offer(OfferFacts(Decimal(10), words=words), "NC", DAY, BOOK) is None) is lawful, words
    refused = may_offer(OfferFacts(Decimal(0), words="Really 40% off"), "NC", DAY, BOOK)
    assert refused
    assert refused.rule.kind is RuleKind.MAX_DISCOUNT
    assert refused.detail.startswith("Its words promise “40% off”.")


@pytest.mark.parametrize(
    "words",
    [
        "A fr\u0435e bottle",
        "ＦＲＥＥ bottle",
        "a f\u200bree bottle",
        "Cash\u00a0back",
        "gr\u0430tis",
        "REB\u00adATE",
        "𝓯𝓻𝓮𝓮 wine",
    ],
)
def test_gifts_in_other_letters_are_gifts(words: str) -> None:
    for is_whole in (False, True):
        refused = may_offer(OfferFacts(words=words, is_whole=is_whole), "ME", DAY, BOOK)
        assert refused is not None, words
        assert refused.rule.kind is RuleKind.REBATE_BAN


def test_a_whole_message_may_speak_of_gifts_and_be_free_of_worry() -> None:
    for words in ("Gift ideas, toll-free 1-800, feel free to call", "Free delivery and a free tasting; sulphite-free",
                  "We refund corked bottles"):  # fmt: skip
        assert given_away(words, in_passing=True) == ""
    assert given_away("a free glass with every case", in_passing=True) == "free"


def test_markup_hides_nothing_and_is_no_word() -> None:
    page = (
        "<style>.discount{width:20%}</style><!-- 50% off --><title>coupon</title>"
        "<p>20<b>%</b> o<span>ff</span></p><table><td>fr<i>e</i>e</td><td>wine</td></table>"
        "<img alt=''><img alt=\"\"><img alt='Get a voucher'>&#50;&#53;&percnt; off"
    )
    words = seen_words(page)
    assert "20% off" in words
    assert "free wine" in " ".join(words.split())
    assert "25% off" in words
    assert "Get a voucher" in words
    assert "discount" not in words
    assert "coupon" not in words


def test_the_offers_that_are_shipped_are_what_their_figures_say() -> None:
    offers = [one for segment in DEFAULT_SEGMENTS for one in segment["recommended_offers"]]
    assert len(offers) > 10
    for one in offers:
        facts = OfferFacts(Decimal(one["discount_pct"]), words=f"{one['name']} {one['text']}")
        assert facts.as_told is facts, one
        assert replace(facts, words="").is_money_off is facts.is_money_off


INSIDE = (
    "UPDATE template_versions SET body_html_template = replace(body_html_template, '</mj-body>', '<mj-section>"
    "<mj-column><mj-text>{words}</mj-text></mj-column></mj-section></mj-body>')"
)
HIDING = [
    ("UPDATE template_versions SET subject_template = 'Today: twenty percent off'", "MA", "offer"),
    (INSIDE.format(words="A f<b>re</b>e bottle"), "ME", "offer"),
    ("UPDATE template_versions SET body_text_template = concat('Use code VINO. ', body_text_template)", "MA", "offer"),
    (INSIDE.format(words="{{ custom.perk }}"), "MA", "field"),
    ("SELECT 1", "MA", None),
    ("SELECT 1", "ME", None),
]  # fmt: skip


@pytest.mark.integration
@pytest.mark.parametrize(("swap", "licence", "why"), HIDING)
async def test_what_the_template_says_is_asked_as_it_leaves(
    database: str, swap: str, licence: str, why: str | None
) -> None:
    """Approved with an offer of no money off; then the template is written anew, or a shop's own field filled."""
    campaign, _ = await shop(1)
    await execute("UPDATE brands SET licence_state = :state", state=licence)
    await execute(
        "UPDATE actions SET offer = 'First pick', message = 'First pick of the new wines.',"
        ' offer_terms = offer_terms || \'{"discount_pct": "0", "name": "News"}\''
    )
    await execute('UPDATE customers SET raw_data = \'{"custom": {"perk": "25% off"}}\'')
    await execute(swap)
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert (row.status, row.skip_reason) == (("skipped", "offer_unlawful") if why else ("sent", None)), row.note


@pytest.mark.integration
async def test_no_offer_of_words_alone_is_given_by_hand(session: AsyncSession) -> None:
    """With a licence named and without one."""
    await ensure_shop(session)
    await ensure_rule_pack(session)
    campaign = await plan(session, 1)
    row = (await pending(session, campaign))[0]
    await session.execute(text("UPDATE customers SET state = 'MA'"))
    for licence in ("MA", None):
        await session.execute(text("UPDATE brands SET licence_state = :state"), {"state": licence})
        for words in ("Twenty percent off", "50% \u043eff all of it"):
            with pytest.raises(Conflict, match=r"25C|bans coupons"):
                await change_offer(session, MARKETER, row.id, offer=words, discount_pct=0)
        with pytest.raises(Conflict, match=r"25C|bans coupons"):
            await change_copy(session, MARKETER, row.id, message="Your c\u043eupon waits at the counter")
