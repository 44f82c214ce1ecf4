"""The knowledge base: who buys what, who may be contacted, and how we know."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from liquor_app.core.columns import (
    blob,
    choice,
    day,
    document,
    exact,
    flag,
    moment,
    pk,
    plain_uuid,
    ratio,
    ref,
    stamped,
    texts,
    whole,
    words,
)
from liquor_app.core.platform.named_in import names_them
from liquor_app.core.platform.personal_data import Personal
from liquor_app.organization.models import Channel


class ConsentStatus(StrEnum):
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    PENDING = "pending"
    """Asked for and not yet confirmed (double opt-in): no consent so far."""


class ChurnRisk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class SuppressionReason(StrEnum):
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    MANUAL = "manual"
    ERASED = "erased"


_ALIVE = text("deleted_at IS NULL")


def _descending(name: str, column: str) -> Index:
    """Serves the list sorted by `column`, highest first, the unknown last."""
    return Index(name, text(f"{column} DESC NULLS LAST"), text("id DESC"), postgresql_where=_ALIVE)


class Customer(SQLModel, table=True):
    """A person, known by e-mail, phone or `external_id` (at least one).

    `email` keeps what was written; `email_key` is its normalised form (trimmed, lower case, IDNA domain; dots are
    never removed) and is unique among the not deleted. Score columns are what `scoring` last worked out, consent
    columns are the latest state of `consents`.
    """

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint(
            "email_key IS NOT NULL OR phone IS NOT NULL OR external_id IS NOT NULL OR deleted_at IS NOT NULL",
            name="identified",
        ),
        Index("uq_customers_email", "email_key", unique=True, postgresql_where=_ALIVE),
        Index("uq_customers_external", "external_id", unique=True, postgresql_where=_ALIVE),
        Index("ix_customers_phone", "phone", postgresql_where=_ALIVE),
        Index("ix_customers_segment", "rfm_segment", "id", postgresql_where=_ALIVE),
        Index("ix_customers_churn", "churn_risk", "id", postgresql_where=_ALIVE),
        Index("ix_customers_category", "primary_category", "id", postgresql_where=_ALIVE),
        _descending("ix_customers_clv", "clv_score"),
        _descending("ix_customers_churn_probability", "churn_probability"),
        _descending("ix_customers_last_purchase", "last_purchase_at"),
        _descending("ix_customers_spent", "total_spent"),
        _descending("ix_customers_value_at_risk", "value_at_risk"),
        Index("ix_customers_name", "name", "id", postgresql_where=_ALIVE),
        Index(
            "ix_customers_of_age", "of_age_on", postgresql_where=text("deleted_at IS NULL AND of_age_on IS NOT NULL")
        ),
        Index(
            "ix_customers_custom",
            text("raw_data jsonb_path_ops"),
            postgresql_using="gin",
            postgresql_where=text("deleted_at IS NULL AND raw_data IS NOT NULL"),
        ),
        Index(
            "ix_customers_birthday",
            "birthday_md",
            postgresql_where=text("deleted_at IS NULL AND birthday_md IS NOT NULL"),
        ),
        Index("ix_customers_import", "import_id", "id", postgresql_where=text("import_id IS NOT NULL")),
        *(
            Index(f"ix_customers_merged_{column}", column, postgresql_where=text("merged_into IS NOT NULL"))
            for column in ("merged_into", "email_key", "phone")
        ),
        Index(
            "ix_customers_search",
            text("lower(coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '')) gin_trgm_ops"),
            postgresql_using="gin",
            postgresql_where=_ALIVE,
        ),
    )

    id: UUID = pk()
    external_id: str | None = words(nullable=True)
    email: str | None = words(nullable=True)
    email_key: str | None = words(nullable=True)
    phone: str | None = words(nullable=True)
    name: str | None = words(nullable=True)
    first_name: str | None = words(nullable=True)
    """The given name where it was told apart ("Mary Ann"): what a letter calls them. `NO_GIVEN`, or None where not."""
    city: str | None = words(nullable=True)
    state: str | None = words(nullable=True)
    postal_code: str | None = words(nullable=True)
    country: str = words(default="US")
    timezone: str | None = words(nullable=True)
    language: str = words(default="en")

    # may we?
    email_consent: ConsentStatus | None = choice("email_consent", ConsentStatus, nullable=True)
    sms_consent: ConsentStatus | None = choice("sms_consent", ConsentStatus, nullable=True)
    date_of_birth_encrypted: bytes | None = blob()
    """The date itself: `ages.sealed_dates` alone opens it."""
    of_age_on: date | None = day(nullable=True)
    """The day they turn 21: what the law, segments and plans read."""
    birthday_md: int | None = whole(nullable=True, small=True)
    age_verified_at: datetime | None = moment()
    age_disputed_at: datetime | None = moment()
    profiling_objected_at: datetime | None = moment()
    no_tracking: bool = flag()
    paused_until: datetime | None = moment()
    max_contacts_30_days: int | None = whole(nullable=True, small=True)
    topics_off: list[str] = texts()

    # facts, kept from purchases
    first_purchase_at: datetime | None = moment()
    last_purchase_at: datetime | None = moment()
    purchase_frequency: int = whole()
    total_spent: Decimal = exact(14)
    avg_order_value: Decimal = exact(12)
    avg_purchase_hour: int | None = whole(nullable=True, small=True)
    is_night_buyer: bool = flag()
    primary_category: str | None = words(nullable=True)
    secondary_category: str | None = words(nullable=True)
    favorite_brands: list[str] = document(empty="[]")
    success_rate_pct: Decimal | None = exact(5, nullable=True)

    # scores
    rfm_segment: str | None = words(nullable=True)
    r_score: int | None = whole(nullable=True, small=True)
    f_score: int | None = whole(nullable=True, small=True)
    m_score: int | None = whole(nullable=True, small=True)
    churn_risk: ChurnRisk | None = choice("churn_risk", ChurnRisk, nullable=True)
    churn_probability: float | None = ratio()
    clv_score: Decimal | None = exact(12, nullable=True)
    value_at_risk: Decimal | None = exact(12, nullable=True)
    response_likelihood: float | None = ratio()
    next_purchase_at: datetime | None = moment()
    scored_at: datetime | None = moment()

    raw_data: dict[str, Any] | None = document()
    is_sample: bool = flag()
    import_id: UUID | None = plain_uuid()
    created_at: datetime = stamped()
    updated_at: datetime = stamped()
    deleted_at: datetime | None = moment()
    merged_into: UUID | None = plain_uuid()
    """The profile this one became part of; it is deleted then."""


class CustomerAlias(SQLModel, table=True):
    """An e-mail address (`email_key`) or number (`external_id`) of a profile that was merged away (`merge_id`), or the
    number a second tool gave somebody (`import_id`): whoever brings it means this profile."""

    __tablename__ = "customer_aliases"
    __table_args__ = (
        Index("ix_customer_aliases_customer_id", "customer_id"),
        Index("ix_customer_aliases_import_id", "import_id"),
    )

    kind: str = words(primary=True)
    value: str = words(primary=True)
    customer_id: UUID = ref("customers.id")
    merge_id: UUID | None = plain_uuid()
    import_id: UUID | None = plain_uuid()


class Purchase(SQLModel, table=True):
    """One basket. `external_id` is the till's number and makes a repeated import harmless; `coupon_lines` counts the
    lines bought with a coupon. `import_id` is the import that made it, `written_by` marks its last change: an import's
    id, or one of its own for a till's word; None while it stands as it was made."""

    __tablename__ = "purchases"
    __table_args__ = (
        Index("uq_purchases_external", "external_id", unique=True),
        Index("ix_purchases_customer", "customer_id", "occurred_at"),
        Index("ix_purchases_recent", "occurred_at", "id"),
        Index("ix_purchases_import", "import_id", "id", postgresql_where=text("import_id IS NOT NULL")),
    )

    id: UUID = pk()
    external_id: str | None = words(nullable=True)
    customer_id: UUID = ref("customers.id")
    occurred_at: datetime = moment(nullable=False)
    local_hour: int | None = whole(nullable=True, small=True)
    total: Decimal = exact(12)
    discount: Decimal = exact(12)
    alcohol_total: Decimal = exact(12)
    currency: str = words(default="USD")
    store: str | None = words(nullable=True)
    at_register: str | None = words(nullable=True, called="register")
    coupon_code: str | None = words(nullable=True)
    coupon_lines: int = whole()
    source: str = words(default="import")
    created_at: datetime = stamped()
    import_id: UUID | None = plain_uuid()
    written_by: UUID | None = plain_uuid()


