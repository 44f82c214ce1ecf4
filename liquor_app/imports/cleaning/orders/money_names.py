"""What columns of sums are called: goods, what stands beside them, what came back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from liquor_app.imports.cleaning.amounts import holds_cents, read_amount, without_unit
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.answers.heard_columns import field_of
from liquor_app.imports.cleaning.orders.discount_columns import ORDER_TOTAL, offs_of, order_offs_of
from liquor_app.imports.profiles.tool_profile import plain

BESIDE = ("tax", "other_tax", "tip", "shipping", "fees")
"""Fields that are taken off an amount which holds them: they are paid, but for no goods."""
REFUNDED = "refunded"
TAX_RATE = "tax_rate"
"""Field: by which share a price with tax is more than what was paid for goods."""
WITH_TAX = re.compile(
    r"\b(?:(?:tax(?:es)?|vat|gst) (?:incl?|included|inclusive)|(?:incl?|including|inclusive of"
    r"|with) (?:sales )?(?:tax(?:es)?|vat|gst))\b"
)
IS_TAX_RATE = re.compile(r"(?:sales )?(?:tax|vat|gst)(?: rate)+(?: percent| pct)?")

_KINDS = (
    ("tax", re.compile(r"\b(?:tax(?:es)?|salestax|vat|gst|hst|pst|qst|iva|mwst|impuestos?|itbis|igv)\b")),
    ("tip", re.compile(r"\b(?:tips?|gratuit(?:y|ies)|propinas?)\b")),
    ("shipping", re.compile(r"\b(?:ship|shipping|shipment|delivery|postage|freight|handling|envio)\b")),
    ("fees", re.compile(
        r"\b(?:(?:service|convenience|bag|bottle|recycling|packaging) (?:charges?|fees?)|surcharges?"
        r"|(?:bottle|container) deposits?|crv)\b"
    )),
)  # fmt: skip
_NO_SUM = re.compile(
    r"\b(?:(?<!shipping )(?<!delivery )rate"
    r"|percent|pct|id|ids|number|no|num|exempt\w*|code|class|category|name|type|method|status|state|date|time|at"
    r"|address\w*|street|city|zip|postal|postcode|province|county|country|region|company|phone|carrier|tracking|notes?"
    r"|instructions?|option|service|window|zone|by|taxable|incl?\w*|with|after|before|excl?\w*|without|net|subtotal"
    r"|discounts?|first|last|email|person|provider)\b(?! (?:charges?|fees?|tax(?:es)?)\b)"
)
_IS_WHOLE = re.compile(
    r"\b(?:incl?|including|included|inclusive|with|after|before|excl?|ex|excluding|exclusive|without|con|sin|incluid[oa]s?|antes|despues|mas)\b"
)
"""A sum with or without something is never the something: `Total incl. tax` is no tax."""
_PLAIN_NET = (
    "net sales", "net revenue",
    "subtotal", "order subtotal", "net total", "net amount", "net amt", "goods total", "merchandise total",
    "items total", "item subtotal", "products total", "product total", "total before tax", "total excl tax",
    "total net", "total ex tax", "net",
    "total ex gst", "total excl gst", "total ex vat", "total excl vat",
    *(
        f"{sum_} {less} {tax}"
        for sum_ in ("amount", "line total", "item total", "price total", "sales")
        for less in ("excl", "ex", "excluding", "before", "without", "net of")
        for tax in ("tax", "vat", "gst", "taxes")
    ),
    "amount before tax", "pretax total", "pre tax total", "base imponible",
    "subtotal ex tax", "subtotal excl tax", "subtotal before tax",
    "total sin iva",
    "total neto", "importe neto", "venta neta", "ventas netas", "total sin impuestos",
)  # fmt: skip
_PLAIN_TOTAL = (
    "total", "order total", "grand total", "total amount", "amount total", "total price", "total paid", "amount paid",
    "total collected", "invoice total", "sale total", "transaction total", "receipt total", "total charged",
    "amount charged", "order amount", "order value", "total incl tax", "total inc tax", "total with tax",
    "total incl gst", "total inc gst", "total incl vat", "total inc vat", "gross total",
    "total due", *(
        f"{sum_} {more} {tax}"
        for sum_ in ("amount", "line total", "item total", "price total", "sales")
        for more in ("incl", "inc", "including", "with")
        for tax in ("tax", "vat", "gst", "taxes")
    ),
    "order total inc tax", "order total incl tax", "grand total purchased", "grand total base", "importe total",
    "monto total", "total con iva", "total pagado", "total a pagar", "total de la venta",
    "total venta",
    "total factura", "total pedido",
    "summe brutto", "brutto", "bruttobetrag", "gesamtbetrag", "gesamtsumme", "rechnungsbetrag", "total ttc",
    "montant ttc",
)  # fmt: skip
_PLAIN_GROSS = (
    "gross sales", "gross sale", "gross sales amount", "gross item sales", "gross product sales", "gross revenue",
    "item gross sales", "line gross sales", "venta bruta", "ventas brutas", "ventes brutes", "bruttoumsatz",
    "amount before discount", "amount before discounts", "total before discount", "total before discounts",
    "subtotal before discount", "subtotal before discounts", "sales before discount", "sales before discounts",
    "line total before discount", "line total before discounts", "before discount", "before discounts",
)  # fmt: skip
_PLAIN_GROSS_OR_TAXED = (
    "gross amount", "gross total", "gross value", "gross", "gross line total", "gross line amount", "gross item total",
    "gross item amount", "line gross", "item gross", "line gross amount", "item gross amount", "gross sum",
)  # fmt: skip
GROSS = frozenset(plain(one) for one in _PLAIN_GROSS)
"""Names of columns of goods before anything was taken off, as tills mean it: what a file says of discounts is."""
WEAK_PRICES = frozenset(
    plain(one)
    for one in ("retail", "retail price", "unit retail", "shelf price", "regular price", "list price", "msrp")
)
"""Prices as the shelf has them: what was paid may stand elsewhere."""
OF_AN_ORDER = re.compile(
    r"^(?:order|grand|cart|basket|receipt|invoice|check|ticket|transaction)"
    r" (?:sub ?)?(?:totals?|amounts?|values?|sums?)\b"
)
OF_A_LINE = re.compile(r"\b(?:line|item|items|ext|extended|product)\b")
PLAIN_GROSS = (*_PLAIN_GROSS, *_PLAIN_GROSS_OR_TAXED)
GROSS_OR_TAXED = frozenset(plain(one) for one in _PLAIN_GROSS_OR_TAXED)
"""… and of those that may as well be sums with tax: they are, in a file that tells the tax."""
NET, TOTAL = ([plain(one) for one in names] for names in (_PLAIN_NET, _PLAIN_TOTAL))
"""Names of columns of goods alone, and of those that hold whatever was paid; the likeliest first."""
_BACK = re.compile(
    r"\b(?:refund(?:s|ed)?|refnd|rfnd|rfd|returns?|returned|given back|money back|charge ?backs?|voids"
    r"|void(?:ed)? (?:amounts?|totals?|values?|sums?)|(?:amounts?|totals?|values?) void(?:ed)?"
    r"|(?:reversed|credited) (?:amounts?|amt)|(?:amounts?|amt) (?:reversed|credited)"
    r"|reembols\w*|devoluci\w*|devuelt\w*|rembours\w*|(?:r[uü]ck)?erstatt\w*)\b"
)
_BACK_NO_SUM = re.compile(
    r"\b(?:qty|quantity|count|number|no|id|ids|items?|units|date|time|at|on|by|reason|reasons|policy|window|eligib\w*"
    r"|type|kind|code|url|label|address|until|deadline|status|is|was|has|method|note|notes|customer|visitor|days?"
    r"|tax|shipping|tip)\b"
)
_BACK_NO_WORD = re.compile(
    r"\b(?:policy|politica|window|plazo|eligib\w*|url|label|address|until|deadline"
    r"|(?<!refunded )(?<!returned )by|customer|visitor|days?"
    r"|(?<=\w )(?:after|before|less|without|excl|excluding|net of) (?:refunds?|returns?|voids?))\b"
)
_IS_SUM = re.compile(
    r"\b(?:amounts?|amt|totals?|values?|sums?|refunds|voids|money back|less returns|importe|monto|montant|betrag)\b"
)
_WEAK_BACK = re.compile(
    r"\b(?:credited|(?:store )?credits? issued|disputed?(?: amounts?| amt)?|disputed|gutschrift(?:en)?"
    r"|(?:ref|refd|rfd) (?:amts?|amounts?|total)|(?:amts?|amounts?) (?:credited|disputed))\b"
)
"""Words for what came back that may as well be of something else: where sums with cents stand on some rows alone."""
FINAL = re.compile(
    r"(?:(?:adjusted|final|revised|corrected|updated|amended|current) (?:order )?(?:total|amount|sum|net)"
    r"|(?:(?:net|order|grand|new|total|amount|sales) )+(?:after|less|net of|minus) (?:refunds?|returns?|adjustments?)"
    r"(?: and (?:refunds?|returns?|adjustments?))?)"
)
"""A sum after whatever came back of another."""
_OF_A_WAY = re.compile(
    r"\b(?:store credits?|gift cards?|cash|cards?|online|in store|paypal|exchange|other|partial|second)\b"
)
"""One of several ways to give money back: such columns add up."""
_NOTHING = re.compile(
    r"^[\s$€£+-]*+(?:0*+[.,]?0*+|no|n|false|none|never|n/?a|not (?:refunded|returned))[\s-]*+$", re.IGNORECASE
)


def beside(column: str) -> str | None:
    """Return what a column's name says stands beside the goods: a key of `BESIDE`; None if it is no such sum."""
    words = column_words(column.replace("%", " percent "))
    if _NO_SUM.search(words) or _IS_WHOLE.search(words):
        return None
    return next((field for field, known in _KINDS if known.search(words)), None)


