"""What words promise, whatever the figures beside them say: money off, and goods or money given. Pure.

An offer "without a discount" whose words, template or subject say "20% off" is a discount to whoever reads it, and to
the law of the licence. Letters that only look like ours, or that nobody sees, hide nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from functools import lru_cache
from html import unescape

from liquor_app.customers.visible_text import visible

_LOOKS_LIKE = str.maketrans(
    "аьсԁеёһіїјкӏмпорԛгѕтцѵԝхувнғαβϲεικνηορτυχωıłøđƒᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ٪⁒’‐‑–—−⁄∕",
    "abcdeehiijklmnopqrstuvwxybhfabceikvnoptuxwilodfabcdefghijklmnoprstuvwyz%%'-----//",
)
"""Letters of other alphabets that only look like ours."""
_FOR_ONE = (
    r"\b(?:\d{1,3}|two|three|four)[\s-]?for[\s-]?(?:the price of\s+)?(?:one|1)\b|\b2[ -]4[ -]1\b"
    r"|\b[2-4] ?x ?1\b(?![.,]\d)(?! ?(?:l|lit|ml|cl|oz|case|pack|bottle))|\bdos por uno\b"
)
_GIVEN_AWAY = re.compile(
    r"\brebates?\b|\brefund(?:s|ed)?\b|\bcash[\s-]?back\b|\bmoney[\s-]back\b|\bgratis\b|\bcomplimentary\b"
    r"|(?<!ships )(?<!delivered )(?<!delivers )\bfree\b"
    r"(?![\s-]+(?:of\b|deliver|shipping|pick|parking|tasting notes|entry|run\b|range\b))"
    r"|\bon (?:us|the house)\b|\bbuy\s+(?:one|two|three|\d+)\b.{0,20}\bget\b|\bbogo\b"
    rf"|{_FOR_ONE}|\bgifts?\b|\b(?:no|without) (?:charge|cost)\b"
    r"|\bde regalo\b|\bregalos?\b|[$€£]0(?:[.,]00)?(?![\d.,])"
    r"|\bcompliments of\b|\bbonus (?:bottle|case|can|glass|pack)s?\b"
    r"|\bbuy (?:a|any) (?:case|bottle|pack)\b.{0,20}\bget\b"
)
"""Words that promise goods or money back. A delivery or a tasting is no goods; "sulphite-free" is an ingredient."""
_GIVEN_IN_PASSING = re.compile(
    r"\brebates?\b|\bcash[\s-]?back\b|\bgratis\b"
    r"|(?<!feel )(?<!toll-)(?<!toll )(?<!ships )(?<!delivered )(?<!delivers )\bfree\b"
    r"(?![\s-]+(?:of\b|to\b|deliver|shipping|pick|parking|tasting|entry|event|class|wi-?fi|from\b|run\b|range\b))"
    r"|\bon the house\b|\bbuy\s+(?:one|two|three|\d+)\b.{0,20}\bget\b|\bbogo\b"
    rf"|{_FOR_ONE}|\b(?:complimentary|bonus) (?:bottle|case|can|glass|pack|drink)s?\b"
    r"|\bbuy (?:a|any) (?:case|bottle|pack)\b.{0,20}\bget\b"
)
"""The same in a whole message, where "gift ideas" and "we refund corked bottles" are no offers."""
_SPACED = re.compile(r"(?<![a-z0-9'])[a-z](?P<gap> ?[._*-] ?| )[a-z](?![a-z0-9])(?:(?P=gap)[a-z](?![a-z0-9])){1,20}")
"""A word whose letters stand apart, all by the same: "f.r.e.e", "o f f"."""
_BETWEEN = re.compile(r"[ ._*-]")
_FREE_OF = re.compile(r"(?<![\w-])[\w-]+-free\b")

_PERCENT = r"(?:%|per[ -]?cent\b|pct\b)"
_REDUCED = (
    r"(?:off\b|discount|savings?\b|less\b|cheaper\b|reduction|reduced\b|lower\b|price (?:drop|cut)|rabatt\b|nachlass\b"
    r"|(?:de )?descuento|menos\b)"
)
_PERCENT_OFF = re.compile(
    rf"(?<![\d.,])(\d{{1,3}}(?:[.,]\d{{1,2}})?) ?{_PERCENT}[ -]{{0,2}}(?:[\w'&]{{1,15}} ){{0,2}}{_REDUCED}"
    rf"|\b(?:save|saving|saves|take|takes|shave|knock|chop|drop|ahorra|ahorre)"
    rf" ?(?:(?:an|up|to|a|extra|another|at|least) ){{0,3}}"
    rf"(\d{{1,3}}(?:[.,]\d{{1,2}})?) ?{_PERCENT}"
    rf"|\b(?:descuentos?|rebajas?|discount|rabatt)(?: (?:de|del|of))?:? ?(\d{{1,3}}(?:[.,]\d{{1,2}})?) ?{_PERCENT}"
    rf"|\b(?:off|minus|less):? ?(\d{{1,3}}(?:[.,]\d{{1,2}})?) ?{_PERCENT}"
    rf"|\b(?:2nd|3rd|second|third|next) (?:one|bottle|case|pack|can)s? (?:at |for )?"
    rf"(\d{{1,3}}(?:[.,]\d{{1,2}})?) ?{_PERCENT}"
)
_HALF = re.compile(
    r"\bhalf[ -]?(?:priced?|off)\b|\bhalf the (?:usual |regular )?price\b|\b1/2 (?:price|off)\b|\bmitad de precio\b"
    r"|\ba (?:la )?mitad\b"
)
_AMOUNT = r"[$€£] ?(\d{1,6}(?:[.,]\d\d)?)(?!\d)"
_BEFORE = r"(?:was|were|reg(?:\.|ular(?:ly)?)?|normally|usually|originally|list(?:ed at)?|retail|antes)"
_NOW = r"(?:now|today|this week|sale|on sale|only|just|ours|yours|for you|ahora|hoy)"
_WAS_NOW = re.compile(
    rf"\b{_BEFORE}:? ?(?:price |at |for )?{_AMOUNT}[ .,;:!/()-]{{0,4}}(?:and |but )?(?:is |are |it's |its )?{_NOW}:?"
    rf" ?(?:price |at |for |only |just ){{0,2}}{_AMOUNT}"
    rf"|\b{_NOW}:? ?(?:price |at |for |only |just ){{0,2}}{_AMOUNT}[ .,;:!/()-]{{0,4}}(?:it |they )?{_BEFORE}:?"
    rf" ?(?:price |at |for )?{_AMOUNT}"
    rf"|{_AMOUNT}[ (,-]{{1,3}}"
    rf"(?:was|reg(?:\.|ular(?:ly)?)?|instead of|down from|reduced from|marked down from|en vez de) ?{_AMOUNT}"
)
"""Two prices, before and now; the last way names the new one first."""
_COINS = r"(?:dollars?|bucks|usd|cents?\b|¢|euros?|quid|pounds?|pesos?|centavos?)"
_COUNT = (
    r"(?:\d{1,4}(?:[.,]\d\d)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|twenty five|fifty)"
)
_UNREADABLE = re.compile(
    rf"\b(?:save|saving|saves|take|knock|ahorra|ahorre) (?:(?:up|to|a|an|extra|another|at|least) ){{0,3}}"
    rf"{_COUNT}[ -]?{_COINS}"
    rf"|\b{_COUNT}[ -]?{_COINS} (?:off\b|discount|less\b|cheaper\b|back\b|de descuento|menos\b)"
    r"|¢ ?\d{1,3} (?:off\b|discount|less\b)|\b(?:marked|priced) down\b|\b(?:down|reduced|cut) from [$€£] ?\d"
    r"|\b(?:instead of|en vez de) [$€£] ?\d|"
    r"\b\d[\d.,]{0,8} ?[$€£] ?(?:off\b|discount)|\b(?:a|one|two) (?:fifth|quarter|third|tenth)s? off\b"
    r"|\bprices? (?:cuts?|slashed|reduced)\b|\bslashed prices?\b|\bfor the price of\b"
    r"|\bbuy (?:a|any) (?:case|bottle|pack)\b.{0,20}\bget\b(?! (?:\d{1,3}(?:[.,]\d{1,2})? ?%|\{discount))|"
    rf"[$€£] ?\d[\d.,]{{0,8}} ?(?:off\b|discount|less\b|cheaper\b|back\b|de descuento)"
    r"|\b\d{1,4}(?:\.\d\d)? ?(?:dollars?|bucks|usd) (?:off\b|discount|less\b|cheaper\b|back\b)"
    r"|\b(?:save|saving|take|knock|ahorra|ahorre) (?:(?:up|to|an?|extra|another) ){0,3}[$€£] ?\d"
    rf"|\b[a-z]{{3,12}}(?:-[a-z]{{3,5}})? {_PERCENT} {_REDUCED}"
    r"|\bbogo\b|\bbuy (?:one|two|three|\d{1,2})\b.{0,20}\bget\b(?! (?:\d{1,3}(?:[.,]\d{1,2})? ?%|\{discount))"
    rf"|\b(?:save|saving|saves|take|takes|knock|ahorra|ahorre) (?:(?:an|up|to|a|extra|another|at|least) ){{0,3}}"
    rf"[a-z]{{3,12}}(?:-[a-z]{{3,5}})? {_PERCENT}"
    r"|\bb[1-4] ?g[1-3]\b|\bbogo ?\d{2}\b|\b(?:two|three|2|3)-?fers?\b"
    r"|\b(?:we|we'll|we will|i'll|let us) (?:pay|cover|eat) (?:the |your |all )?(?:sales )?tax(?:es)?\b"
    r"|\bprice drops?\b|\bdrop in price\b"
    r"|\b\d{1,3} off\b|\b1/[3-5] off\b|\b[2-4] ?x ?[1-3]\b(?![.,]\d)(?! ?(?:l|lit|ml|cl|oz|case|pack|bottle))"
    rf"|\b(?:pay|paga|pague) (?:only |just |solo )?\d{{1,3}} ?{_PERCENT}"
    rf"|\b\d{{1,3}} ?{_PERCENT} of (?:the |its |our )?(?:usual |regular |normal )?price\b"
    r"|[$€£] ?\d[\d.,]{0,8} ?(?:→|-{1,2}>|=>) ?[$€£] ?\d|\bdos por uno\b"
    r"|\b(?:two|three|four|\d)[ -]?for[ -]?(?:the price of )?(?:one|two|1|2)\b|\b(?:2[ -]4[ -]1|3[ -]4[ -]2)\b"
)
"""Money off whose share of the price nobody can read from the words."""
_THINGS = r"(?:one|bottle|case|pack|can|glass)"
_IN_DISGUISE = re.compile(
    # a further bottle for nothing is each of them for less
    r"\b(?:2nd|3rd|\d{1,2}th|second|third|fourth|next|another|extra|thirteenth)"
    rf" (?:{_THINGS} )?(?:(?:is|are|comes?) )?"
    r"(?:free\b(?! of\b)|on us\b|on the house\b|for (?:only )?(?:a|one|1) (?:cent|penny|dollar|buck)\b)"
    rf"|\bfree (?:2nd|3rd|second|third|extra|additional) {_THINGS}\b"
    rf"|\b{_THINGS} (?:two|three|2|3) (?:is |are )?(?:free|on us|on the house)\b"
    r"|\b(?:buy|pay(?: for)?|paga|pague) (?:\d{1,2}|one|two|three|four|five|six),? (?:and )?(?:take|get|drink|lleva)"
    r" (?:home )?(?:\d{1,2}|two|three|four|five|six|seven)\b(?! ?%)|\bdozen for (?:\d{1,2}|ten|eleven)\b"
    # less, without the word
    r"|\bmark-?downs?\b|\breduced to clear\b|\bclearance (?:price|sale)s?\b|\ba (?:fiver|tenner) off\b"
    r"|(?:^|[.!:;|] ?|(?<=[a-z] ))-\d{1,2} ?%(?! ?(?:abv|alc|vol))|\b\d{1,3} por ciento menos\b|\bvales? de [$€£] ?\d"
    r"|\b(?:save|ahorra) (?:ten|fifteen|twenty|thirty|forty|fifty)(?=$|[.!,]| (?:today|now|this|on)\b)"
    # a code is one whatever it is called
    r"|\b(?:use|enter|quote|apply|type|mention) (?!code)[a-z]{3,12}\d{1,3}\b(?=$|[.!,]| (?:at|for|when|in)\b)"
)
"""Money off that no word for it names."""
_NAMED = re.compile(
    r"(?<!no )(?<!not )(?<!without )(?<!never )\bdiscount(?:s|ed)?\b(?! (?:store|shop|warehouse)\b)"
    r"|(?<!no )\b(?:coupons?|vouchers?|cupon(?:es)?|descuentos?|rebajas?)\b|\bpromo(?:tion(?:al)?)?[ -]codes?\b"
    r"|\b(?:use|enter|apply|with) (?:(?:the|your|this|promo) ){0,2}code\b"
)
"""Money off without a figure: the offer's own where it has one."""
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*+)?+[^<>]*+>")
_ALT = re.compile(r"""\b(?:alt|title)=(?:"([^"]*+)"|'([^']*+)')""", re.IGNORECASE)
_INLINE = frozenset({"a", "b", "i", "u", "em", "strong", "span", "font", "small", "big", "wbr", "mark", "sup", "sub"})


