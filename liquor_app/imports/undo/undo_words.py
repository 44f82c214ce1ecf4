"""What undoing an import takes back and what it keeps, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from liquor_app.ui.words import plural

REMOVED: Mapping[str, str] = {
    "customers": "customer",
    "products": "product",
    "purchases": "purchase",
    "lines": "line of a purchase",
    "consents": "consent",
    "numbers": "number of a second tool",
    "tags": "tag of a customer",
    "suppressions": "entry of the suppression list",
}
PLURALS = {
    "numbers": "numbers of a second tool",
    "tags": "tags of customers",
    "lines": "lines of purchases",
    "suppressions": "entries of the suppression list",
}
KEPT: Mapping[str, str] = {
    "people_sent": "new customers who were written to since",
    "people_planned": "new customers who stand in a plan",
    "people_bought": "new customers who have purchases",
    "people_later_import": "new customers whom a later import changed",
    "people_consented": "new customers who agreed, withdrew or proved their age since",
    "people_active": "new customers who visited since",
    "people_edited": "new customers who were edited since",
    "people_confirmed": "new customers whom a later file or program listed again, unchanged",
    "people_merged": "new customers who were merged into another since: their consents by this file go",
    "fields_edited": "customers edited since: what was edited stays",
    "fields_later_import": "customers whom a later import changed: what it changed stays",
    "fields_confirmed": "customers of whom a later file or program said the same: that stays",
    "fields_merged": "customers merged into another since: what that one took over stays, but for consents",
    "fields_taken": "customers whose former address or number is somebody else's by now",
    "fields_a_no": "customers whom the file withdrew, or made younger: a no stays",
    "baskets_later_import": "purchases that a later import wrote anew",
    "baskets_till": "purchases that the till told anew",
    "baskets_confirmed": "purchases that a later file or program listed again, unchanged",
    "products_later_import": "products that a later import changed: what it changed stays",
    "products_confirmed": "products that a later file or program listed again, unchanged",
    "products_edited": "products that a program changed since: what it changed stays",
    "products_asked_for": "products that customers asked for since",
    "products_taken": "products whose former UPC is another product's by now",
    "suppressions_complaint": "complaints: they stay on the suppression list",
    "suppressions_repeated": "suppressed addresses that somebody else named too",
    "suppressions_holder": "suppressed addresses of customers who stay: lift them by hand, with a reason",
}
"""Why something stays, by code; the gravest first."""

FOR_GOOD = frozenset({"fields_a_no", "suppressions_complaint"})
"""… of which no later undoing takes these back."""


def removed_words(what: str, many: int) -> str:
    """Return "1 customer", "2,000 lines of purchases"."""
    return plural(many, REMOVED[what], PLURALS.get(what, ""))


def thing_words(what: str) -> str:
    """Return "customers", "lines of purchases"."""
    return PLURALS.get(what, f"{REMOVED[what]}s")
