"""Rows of an order that are no goods, by the whole name of what they are of: tax, tips, shipping, deposits, gift cards.
Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from liquor_app.imports.cleaning.cells import REMEMBERED
from liquor_app.imports.cleaning.orders.status_words import MOST_LETTERS, word_of
from liquor_app.imports.profiles.tool_profile import NO_GOODS
from liquor_app.imports.readers.row_reader import Record

_WORDS = frozenset({
    "tax", "taxes", "sales tax", "sales taxes", "state tax", "state sales tax", "local tax", "local sales tax",
    "city tax", "county tax", "district tax", "excise tax", "liquor tax", "alcohol tax", "vat", "gst", "hst", "pst",
    "qst", "iva", "itbis", "igv", "impuesto", "impuestos", "mwst", "ust", "mehrwertsteuer", "umsatzsteuer", "steuer",
    "tva", "taxe", "imposto", "imposta", "imposte",
    "tip", "tips", "gratuity", "gratuities", "propina", "propinas", "trinkgeld", "pourboire", "pourboires", "gorjeta",
    "mancia",
    "shipping", "shipping fee", "shipping fees", "shipping charge", "shipping charges", "shipping cost",
    "shipping and handling", "shipping handling", "s h", "handling", "handling fee", "postage", "freight", "delivery",
    "delivery fee", "delivery fees", "delivery charge", "delivery charges", "envio", "gastos de envio",
    "costo de envio", "coste de envio", "versand", "versandkosten", "lieferung", "liefergebuhr", "lieferkosten",
    "livraison", "frais de livraison", "frais de port", "frete", "spedizione", "spese di spedizione",
    "bottle deposit", "bottle deposits", "can deposit", "container deposit", "deposit", "deposits", "deposit fee",
    "bottle fee", "crv", "ca crv", "california crv", "redemption value", "california redemption value", "pfand",
    "flaschenpfand", "einwegpfand", "mehrwegpfand", "consigne", "deposito", "deposito de botella",
    "bag fee", "bag charge", "service fee", "service charge", "convenience fee", "processing fee", "surcharge",
    "card surcharge", "credit card surcharge", "credit card fee", "card fee", "donation", "round up",
    "round up donation",
    "gift card", "gift cards", "gift certificate", "gift certificates", "egift card", "e gift card", "egift",
    "electronic gift card", "digital gift card", "physical gift card", "gift card load", "gift card reload",
    "gift card activation", "gift card sale", "gift card sales", "store credit", "tarjeta de regalo",
    "tarjetas de regalo", "vale de regalo", "gutschein", "geschenkgutschein", "geschenkkarte", "carte cadeau",
    "cheque cadeau", "bon cadeau", "cartao presente", "vale presente", "buono regalo", "carta regalo",
})  # fmt: skip
"""As `word_of` has them. A product that only holds such a word ("Tip Top Gin") is one."""


@lru_cache(maxsize=REMEMBERED)
def no_goods(cell: str) -> str:
    """Return the word by which a row's product is no goods; "" for any other."""
    word = word_of(cell) if len(cell) <= MOST_LETTERS else ""
    return word if word in _WORDS else ""


def leave_out_no_goods(records: Iterable[Record], product: int | None) -> Iterable[Record]:
    """Return the rows of a file; those that are no goods are left out by their word, whatever else they say.

    Args:
        product: the position of what was sold; None where the file does not say.
    """
    return records if product is None else _told(records, product)


def _told(records: Iterable[Record], product: int) -> Iterator[Record]:
    for record in records:
        word = "" if record.problem else no_goods(record.cells[product])
        yield record._replace(left_out=f"{NO_GOODS}: {word}", doubt="") if word else record
