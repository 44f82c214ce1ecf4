"""What a shop calls things: its tags, its own fields of customers, its catalogue's words for products."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from liquor_app.core.columns import choice, pk, plain_uuid, ref, stamped, whole, words
from liquor_app.core.platform.personal_data import Mention, Personal
from liquor_app.customers.labels.custom_values import FieldKind


class ProductLabel(SQLModel, table=True):
    """What the catalogue calls the product with a SKU (`rank` 0), a UPC (1) or a name (2), in lower case."""

    __tablename__ = "product_labels"

    code: str = words(primary=True)
    rank: int = whole(small=True)
    category: str | None = words(nullable=True)
    brand: str | None = words(nullable=True)


class Tag(SQLModel, table=True):
    __tablename__ = "tags"

    id: UUID = pk()
    name: str = words(unique=True)
    created_at: datetime = stamped()


class CustomField(SQLModel, table=True):
    """A field of the shop's own; its values stand in `customers.raw_data` by its key."""

    __tablename__ = "custom_fields"

    key: str = words(primary=True)
    label: str = words()
    kind: FieldKind = choice("kind", FieldKind)
    created_at: datetime = stamped()


class CustomerTag(SQLModel, table=True):
    __tablename__ = "customer_tags"
    __table_args__ = (
        Index("ix_customer_tags_tag", "tag_id"),
        Index("ix_customer_tags_import", "import_id", "customer_id", postgresql_where=text("import_id IS NOT NULL")),
    )

    customer_id: UUID = ref("customers.id", primary=True)
    tag_id: UUID = ref("tags.id", primary=True)
    import_id: UUID | None = plain_uuid()
    """The import that gave it, if one did."""


PERSONAL = (
    Personal(
        "customer_tags",
        rows="SELECT t.name FROM customer_tags c JOIN tags t ON t.id = c.tag_id WHERE c.customer_id = ANY(:people)",
        scrub="DELETE FROM customer_tags WHERE customer_id = ANY(:people)",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    Mention(
        "tags",
        rows="SELECT id, name FROM tags WHERE name ~* :named ORDER BY name",
        scrub="UPDATE tags t SET name = f.name || CASE WHEN f.place > 1 THEN ' ' || f.place ELSE '' END FROM"
        " (SELECT id, name, row_number() OVER (PARTITION BY name ORDER BY id) AS place FROM"
        " (SELECT id, regexp_replace(name, :named, :mark, 'gi') AS name FROM tags WHERE name ~* :named) n) f"
        " WHERE f.id = t.id",
    ),
    Mention(
        "custom_fields",
        rows="SELECT key AS id, label AS name FROM custom_fields WHERE label ~* :named ORDER BY key",
        scrub="UPDATE custom_fields SET label = left(regexp_replace(label, :named, :mark, 'gi'), 40)"
        " WHERE label ~* :named",
    ),
    Mention(
        "custom_fields",
        rows="SELECT key AS id, label AS name FROM custom_fields WHERE key ~* :named ORDER BY key",
        link="/settings/custom-fields",
    ),
    Mention(
        "product_labels",  # of products, which are named by hand
        rows="SELECT code AS id, code AS name FROM product_labels WHERE concat_ws(' ', code, category, brand) ~* :named"
        " ORDER BY code",
        link="/products",
    ),
)
"""Where the shop's own words may name somebody."""