class PurchaseLine(SQLModel, table=True):
    """`coupon_discount` is the part of `discount` that coupons took off. `is_apart` marks a line that a file told by
    itself, not with the whole order (ADR 98); `row_at` is when such a line, or one below zero, happened by its own
    row."""

    __tablename__ = "purchase_lines"
    __table_args__ = (
        Index("ix_purchase_lines_purchase", "purchase_id"),
        Index("ix_purchase_lines_apart", "purchase_id", postgresql_where=text("is_apart")),
        Index("ix_purchase_lines_product", text("lower(product)"), postgresql_where=text("product IS NOT NULL")),
        Index("ix_purchase_lines_sku", text("lower(sku)"), postgresql_where=text("sku IS NOT NULL")),
    )

    id: UUID = pk()
    purchase_id: UUID = ref("purchases.id")
    product: str | None = words(nullable=True)
    sku: str | None = words(nullable=True)
    category: str = words()
    brand: str | None = words(nullable=True)
    quantity: Decimal = exact(10)
    amount: Decimal = exact(12)
    discount: Decimal = exact(12)
    coupon_discount: Decimal = exact(12)
    is_alcohol: bool = flag(default=True)
    row_at: datetime | None = moment()
    is_apart: bool = flag()


class Consent(SQLModel, table=True):
    """Evidence, append-only: who agreed or withdrew, when, from where, to which wording. Of the noes that files say
    again the latest takes the place of the one before (`again` in its evidence)."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_customer", "customer_id", "channel", "at"),)

    id: UUID = pk()
    customer_id: UUID = ref("customers.id")
    channel: Channel = choice("channel", Channel)
    status: ConsentStatus = choice("status", ConsentStatus)
    source: str = words()
    wording_version: str | None = words(nullable=True)
    ip: str | None = words(nullable=True)
    evidence: dict[str, Any] = document(empty="{}")
    at: datetime = stamped()
    recorded_by: UUID | None = plain_uuid()
    import_id: UUID | None = plain_uuid()


class Suppression(SQLModel, table=True):
    """An address that must not be written to. `address_hash` is a keyed hash, so the entry outlives an erasure.

    `channel` null suppresses every channel of that address. `import_id` is the import that said so first,
    `repeats` how often it was said again, `repeated_at` when last.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        Index(
            "uq_suppressions_active",
            "address_hash",
            text("coalesce(channel, '*')"),
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index("ix_suppressions_customer", "customer_id"),
        Index("ix_suppressions_created", "created_at", "id"),
        Index("ix_suppressions_import", "import_id", "id", postgresql_where=text("import_id IS NOT NULL")),
    )

    id: UUID = pk()
    address_hash: bytes = blob(nullable=False)
    address: str | None = words(nullable=True)
    channel: Channel | None = choice("channel", Channel, nullable=True)
    reason: SuppressionReason = choice("reason", SuppressionReason)
    customer_id: UUID | None = ref("customers.id", ondelete="SET NULL", nullable=True)
    source: str = words(default="app")
    created_at: datetime = stamped()
    lifted_at: datetime | None = moment()
    import_id: UUID | None = plain_uuid()
    repeated_at: datetime | None = moment()
    repeats: int = whole()