@dataclass(frozen=True, slots=True)
class Told:
    """The money off that words promise: so many per cent at most, or `unreadable`; `words` as they were found."""

    percent: Decimal | None = None
    unreadable: str = ""
    named: str = ""
    words: str = ""


_OF_PERCENT, _OF_HALF = ("%", "cent", "pct"), ("half", "1/2", "mitad")
_OF_MONEY = (
    "$", "€", "£", "dollar", "bucks", "usd", "%", "cent", "pct", "off", "price", "bogo", "buy ", "for the", "for one",
    "for two", "for 1", "for 2", "for-", "for1", "for2", "2 4 1", "2-4-1", "3 4 2", "3-4-2", "¢", "euro",
    "quid", "pound", "peso", "centavo", "down from", "ed down", "ed from", "cut from", "instead", "en vez",
    "x1", "x2", "x3", "x 1", "x 2", "x 3", "por uno", "g1", "g2", "g3", "g 1",
    "g 2", "g 3", "ofer", "eefer", "2fer", "3fer", "-fer", "tax",
)  # fmt: skip
_OF_DISGUISES = (
    "free", "on us", "on the house", "penny", "a cent", "one cent", "1 cent", "dollar", "buck", "buy ", "pay ", "paga",
    "pague", "pay for", "dozen", "mark", "clear", "fiver", "tenner", "%", "por ciento", "vale", "save ", "ahorra ",
    "use ", "enter ", "quote ", "apply ", "type ", "mention ",
)  # fmt: skip
_OF_NAMES = ("discount", "coupon", "voucher", "cupon", "descuento", "rebaja", "promo", "code")
_OF_GIFTS = (
    "rebate", "refund", "cash", "money", "gratis", "compliment", "free", "on us", "on the house", "buy ", "bogo",
    "for one", "for 1", "for-", "for1", "2 4 1", "2-4-1", "for the price", "gift", "charge", "cost", "bonus",
    "x1", "x 1", "por uno", "regalo", "$0", "€0", "£0",
)  # fmt: skip
"""Without one of these a pattern finds nothing, and most messages have none: looking for each is many times faster."""


