"""From the cells of a row to a customer or a basket's line, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from liquor_app.core.money import money
from liquor_app.customers.birth_dates import PLACEHOLDERS, known_birthday
from liquor_app.customers.models import ConsentStatus
from liquor_app.imports.cleaning.cells import (
    MAX_NUMBER,
    MAX_TEXT,
    REMEMBERED,
    Rejected,
    When,
    clean_birthday,
    clean_consent_moment,
    clean_country,
    clean_email,
    clean_flag,
    clean_label,
    clean_moment,
    clean_number,
    clean_phone,
    clean_state,
    clean_text,
    clean_timezone,
    clean_word,
    is_no_birthday,
)
from liquor_app.imports.cleaning.column_mapping import CONSENTS, EVIDENCE
from liquor_app.ui.words import figure


@dataclass(frozen=True, slots=True)
class Setting:
    """How a file's cells are read: by whose clock, as of when, in which order dates stand, with which decimal mark."""

    zone: ZoneInfo
    now: datetime
    date_order: str = "mdy"
    decimal: str = "."
    moments: dict[tuple[str, str], When | None] = field(default_factory=dict, compare=False)

    def moment(self, cell: str, clock: str) -> When | None:
        """When something was bought. The lines of a basket share it, so the last few thousand are remembered."""
        found = self.moments.get((cell, clock))
        if found is None:
            if len(self.moments) > REMEMBERED:
                self.moments.clear()
            found = clean_moment(cell, "occurred_at", self.zone, self.now, clock=clock, order=self.date_order)
            self.moments[cell, clock] = found
        return found


_buyer_email = lru_cache(maxsize=16 * REMEMBERED)(clean_email)
"""People buy more than once."""


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """Evidence read from a file. `dated` False: a withdrawal of no known day, which holds from now on."""

    channel: str
    status: ConsentStatus
    source: str
    at: datetime
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """A customer row, understood. `values` holds what was not blank; `notes` what was left out, by `NOTES`."""

    number: int
    values: dict[str, object]
    consents: tuple[ConsentGiven, ...]
    notes: tuple[str, ...] = ()


def _consents(cells: list[str], at: dict[str, int], how: Setting) -> tuple[tuple[ConsentGiven, ...], tuple[str, ...]]:
    """What the row says of consent, and the note of what was left out of it.

    Whoever says no is heard, with or without evidence, whatever else is wrong with the row's consents. A yes counts
    only with where and when it was given: where the file has no columns for that it is left out, where their cells
    are empty the row is refused.
    """
    found: list[ConsentGiven] = []
    refused: Rejected | None = None
    unproven = False
    has_evidence = all(name in at for name in EVIDENCE)
    for name in CONSENTS:
        if name not in at:
            continue
        channel = name.removesuffix("_consent")
        try:
            answer = clean_flag(cells[at[name]], name)
            if answer is False:
                found.append(_withdrawal(channel, cells, at, how))
            elif answer and has_evidence:
                found.append(_consent(channel, cells, at, how))
            elif answer:
                unproven = True
        except Rejected as why:
            refused = refused or why
    if refused is not None:
        if has_evidence and not any(one.status is ConsentStatus.WITHDRAWN for one in found):
            raise refused
        unproven = True
    return tuple(found), (NO_EVIDENCE,) if unproven else ()


def _consent(channel: str, cells: list[str], at: dict[str, int], how: Setting) -> ConsentGiven:
    source = clean_word(cells[at["consent_source"]], "consent_source")
    when = clean_consent_moment(cells[at["consent_at"]], how.zone, how.now, given=True, order=how.date_order)
    if source is None or when is None:
        missing = "consent_source" if source is None else "consent_at"
        raise Rejected("consent_without_evidence", missing, f"{channel}_consent is given without {missing}.")
    return ConsentGiven(channel, ConsentStatus.GIVEN, source[:120], when)


def _withdrawal(channel: str, cells: list[str], at: dict[str, int], how: Setting) -> ConsentGiven:
    """Never refused: of no known source it is the file's word, of no known moment one of now."""
    source: str | None = None
    when: datetime | None = None
    if "consent_source" in at:
        with suppress(Rejected):
            source = clean_word(cells[at["consent_source"]], "consent_source")
    if "consent_at" in at:
        with suppress(Rejected):
            when = clean_consent_moment(cells[at["consent_at"]], how.zone, how.now, given=False, order=how.date_order)
    return ConsentGiven(
        channel, ConsentStatus.WITHDRAWN, (source or "imported file")[:120], when or how.now, when is not None
    )


_CLEAN: dict[str, Callable[[str], str | None]] = {
    "external_id": partial(clean_word, field="external_id"),
    "name": partial(clean_text, field="name"),
    "city": partial(clean_label, field="city"),
    "state": clean_state,
    "postal_code": partial(clean_text, field="postal_code"),
    "country": clean_country,
    "timezone": clean_timezone,
    "language": partial(clean_word, field="language"),
}