class AgeRecord(SQLModel, table=True):
    """The age ledger: how we know that somebody is of age."""

    __tablename__ = "age_ledger"
    __table_args__ = (Index("ix_age_ledger_customer", "customer_id", "at"),)

    id: UUID = pk()
    customer_id: UUID = ref("customers.id")
    date_of_birth_encrypted: bytes | None = blob()
    verified: bool = flag()
    method: str = words()
    evidence: dict[str, Any] = document(empty="{}")
    at: datetime = stamped()
    import_id: UUID | None = plain_uuid()


class TouchedCustomer(SQLModel, table=True):
    """Somebody whose purchases changed since they were scored. Written with the purchases, taken away with the
    scores, so that neither a lost worker nor a lost ring leaves old facts behind. `claimed` by the scoring of
    everybody that is under way.

    No foreign key: an import writes one for each customer, right beside the customer, and checking each took as long as
    writing it. One whose customer is gone is taken away with the next scoring.
    """

    __tablename__ = "touched_customers"

    customer_id: UUID = plain_uuid(primary=True)
    at: datetime = stamped()
    claimed: UUID | None = plain_uuid()


_NUMBERED = names_them("concat_ws(' ', external_id, coupon_code)", ":words")
PERSONAL = (
    Personal(
        "customers",
        rows="SELECT * FROM customers WHERE id = ANY(:people)",
        scrub="UPDATE customers SET external_id = NULL, email = NULL, email_key = NULL, phone = NULL, name ="
        " NULL, first_name = NULL, city = NULL, state = NULL, postal_code = NULL, timezone = NULL,"
        " language = 'en', country = 'US', date_of_birth_encrypted = NULL, of_age_on = NULL, birthday_md ="
        " NULL, no_tracking = true, paused_until = NULL, max_contacts_30_days = NULL, topics_off = CAST(ARRAY[] AS"
        " text[]),"
        " favorite_brands = '[]', primary_category = NULL, secondary_category = NULL, avg_purchase_hour ="
        " NULL, is_night_buyer = false, success_rate_pct = NULL, rfm_segment = NULL, r_score = NULL,"
        " f_score = NULL, m_score = NULL, churn_risk = NULL, churn_probability = NULL, clv_score = NULL,"
        " value_at_risk = NULL, response_likelihood = NULL, next_purchase_at = NULL, scored_at = NULL,"
        " raw_data = NULL, deleted_at = COALESCE(deleted_at, now()), updated_at = now() WHERE id ="
        " ANY(:people)",
        why="the empty profile, to which the evidence refers",
    ),
    Personal(
        "customer_aliases",
        rows="SELECT kind, value FROM customer_aliases WHERE customer_id = ANY(:people)",
        scrub="DELETE FROM customer_aliases WHERE customer_id = ANY(:people)",
    ),
    Personal(
        "purchases",
        rows="SELECT * FROM purchases WHERE customer_id = ANY(:people)",
        scrub="UPDATE purchases SET external_id = CASE WHEN external_id ~* :words THEN regexp_replace(external_id,"
        " :words, :mark, 'gi') || '-' || right(CAST(id AS text), 12) ELSE external_id END, coupon_code ="
        f" regexp_replace(coupon_code, :words, :mark, 'gi') WHERE customer_id = ANY(:people) AND {_NUMBERED}",
        why="the shop's sales, by the number on its own receipt; they are of a profile that is nobody's after"
        " an erasure",
    ),
    Personal(
        "purchase_lines",
        rows="SELECT l.* FROM purchase_lines l JOIN purchases p ON p.id = l.purchase_id WHERE p.customer_id ="
        " ANY(:people)",
        scrub="UPDATE purchase_lines SET product = regexp_replace(product, :words, :mark, 'gi') WHERE purchase_id IN"
        f" (SELECT id FROM purchases WHERE customer_id = ANY(:people)) AND {names_them('product', ':words')}",
        why="what was sold",
    ),
    Personal(
        "consents",
        rows="SELECT * FROM consents WHERE customer_id = ANY(:people)",
        scrub="UPDATE consents SET ip = NULL, evidence = jsonb_build_object(), source = CASE WHEN source LIKE"
        " 'import%' THEN"
        " 'import' ELSE 'erased' END, wording_version = CASE WHEN wording_version ~* :words THEN NULL ELSE"
        " wording_version END WHERE customer_id = ANY(:people)",
        why="evidence: that a profile agreed or withdrew, when, and to which wording",
    ),
    Personal(
        "suppressions",
        rows="SELECT * FROM suppressions WHERE customer_id = ANY(:people) OR address_hash = ANY(:hashes)",
        scrub="UPDATE suppressions SET address = NULL, source = 'erased' WHERE customer_id = ANY(:people) OR"
        " address_hash = ANY(:hashes)",
        why="the keyed hash: nobody may write there again",
    ),
    Personal(
        "age_ledger",
        rows="SELECT * FROM age_ledger WHERE customer_id = ANY(:people)",
        scrub="UPDATE age_ledger SET date_of_birth_encrypted = NULL, evidence = jsonb_build_object() WHERE"
        " customer_id = ANY(:people)",
        why="evidence: that an age was proved or not, and when",
    ),
)
"""What rows hold of a person."""