def _search(pattern: re.Pattern[str], plain: str, marks: tuple[str, ...]) -> re.Match[str] | None:
    return pattern.search(plain) if any(one in plain for one in marks) else None


@lru_cache(maxsize=1_024)
def told_money_off(words: str) -> Told:
    """Return what words promise to take off the price."""
    plain = plain_words(words)
    found = [
        (Decimal(next(filter(None, one.groups())).replace(",", ".")), one[0].strip())
        for one in (_PERCENT_OFF.finditer(plain) if any(mark in plain for mark in _OF_PERCENT) else ())
    ] + ([(Decimal(50), half[0])] if (half := _search(_HALF, plain, _OF_HALF)) else [])
    left = plain
    if any(mark in plain for mark in "$€£"):
        found += _lowered(plain)
        left = _WAS_NOW.sub(" ", plain)
    most = max(found, default=None)
    unreadable = _search(_UNREADABLE, left, _OF_MONEY) or _search(_IN_DISGUISE, plain, _OF_DISGUISES)
    named = _search(_NAMED, plain, _OF_NAMES)
    return Told(
        most[0] if most else None,
        unreadable[0].strip() if unreadable else "",
        named[0] if named else "",
        most[1] if most else "",
    )


def _lowered(plain: str) -> Iterator[tuple[Decimal, str]]:
    """Give the share by which one price is below another that stands before it ("was $20, now $15")."""
    for one in _WAS_NOW.finditer(plain):
        figures = [Decimal(group.replace(",", ".")) for group in one.groups() if group]
        old, new = figures if one[1] else reversed(figures)
        if new < old:
            yield (100 * (old - new) / old).quantize(Decimal("0.01"), rounding=ROUND_UP), one[0].strip()


