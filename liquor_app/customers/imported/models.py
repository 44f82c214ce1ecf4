"""What imports changed, as it was before: kept while an import can be undone. And what they said of orders nobody
knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import SQLModel

from liquor_app.core.columns import document, flag, moment, plain_uuid, ref, stamped, words
from liquor_app.core.platform.named_in import named_in, names_them
from liquor_app.core.platform.personal_data import Mention, Personal


class CustomerImage(SQLModel, table=True):
    """What an import changed of somebody: the changed fields before and after, `seen` and `at` the customer's
    `updated_at` before and after. Kept while the import can be undone."""

    __tablename__ = "customer_images"
    __table_args__ = (Index("ix_customer_images_customer_id", "customer_id"),)

    import_id: UUID = plain_uuid(primary=True)
    customer_id: UUID = ref("customers.id", primary=True)
    before: dict[str, Any] = document(empty="{}")
    after: dict[str, Any] = document(empty="{}")
    seen: datetime = moment(nullable=False)
    at: datetime = moment(nullable=False)


class CustomerConfirmation(SQLModel, table=True):
    """That a file, or (by the id that is nobody's) a program, listed again somebody whom an import made or changed:
    `fields` are the columns of which it said what stands there; `is_unchanged`: it changed nothing of them. Kept as
    long as that import can be undone."""

    __tablename__ = "customer_confirmations"
    __table_args__ = (Index("ix_customer_confirmations_import_id", "import_id"),)

    customer_id: UUID = ref("customers.id", primary=True)
    import_id: UUID = plain_uuid(primary=True)
    fields: list[Any] = document(empty="[]")
    is_unchanged: bool = flag(default=True)
    at: datetime = stamped()


class PurchaseConfirmation(SQLModel, table=True):
    """That a file, or (by the id that is nobody's) a program, listed again an order as an import had left it: `version`
    is that import. Kept as long as it can be undone."""

    __tablename__ = "purchase_confirmations"
    __table_args__ = (Index("ix_purchase_confirmations_import_id", "import_id"),)

    purchase_id: UUID = ref("purchases.id", primary=True)
    import_id: UUID = plain_uuid(primary=True)
    version: UUID = plain_uuid(nullable=False)
    at: datetime = stamped()


class PurchaseImage(SQLModel, table=True):
    """A basket and its lines as they were before an import changed them. Kept while the import can be undone."""

    __tablename__ = "purchase_images"
    __table_args__ = (Index("ix_purchase_images_purchase_id", "purchase_id"),)

    import_id: UUID = plain_uuid(primary=True)
    purchase_id: UUID = ref("purchases.id", primary=True)
    before: dict[str, Any] = document(empty="{}")
    lines: list[Any] = document(empty="[]")


class VoidedOrder(SQLModel, table=True):
    """An order that a file called voided or refunded in full, known as bought or not: an older file makes no purchase
    of it. `known_at` is when that file was at hand, `row_at` when the order was made or voided by its row."""

    __tablename__ = "voided_orders"
    __table_args__ = (Index("ix_voided_orders_import_id", "import_id"),)

    order_id: str = words(primary=True)
    import_id: UUID = plain_uuid(primary=True)
    known_at: datetime = moment(nullable=False)
    row_at: datetime = moment(nullable=False)


PERSONAL = (
    Personal(
        "customer_images",
        rows="SELECT before, after, at FROM customer_images WHERE customer_id = ANY(:people)",
        scrub="DELETE FROM customer_images WHERE customer_id = ANY(:people)",
    ),
    Personal(
        "customer_confirmations",
        rows="SELECT import_id, fields, at FROM customer_confirmations WHERE customer_id = ANY(:people)",
        scrub="DELETE FROM customer_confirmations WHERE customer_id = ANY(:people)",
    ),
    Personal(
        "purchase_confirmations",
        rows="SELECT l.import_id, l.at FROM purchase_confirmations l JOIN purchases p ON p.id = l.purchase_id WHERE"
        " p.customer_id = ANY(:people)",
        scrub="DELETE FROM purchase_confirmations l USING purchases p WHERE p.id = l.purchase_id AND p.customer_id ="
        " ANY(:people)",
    ),
    Personal(
        "purchase_images",
        rows="SELECT i.before, i.lines FROM purchase_images i JOIN purchases p ON p.id = i.purchase_id WHERE"
        " p.customer_id = ANY(:people)",
        scrub="DELETE FROM purchase_images i USING purchases p WHERE p.id = i.purchase_id AND p.customer_id ="
        " ANY(:people)",
    ),
)
"""What rows hold of a person."""

_NUMBERED = names_them("order_id")
MENTIONS = (
    Mention(
        "voided_orders",
        rows=f"SELECT order_id AS id, order_id AS name FROM voided_orders WHERE {_NUMBERED} ORDER BY order_id",
        scrub=f"DELETE FROM voided_orders WHERE {_NUMBERED}",
    ),
    named_in("customer_images", (), ("before", "after"), key="customer_id"),
    named_in("purchase_images", (), ("before", "lines"), key="purchase_id"),
)
"""Where the shop's own words may name somebody."""
