"""Who asked for a product: each customer once, with who says so and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.allocations.models import INTEREST, InterestStatus
from liquor_app.catalog.product_write import note_asked_for
from liquor_app.catalog.service import get_product
from liquor_app.catalog.stock import STATE, StockState, fresh_now
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.customers.labels.tags import clean_tag

BY_STAFF, BY_TAG, BY_LINK, BY_PROGRAM = "staff", "tag", "their own link", "program"
MOST_AT_ONCE = 5_000

# who asked before keeps their turn; who was told and asks again waits again
_ASK = f"""
INSERT INTO product_interests (product_id, customer_id, source, asked_at, out_since)
SELECT p.id, c.id, :source, :at, CASE WHEN {STATE.format(t="p")} = '{StockState.OUT}' THEN CAST(:at AS timestamptz) END
  FROM products p, customers c
 WHERE p.id = :product AND c.id = ANY(CAST(:ids AS uuid[])) AND c.deleted_at IS NULL ORDER BY c.id
    ON CONFLICT (product_id, customer_id) DO UPDATE
       SET status = '{InterestStatus.WAITING}', told_at = NULL, out_since = EXCLUDED.out_since
     WHERE product_interests.status IN {INTEREST.sources_sql(InterestStatus.WAITING)}
"""
_TAGGED = """
SELECT h.customer_id FROM customer_tags h JOIN tags t ON t.id = h.tag_id JOIN customers c ON c.id = h.customer_id
 WHERE t.name = :tag AND c.deleted_at IS NULL ORDER BY h.customer_id
"""
_OF_ONE = """
SELECT w.product_id, p.name AS product_name, w.status, w.source, w.asked_at
  FROM product_interests w JOIN products p ON p.id = w.product_id
 WHERE w.customer_id = :id ORDER BY w.asked_at DESC, w.id LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class InterestRow:
    """A customer who asked for a product."""

    id: UUID
    customer_id: UUID
    customer_name: str | None
    source: str
    status: InterestStatus
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A product one customer asked for."""

    product_id: UUID
    product_name: str
    status: InterestStatus
    source: str
    asked_at: datetime


async def ask_for(
    session: AsyncSession, actor: Actor, product_id: UUID, customer_ids: Sequence[UUID], *, source: str = BY_STAFF
) -> int:
    """Note that customers asked for a product; returns for how many that is new. Who asked before keeps their turn.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is no such product.
        Invalid: none, or too many at once, or a customer who is not there.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    await get_product(session, actor, product_id)
    ids = list(dict.fromkeys(customer_ids))
    if not 1 <= len(ids) <= MOST_AT_ONCE:
        raise Invalid(f"Give 1 to {MOST_AT_ONCE} customers at a time.", field="customer_ids")
    alive = await session.execute(
        text("SELECT count(*) FROM customers WHERE id = ANY(:ids) AND deleted_at IS NULL"), {"ids": ids}
    )
    if alive.scalar_one() != len(ids):
        raise Invalid("One of these customers does not exist, or was deleted.", field="customer_ids")
    count = await note_interests(session, product_id, ids, source)
    await audit(session, actor, "interest.noted", "product", product_id, customers=len(ids), new=count, source=source)
    return count


async def ask_by_tag(session: AsyncSession, actor: Actor, product_id: UUID, tag: str) -> int:
    """Note that everybody with a tag asked for a product (an import's column may have filled it); returns how many are
    new.

    Raises:
        Forbidden, NotFound: as `ask_for`.
        Invalid: no customer has this tag.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    await get_product(session, actor, product_id)
    found = await session.execute(text(_TAGGED), {"tag": clean_tag(tag)})
    people = list(found.scalars())
    if not people:
        raise Invalid("No customer has this tag.", field="tag")
    count = 0
    for start in range(0, len(people), MOST_AT_ONCE):
        count += await note_interests(session, product_id, people[start : start + MOST_AT_ONCE], BY_TAG)
    await audit(
        session, actor, "interest.noted", "product", product_id, customers=len(people), new=count, source=BY_TAG
    )
    return count


async def note_interests(session: AsyncSession, product_id: UUID, customer_ids: Sequence[UUID], source: str) -> int:
    """Keep interests. A corridor."""
    await note_asked_for(session, product_id, now())
    made = await session.execute(
        text(_ASK),
        {
            "product": product_id, "ids": list(customer_ids), "source": source, "at": now(),
            "fresh": await fresh_now(session),
        },
    )  # fmt: skip
    return int(made.rowcount)  # type: ignore[attr-defined]


_VERSION = """
SELECT count(*) || ' ' || COALESCE(max(CAST(id AS text)), '') || ' ' || COALESCE(sum(hashtext(CAST(id AS text))), 0)
  FROM product_interests WHERE product_id = :product
"""


async def forget_interest(session: AsyncSession, actor: Actor, product_id: UUID, customer_id: UUID) -> None:
    """Take a customer off; lists that are frozen keep their place.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: they did not ask for it.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    gone = await session.execute(
        text("DELETE FROM product_interests WHERE product_id = :product AND customer_id = :customer RETURNING id"),
        {"product": product_id, "customer": customer_id},
    )
    if gone.scalar() is None:
        raise NotFound("This customer did not ask for this product.")
    await audit(session, actor, "interest.forgotten", "product", product_id, customer=customer_id)


async def interests_version(session: AsyncSession, product_id: UUID) -> str:
    """Return what tells one state of a product's list from another. A corridor: it tells nobody's name."""
    found = await session.execute(text(_VERSION), {"product": product_id})
    return f"interests {found.scalar_one()}"


async def interests_of(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[AskedFor]:
    """Return what a customer asked for, latest first; a hundred at most."""
    require(actor, Permission.ALLOCATIONS_READ)
    found = await session.execute(text(_OF_ONE), {"id": customer_id})
    return [AskedFor(**{**row, "status": InterestStatus(row["status"])}) for row in found.mappings()]


_BY_CODE = "SELECT id FROM products WHERE lower(sku) = lower(:code) OR upc = :code ORDER BY id LIMIT 2"


async def ask_by_code(session: AsyncSession, actor: Actor, customer_id: UUID, code: str) -> None:
    """Note that a customer asked for the product of this SKU or UPC.

    Raises:
        Forbidden: the actor is not a marketer.
        Invalid: no product, or more than one, has it.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    found = list((await session.execute(text(_BY_CODE), {"code": code.strip()[:100]})).scalars())
    if len(found) != 1:
        raise Invalid("No one product has this SKU or UPC. The catalogue has both.", field="code")
    await ask_for(session, actor, found[0], [customer_id])