@lru_cache(maxsize=1_024)
def given_away(words: str, *, in_passing: bool = False) -> str:
    """Return the words that promise goods or money back; empty if none do.

    Args:
        in_passing: they are a whole message's, of which only part is an offer.
    """
    pattern = _GIVEN_IN_PASSING if in_passing else _GIVEN_AWAY
    plain = plain_words(words)
    if "-free" in plain:
        plain = _FREE_OF.sub("", plain)
    found = _search(pattern, plain, _OF_GIFTS)
    return found[0].strip() if found else ""


def plain_words(words: str) -> str:
    """Return words as people read them: lower case, one space between, no accents, nothing invisible, no letters that
    only look like ours."""
    if not words.isascii():
        folded = unicodedata.normalize("NFKD", visible(words))
        kept = [one for one in folded if not unicodedata.combining(one) and unicodedata.category(one) != "Cf"]
        words = "".join(kept)
    plain = words.casefold()
    if not plain.isascii():
        plain = plain.translate(_LOOKS_LIKE)
    return _SPACED.sub(_put_together, " ".join(plain.split()))


def _put_together(spaced: re.Match[str]) -> str:
    """Return the word of letters that stand apart; with an article before it, "a f r e e", as two words as well."""
    word = _BETWEEN.sub("", spaced[0])
    return f"{word} {word[1:]}" if word[0] == "a" and spaced["gap"] == " " else word


def seen_words(html: str) -> str:
    """Return the words of a page, those that stand for its pictures too: no style sheets, no comments, a word in two
    colours still one."""
    for opens, closes in (("<!--", "-->"), ("<style", "</style>"), ("<title", "</title>")):
        html = _without(html, opens, closes)
    pictures = " · ".join(found for one in _ALT.finditer(html) if (found := one[1] or one[2]))
    words = _TAG.sub(lambda tag: "" if (tag[1] or "").lower().lstrip("/") in _INLINE else " ", html)
    return unescape(f"{words} · {pictures}" if pictures else words)


def _without(html: str, opens: str, closes: str) -> str:
    lower, kept, at = html.lower(), list[str](), 0
    if len(lower) != len(html):  # a letter that is two in lower case: nothing is left out then
        return html
    while (start := lower.find(opens, at)) >= 0 and (end := lower.find(closes, start)) >= 0:
        kept.append(html[at:start])
        at = end + len(closes)
    return " ".join([*kept, html[at:]])