_TAX_WORDS = re.compile(
    r"\b(?:incl?|including|excl?|ex|excluding|with|without|before|after)\W+(?:sales )?(?:tax|vat|gst)\b"
)


def without_tax_words(column: str) -> str:
    """Return a column's name without what it says of the tax in it: "Shipping Cost (ex tax)" is "shipping cost"."""
    return _TAX_WORDS.sub(" ", column_words(column))


def given_back(column: str) -> bool:
    """Tell whether a column is about what came back, sum or not."""
    words = column_words(column)
    return _BACK.search(words) is not None and not _BACK_NO_WORD.search(words)


def of_goods(column: str) -> bool:
    """Tell whether a column of what came back is of the goods alone: another, with their tax, says the same."""
    return re.search(r"\b(?:subtotal|goods|merchandise|items?|products?|net)\b", column_words(column)) is not None


def gave_nothing(cell: str) -> bool:
    """Tell whether a cell of such a column says that nothing did."""
    return _NOTHING.match(cell) is not None


def names_sum_given_back(column: str) -> bool:
    """Tell whether a column is a sum of what came back, by its name alone ("Refunds", "Voids", "Returned Amount")."""
    words = column_words(column)
    return given_back(column) and not _BACK_NO_SUM.search(words) and _IS_SUM.search(words) is not None


