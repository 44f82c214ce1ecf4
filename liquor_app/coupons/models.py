"""Coupon codes, the pools they come from, and which pool serves which campaign."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Column, Index, Numeric, text
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import exact, flag, moment, pk, plain_uuid, ref, stamped, whole, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Mention, Personal

MADE_UP = "generated"
"""In place of a pool's name, of codes of our own."""


class CouponPool(SQLModel, table=True):
    """Codes the till knows, brought in as a list. All are worth `discount_pct` off.

    A standing pool serves every campaign with that discount that chose nothing else. `warned_at` is when its running
    low was told; it is taken back when codes come in.
    """

    __tablename__ = "coupon_pools"
    __table_args__ = (
        Index("uq_coupon_pools_standing", "discount_pct", unique=True, postgresql_where=text("is_standing")),
    )

    id: UUID = pk()
    name: str = words(unique=True)
    discount_pct: Decimal = exact(5)
    is_standing: bool = flag()
    low_water: int = whole()
    warned_at: datetime | None = moment()
    created_at: datetime = stamped()


class Coupon(SQLModel, table=True):
    """A code given to one recipient, or waiting in its pool; its redemption ties a basket to a send. `pool` is the
    pool's name when the code came, `MADE_UP` for our own."""

    __tablename__ = "coupons"
    __table_args__ = (
        Index("ix_coupons_customer", "customer_id"),
        Index("ix_coupons_pool", "pool_id", postgresql_where=text("pool_id IS NOT NULL")),
        Index(
            "ix_coupons_free", "pool_id", "id",
            postgresql_where=text("pool_id IS NOT NULL AND action_id IS NULL"),
        ),
        Index("ix_coupons_issued", "issued_at", postgresql_where=text("issued_at IS NOT NULL")),
        Index("uq_coupons_code", text("upper(code)"), unique=True),
        Index("uq_coupons_action", "action_id", unique=True, postgresql_where=text("action_id IS NOT NULL")),
    )  # fmt: skip

    id: UUID = pk()
    code: str = words()
    """As it was written first; compared without case, as tills do."""
    pool: str = words(default=MADE_UP)
    pool_id: UUID | None = ref("coupon_pools.id", ondelete="SET NULL", nullable=True)
    campaign_id: UUID | None = ref("campaigns.id", ondelete="SET NULL", nullable=True)
    action_id: UUID | None = plain_uuid()
    customer_id: UUID | None = ref("customers.id", ondelete="SET NULL", nullable=True)
    discount_pct: Decimal = exact(5)
    issued_at: datetime | None = moment()
    expires_at: datetime | None = moment()
    redeemed_at: datetime | None = moment()
    purchase_id: UUID | None = plain_uuid()


class CampaignPool(SQLModel, table=True):
    """Where a campaign's codes for one discount come from; without a pool they are made up as they are needed."""

    __tablename__ = "campaign_pools"
    __table_args__ = (Index("ix_campaign_pools_pool", "pool_id"),)

    campaign_id: UUID = ref("campaigns.id", primary=True)
    discount_pct: Decimal = Field(sa_column=Column(Numeric(5, 2), primary_key=True))
    pool_id: UUID | None = ref("coupon_pools.id", ondelete="RESTRICT", nullable=True)


PERSONAL = (
    Personal(
        "coupons",
        rows="SELECT * FROM coupons WHERE customer_id = ANY(:people)",
        scrub="UPDATE coupons SET code = regexp_replace(code, :words, :mark, 'gi') || '-' || right(CAST(id AS text),"
        " 12) WHERE customer_id = ANY(:people) AND code ~* :words",
        why="codes given out; they are of a profile that is nobody's after an erasure",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    Mention(
        "coupon_pools",
        rows="SELECT id, name FROM coupon_pools WHERE name ~* :named ORDER BY name",
        scrub="UPDATE coupon_pools t SET name = f.name || CASE WHEN f.place > 1 THEN ' ' || f.place ELSE '' END FROM"
        " (SELECT id, name, row_number() OVER (PARTITION BY name ORDER BY id) AS place FROM"
        " (SELECT id, regexp_replace(name, :named, :mark, 'gi') AS name FROM coupon_pools WHERE name ~* :named) n) f"
        " WHERE f.id = t.id",
    ),
    named_in("coupons", ("code", "pool"), unique=("code",), name="pool"),
)
"""Where the shop's own words may name somebody."""