NO_BIRTHDAY = "placeholder_birthday"
NO_EVIDENCE = "consent_without_evidence"
NOTES = {
    NO_EVIDENCE: "Consent is left out: it counts only with a source and a date of consent beside it.",
    NO_BIRTHDAY: "The date of birth is what tills write where they know nothing; it is left out, and proves no age.",
}
"""What may be left out of a row that is taken all the same, and the words for it."""


def clean_person(number: int, cells: list[str], at: dict[str, int], how: Setting) -> Person:
    """A row of customers.

    Args:
        at: field → position of its cell.

    Raises:
        Rejected: a cell cannot be understood, or nothing says who it is.
    """

    given = {field: cells[position] for field, position in at.items() if cells[position]}
    values: dict[str, object] = {field: clean(given[field]) for field, clean in _CLEAN.items() if field in given}
    values["email"], values["email_key"] = clean_email(given.get("email", ""))
    values["phone"] = clean_phone(given.get("phone", ""), str(values.get("country") or "US"))
    if not (values["email_key"] or values["phone"] or values.get("external_id")):
        raise Rejected("no_identity", "email", "The row has neither an e-mail, a phone nor an external id.")
    if not values.get("name"):
        parts = [clean_text(given.get(field, ""), field) for field in ("first_name", "last_name")]
        values["name"] = " ".join(part for part in parts if part)[:MAX_TEXT]
    notes: tuple[str, ...] = ()
    if "date_of_birth" in given:
        born = clean_birthday(given["date_of_birth"], how.now.astimezone(how.zone).date(), how.date_order)
        values["date_of_birth"] = known_birthday(born)
        notes = (NO_BIRTHDAY,) if born in PLACEHOLDERS or is_no_birthday(given["date_of_birth"]) else ()
    known = {field: value for field, value in values.items() if value}
    consents, left_out = _consents(cells, at, how)
    return Person(number, known, consents, notes + left_out)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a basket, understood. `order_id` is None where the file numbers no orders."""

    number: int
    order_id: str | None
    email_key: str | None
    external_id: str | None
    phone: str | None
    when: When
    store: str | None
    coupon_code: str | None
    product: str | None
    category: str
    brand: str | None
    quantity: Decimal
    amount: Decimal
    discount: Decimal
    coupon_discount: Decimal
    is_alcohol: bool


def clean_line(number: int, cells: list[str], at: dict[str, int], how: Setting) -> Line:
    """A row of purchases.

    Raises:
        Rejected: a cell cannot be understood, or the customer, the time or the amount is missing.
    """

    def cell(field: str) -> str:
        position = at.get(field)
        return "" if position is None else cells[position]

    email_key = _buyer_email(cell("email"))[1]
    external_id = clean_word(cell("external_id"), "external_id")
    if key := clean_word(cell("customer"), "customer"):
        if "@" in key:
            email_key = email_key or _buyer_email(key)[1]
        else:
            external_id = external_id or key
    phone = clean_phone(cell("phone"), "US")
    if not (email_key or external_id or phone):
        raise Rejected("no_customer", "customer", "The row does not say who bought.")
    when = how.moment(cell("occurred_at"), cell("time_of_day"))
    if when is None:
        raise Rejected("no_time", "occurred_at", "The row does not say when it was bought.")
    quantity = clean_number(cell("quantity"), "quantity", how.decimal)
    amount = clean_number(cell("amount"), "amount", how.decimal)
    # where lines have amounts of their own, one without it is not worked out from a price: that may be an order's
    if (
        amount is None
        and "amount" not in at
        and (price := clean_number(cell("unit_price"), "unit_price", how.decimal)) is not None
    ):
        amount = money(price * (1 if quantity is None else quantity))
    if amount is not None and amount > MAX_NUMBER:
        raise Rejected("bad_amount", "amount", f"amount is larger than {figure(MAX_NUMBER)}.")
    if amount is None:
        raise Rejected("no_amount", "amount", "The row does not say what was paid.")
    alcohol = clean_flag(cell("is_alcohol"), "is_alcohol")
    by_coupon = clean_number(cell("coupon_discount"), "coupon_discount", how.decimal) or Decimal(0)
    return Line(
        number,
        clean_word(cell("order_id"), "order_id"),
        email_key,
        external_id,
        phone,
        when,
        clean_label(cell("store"), "store"),
        clean_word(cell("coupon_code"), "coupon_code"),
        clean_label(cell("product"), "product"),
        clean_label(cell("category"), "category") or "Other",
        clean_label(cell("brand"), "brand"),
        Decimal(1) if quantity is None else quantity,
        amount,
        # a coupon takes off at least what it says, also where the file keeps it apart from other discounts
        max(clean_number(cell("discount"), "discount", how.decimal) or Decimal(0), by_coupon),
        by_coupon,
        alcohol is not False,
    )