def is_sum_given_back(column: str, cells: Sequence[str]) -> bool:
    words = column_words(column)
    is_weak = not given_back(column) and _WEAK_BACK.search(words) is not None
    if not (given_back(column) or is_weak) or _BACK_NO_SUM.search(words):
        return False
    if is_weak and not any(gave_nothing(cell) for cell in cells):
        return False
    filled = [cell for cell in cells if cell.strip()]
    if any(number_of(cell) is None and not gave_nothing(cell) for cell in filled):
        return False
    if _IS_SUM.search(words) and not is_weak:
        return not filled or any(number_of(cell) is not None for cell in filled)
    # "Returns" may count bottles; with cents or a currency it is money
    return holds_cents(column) or any(re.search(r"[$€£]|[.,]\d\d\b", cell) for cell in filled)


def tax_rate(found: Mapping[str, str], columns: Sequence[str]) -> str | None:
    """Return the column of the tax's rate, where a price or a sum is called one with tax and no column holds it.

    Args:
        found: field → column.
    """
    called = found.get("amount") or found.get("unit_price") or ""
    if not WITH_TAX.search(column_words(called)) or any(beside(one) == "tax" for one in columns if one != called):
        return None
    return next((one for one in columns if IS_TAX_RATE.fullmatch(column_words(one.replace("%", " rate ")))), None)


def bare_of_tax(column: str) -> str:
    """Return what a price or sum is called without its word for the tax in it: "Price (tax incl.)" is "price"."""
    return " ".join(WITH_TAX.sub(" ", column_words(column)).split())


def is_of_a_way(column: str) -> bool:
    """Tell whether a column is called what came back in one of several ways ("Store Credit Refund")."""
    return _OF_A_WAY.search(column_words(column)) is not None


def unitless(column: str) -> str:
    return plain(without_unit(column))


def is_gross(column: str, at: Mapping[str, int]) -> bool:
    """Tell whether a column holds sums from which discounts were not taken off yet.

    Args:
        at: field → position of its column.
    """
    name = unitless(column)
    return name in GROSS or (name in GROSS_OR_TAXED and "tax" not in at)


def taken_words(at: Mapping[str, int], columns: Sequence[str]) -> str:
    """Tell of which columns revenue is made: “Total” − “Tax” − “Tip”; empty where a tool's profile makes it."""

    def of(field: str) -> str:
        return f"“{columns[at[field]]}”" if at.get(field, len(columns)) < len(columns) else ""

    def further(fields: Sequence[str]) -> list[str]:
        return [name for field in fields for name in at if field_of(name) == field]

    if whole := of(ORDER_TOTAL):
        return " − ".join([whole, *(one for field in further(BESIDE) if (one := of(field)))])
    offs, orders = [name for name, _ in reversed(offs_of(at))], [name for name, _ in order_offs_of(at)]
    rate = [f"the tax of {told}"] if (told := of(TAX_RATE)) else []
    if amount := of("amount"):
        gone = (
            *(offs if is_gross(columns[at["amount"]], at) else ()),
            *orders,
            *further(BESIDE),
            *further((REFUNDED,)),
        )
        return " − ".join([amount, *rate, *(one for field in gone if (one := of(field)))])
    goods = " × ".join(one for field in ("unit_price", "quantity") if (one := of(field)))
    off = [*rate, *(one for field in (*offs, *orders, *further((REFUNDED,))) if (one := of(field)))]
    return " − ".join([goods, *off]) if goods else ""


def number_of(cell: str) -> Decimal | None:
    read = read_amount(cell.strip(), "," if re.search(r",\d{1,2}\D*$", cell) else ".") if cell.strip() else None
    return read.value if read else None
