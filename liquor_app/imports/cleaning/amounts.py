"""Numbers and money in any notation: signs before and behind, brackets, currencies, thousands. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from liquor_app.core.money import money

_SIGNS = {
    "us$": "USD", "ca$": "CAD", "c$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD",
    "mx$": "MXN", "r$": "BRL", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₪": "ILS",
    "kr": "", "fr": "", "fr.": "", "zł": "PLN",
}  # fmt: skip
"""What stands for one currency; "" for a sign several share, which none of ours is. `$` is the shop's own."""
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG DEM FRF HRK
"""
CURRENCIES = frozenset(_CODES.split())
"""ISO 4217, and what a few of them were before; three other letters beside a number are a unit, `12 pcs`."""
_BARE = re.compile(
    r"^(?P<before>[+(-]?)\s*+(?P<one>[a-z]{0,3}[$€£¥₹₩₽₪]|[a-z]{3}|kr\.?|fr\.?|zł)?\s*+(?P<inner>[+(-]?)\s*+"
    r"(?P<digits>[\d.,' ]*\d)[.,]?\s*+(?P<other>[a-z]{0,3}[$€£¥₹₩₽₪]|[a-z]{3}|kr\.?|fr\.?|zł)?"
    r"\s*+(?P<behind>[)-]|cr\.?|dr\.?)?$",
    re.IGNORECASE,
)
_EITHER = re.compile(r"^(?:\d{1,3}(?:[, ']\d{3})+\.\d{1,2}|\d{1,3}(?:[. ']\d{3})+,\d{1,2})$")
"""Groups and cents of two marks: whatever the file's mark is, only the last can be the decimal one."""
_GROUPS = re.compile(r"^\d{1,3}(?P<mark>[., '])\d{3}(?:(?P=mark)\d{3})+$")
"""Several groups of one mark: no number has two decimal marks."""
_CENTS = re.compile(r"^[.,]\d{1,2}$")
_POWER = re.compile(r"^[+-]?\d+(?:[.,]\d+)?e[+-]?\d{1,2}$", re.IGNORECASE)
"""As programs write numbers that are very large or small: 1.5E3."""
_REWRITTEN = (
    (re.compile(r"^\((?P<inner>[^()]*)\) ?(?P<unit>[a-z$€£¥]{1,4})$", re.IGNORECASE), r"(\g<inner> \g<unit>)"),
    (re.compile(r" ?\((?P<unit>[a-z]{3})\)$", re.IGNORECASE), r" \g<unit>"),
    (re.compile(r"(?P<digit>\d)[.,]-+(?P<unit> ?\D{0,3})$"), r"\g<digit>\g<unit>"),
    (re.compile(r" ?(?:us )?dollars?$", re.IGNORECASE), "$"),
)
"""`(12.50) USD`, `$12.50 (USD)`, the `5,-` of price tags, and dollars in words, as `_BARE` reads them."""
_POINT = re.compile(r"^(?:\d{1,3}(?:[ ,']\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)$")
_COMMA = re.compile(r"^(?:\d{1,3}(?:[ .']\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?|,\d+)$")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as written. `currency` is an ISO 4217 code, "$" for dollars that are not said whose, "" if it names
    none, "?" if what it names is none we know."""

    value: Decimal
    currency: str = ""


LONGEST = 64
"""Letters of a number; what is longer is none."""


@lru_cache(maxsize=4096)
def read_amount(text: str, decimal: str = ".") -> Amount | None:
    """Return what a text says; None if it is no number.

    `1,234.50`, `12,50`, `$12.50`, `USD 12.50`, `$12.50 USD`, `12.50-`, `(3.00)`, `12.50 CR`, `1'234.50`, `CA$5.00`,
    `1.5E3`, `5,-` (five).

    Args:
        decimal: the file's decimal mark, which settles what `1.234` and `1,234` are; what can only be one thing
            (`12,50` among points, `12.50` among commas) is that.
    """
    plain = text.translate(_LOOKALIKES).strip() if len(text) <= LONGEST else " ".join(text.split())
    if len(plain) > LONGEST:
        return None
    if _POWER.match(plain):
        return Amount(Decimal(plain.replace(",", ".")))
    if (found := _BARE.match(_rewritten(plain))) is None:
        return None
    if any(len(one) == 3 and one.isalpha() and _currency(one) == "?" for one in (found["one"], found["other"]) if one):
        return None
    named = {_currency(one) for one in (found["one"], found["other"]) if one}
    if len(named - {"$"}) > 1 or (found["one"] and found["other"] and "$" not in named):
        return None
    before, behind = found["before"] + found["inner"], (found["behind"] or "").lower().rstrip(".")
    if behind == "cr":  # a credit: the customer's
        behind = "-"
    if len(before) > 1 or ("(" in before) != (behind == ")") or (before and behind == "-"):
        return None
    digits = found["digits"]
    if _EITHER.match(digits) or _CENTS.match(digits):
        decimal = max(".,", key=digits.rfind)
    elif groups := _GROUPS.match(digits):
        digits = digits.replace(groups["mark"], "")
    elif not (_POINT if decimal == "." else _COMMA).match(digits):
        return None
    try:
        value = Decimal(_plain(digits, decimal))
    except InvalidOperation:
        return None
    is_negative = "-" in before or "(" in before or behind == "-"
    return Amount(-value if is_negative else value, next(iter(named - {"$"}), "$" if named else ""))


_LOOKALIKES = str.maketrans({"−": "-", "–": "-", "’": "'", "\xa0": " ", "\u202f": " ", "＄": "$", "％": "%", "٪": "%"})
_PERCENT = re.compile(r"%|\b(?:percent|pct)\b\.?|(?<=\d)(?:percent|pct)\b\.?", re.IGNORECASE)
_OFF = re.compile(r"\b(?:off|discount)\b", re.IGNORECASE)


def says_percent(text: str) -> bool:
    """Tell whether a text is about a share of something, whether it can be read or not."""
    return _PERCENT.search(text[:LONGEST].translate(_LOOKALIKES)) is not None


def read_share(text: str, decimal: str = ".") -> Decimal | None:
    """Return the share that is taken off, as `10%`, `-10 %`, `(10%)`, `10 pct off` or a number alone say it (in
    hundredths); None if they say none, or more than all."""
    plain = text.translate(_LOOKALIKES).strip() if len(text) <= LONGEST else ""
    read = read_amount(_OFF.sub(" ", _PERCENT.sub(" ", plain, count=1)).replace(" )", ")"), decimal)
    if read is None or read.currency or abs(read.value) > 100:
        return None
    return abs(read.value) / 100


def _rewritten(text: str) -> str:
    if text[-1:].isdigit():  # as most are
        return text
    for form, into in _REWRITTEN:
        text = form.sub(into, text)
    return text


def _plain(digits: str, decimal: str) -> str:
    if digits.isdigit():
        return digits
    other = "," if decimal == "." else "."
    whole, mark, cents = digits.partition(other)
    if mark and whole.isdigit() and cents.isdigit() and len(cents) <= 2:
        return f"{whole}.{cents}"
    return digits.replace(other, "").replace(" ", "").replace("'", "").replace(decimal, ".")


@lru_cache(maxsize=256)
def head_currency(column: str) -> str:
    """Return the currency the name of a column says its sums are in ("Amount (EUR)", "Total £"), as `Amount.currency`;
    "" if it names none. Letters are a code only in capitals: a `Top Up` is no paʻanga."""
    found = [*re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", column), *re.findall(r"[A-Za-z]{0,2}[$€£¥₹₩₽₪]", column)]
    named = {one for one in map(_currency, found) if one and one != "?" and one not in _WORDS_TOO}
    return named.pop() if len(named) == 1 else ""


_CENTS_COLUMN = re.compile(r"(?<![a-z])(?:cents?|centavos?|cts|pennies|pence|minor units?)(?![a-z])|¢", re.IGNORECASE)
_UNIT_OF_COLUMN = re.compile(r"\bin\s+(?=\(?(?:cents?|[A-Z]{3})\b)")


@lru_cache(maxsize=256)
def holds_cents(column: str) -> bool:
    """Tell whether the name of a column says that its sums are hundredths ("Amount (cents)", `total_cents`)."""
    return _CENTS_COLUMN.search(column.replace("_", " ")) is not None


@lru_cache(maxsize=256)
def without_unit(column: str) -> str:
    """Return a column's name without the unit of its sums: "Amount (cents)" and "Amount in USD" are "Amount"."""
    bare = _CENTS_COLUMN.sub(" ", _UNIT_OF_COLUMN.sub(" ", column.replace("_", " ")))
    return re.sub(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", lambda one: "" if one[0] in CURRENCIES else one[0], bare)


def of_cents(cell: str, decimal: str = ".") -> str | None:
    """Return what a cell of cents comes to, as a cell of the whole currency ("2399" is "23.99"); itself if it is no
    number, None if it is one with cents of its own."""
    if (read := read_amount(cell.strip(), decimal)) is None:
        return cell
    if read.value != read.value.to_integral_value():
        return None
    whole = str(money(read.value / 100))
    return f"{whole} {read.currency}" if len(read.currency) == 3 else whole


_WORDS_TOO = frozenset({"ALL", "TOP", "CUP", "PEN", "MOP", "SOS", "BAM", "STN"})
"""Codes that are as often a word, or short for one, in a head of capitals."""


def _currency(written: str) -> str:
    sign = written.lower()
    if sign in {"", "$"}:
        return sign
    if sign in _SIGNS:
        return _SIGNS[sign] or "?"
    code = sign.removesuffix("$")
    return code.upper() if code.upper() in CURRENCIES else "?"
