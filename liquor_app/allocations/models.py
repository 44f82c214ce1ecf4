"""Who asked for a product, and allocations: a list that is frozen, a draw that can be checked by anybody."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, Index, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import blob, choice, exact, moment, pk, plain_uuid, ref, stamped, whole, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.states import Transitions


class InterestStatus(StrEnum):
    WAITING = "waiting"
    TOLD = "told"
    """They were put on a list of people to tell that it is back; once is enough until they ask again."""


INTEREST = Transitions(
    "interest", {InterestStatus.WAITING: [InterestStatus.TOLD], InterestStatus.TOLD: [InterestStatus.WAITING]}
)


class Interest(SQLModel, table=True):
    """A customer who asked for a product, once each. `out_since` is when it was seen to be out of stock while they
    waited: only then can it come back."""

    __tablename__ = "product_interests"
    __table_args__ = (
        UniqueConstraint("product_id", "customer_id"),
        Index("ix_product_interests_asked", "product_id", "asked_at", "id"),
        Index("ix_product_interests_customer", "customer_id"),
    )

    id: UUID = pk()
    product_id: UUID = ref("products.id")
    customer_id: UUID = ref("customers.id")
    source: str = words()
    status: InterestStatus = choice("status", InterestStatus, InterestStatus.WAITING)
    out_since: datetime | None = moment()
    told_at: datetime | None = moment()
    asked_at: datetime = stamped()


class AllocationMethod(StrEnum):
    DRAW = "draw"
    SPEND = "spend"
    """By what somebody spent in the last year; whether a licence may do so is disputed."""


class AllocationStatus(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"
    """Who is on the list is settled; nothing is drawn yet."""
    DRAWN = "drawn"
    CANCELLED = "cancelled"


ALLOCATION = Transitions(
    "allocation",
    {
        AllocationStatus.OPEN: [AllocationStatus.FROZEN, AllocationStatus.CANCELLED],
        AllocationStatus.FROZEN: [AllocationStatus.DRAWN, AllocationStatus.CANCELLED],
    },
)


class Allocation(SQLModel, table=True):
    """So many bottles of a product, one a person. `seed_hash` commits us to the seed before anybody is listed; the seed
    itself is sealed until the draw and shown after it. `list_hash` holds the frozen list together."""

    __tablename__ = "allocations"
    __table_args__ = (Index("ix_allocations_created", "created_at", "id"),)

    id: UUID = pk()
    product_id: UUID | None = ref("products.id", ondelete="SET NULL", nullable=True)
    product_name: str = words()
    bottles: int = whole()
    method: AllocationMethod = choice("method", AllocationMethod, AllocationMethod.DRAW)
    status: AllocationStatus = choice("status", AllocationStatus, AllocationStatus.OPEN)
    counsel: str = words(default="")
    seed_encrypted: bytes = blob(nullable=False)
    seed_hash: str = words()
    seed: str | None = words(nullable=True)
    list_hash: str | None = words(nullable=True)
    listed: int = whole()
    segment_id: UUID | None = plain_uuid()
    frozen_at: datetime | None = moment()
    drawn_at: datetime | None = moment()
    created_by_name: str = words(default="")
    created_at: datetime = stamped()


class EntryStatus(StrEnum):
    LISTED = "listed"
    LEFT_OUT = "left_out"
    """Not eligible, when the list was frozen or when their turn came; the note says why."""
    OFFERED = "offered"
    CLAIMED = "claimed"
    PASSED = "passed"
    """They did not come for it, or have another as one person of two profiles; the bottle went to the next in order."""


ENTRY = Transitions(
    "place on the list",
    {
        EntryStatus.LISTED: [EntryStatus.OFFERED, EntryStatus.LEFT_OUT],
        # the last three when two profiles that were one person are two again
        EntryStatus.OFFERED: [EntryStatus.CLAIMED, EntryStatus.PASSED, EntryStatus.LISTED],
        EntryStatus.PASSED: [EntryStatus.LISTED],
        EntryStatus.LEFT_OUT: [EntryStatus.LISTED],
    },
)


class AllocationEntry(SQLModel, table=True):
    """Somebody on a frozen list. `number` is theirs for good; `ticket` and `place` come with the draw. `person` stands
    for the customer where the profile is gone."""

    __tablename__ = "allocation_entries"
    __table_args__ = (
        UniqueConstraint("allocation_id", "person"),
        Index("ix_allocation_entries_place", "allocation_id", "place"),
        Index("ix_allocation_entries_customer", "customer_id"),
    )

    allocation_id: UUID = ref("allocations.id", primary=True)
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    customer_id: UUID | None = ref("customers.id", ondelete="SET NULL", nullable=True)
    person: str = words()
    spend: Decimal = exact(14)
    ticket: str | None = words(nullable=True)
    place: int | None = whole(nullable=True)
    status: EntryStatus = choice("status", EntryStatus, EntryStatus.LISTED)
    note: str = words(default="")
    decided_by: str = words(default="")
    decided_at: datetime | None = moment()


PERSONAL = (
    Personal(
        "product_interests",
        rows="SELECT p.name, i.source, i.status, i.asked_at, i.told_at FROM product_interests i JOIN products p"
        " ON p.id = i.product_id WHERE i.customer_id = ANY(:people)",
        scrub="DELETE FROM product_interests WHERE customer_id = ANY(:people)",
    ),
    Personal(
        "allocation_entries",
        rows="SELECT * FROM allocation_entries WHERE customer_id = ANY(:people)",
        scrub="UPDATE allocation_entries SET note = '' WHERE customer_id = ANY(:people)",
        why="a frozen list of a draw, by numbers that stand for nobody, so that it can be checked",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("allocations", ("product_name", "counsel"), name="product_name"),
    named_in("allocation_entries", ("note",), key="allocation_id"),  # noted of others
    named_in("product_interests", ("source",), key="product_id", name="source"),
)
"""Where the shop's own words may name somebody."""
