"""Allocations: made, frozen, drawn once, and handed on where nobody came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.allocations.bottles import (
    ONE_A_PERSON,
    decide,
    held_by,
    offer_next,
    reasons_against,
    winners_list,
)
from liquor_app.allocations.draw_order import (
    Listed,
    hash_of_list,
    hash_of_seed,
    in_order,
    new_seed,
    person_of,
    ticket_of,
)
from liquor_app.allocations.eligible_people import GONE
from liquor_app.allocations.models import ALLOCATION, ENTRY, AllocationMethod, AllocationStatus, EntryStatus
from liquor_app.catalog.product_write import note_asked_for
from liquor_app.catalog.service import get_product
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import decrypt, encrypt
from liquor_app.core.storable_text import said
from liquor_app.organization.service import default_brand
from liquor_app.segments.hand_picked import MAX_LISTED, add_members, remove_members
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.playbook import as_offer_words
from liquor_app.segments.service import create_segment

MOST_BOTTLES = 10_000
MOST_LISTED = 100_000
SPEND_DAYS = 365
LEAST_COUNSEL = 10

SPEND_IS_DISPUTED = (
    "Whether a licence may give a bottle to who spent most is disputed: some regulators read it as tying one sale to"
    " another, or as a reward for drinking. A draw is safe. Ask counsel for your state, and say what they said."
)
"""No state's pack holds a rule of its own for it; none is claimed."""

_COLUMNS = """id, product_id, product_name, bottles, method, status, counsel, seed_hash, seed, list_hash, listed,
 segment_id, frozen_at, drawn_at, created_at"""
_READ = f"SELECT {_COLUMNS} FROM allocations WHERE id = :id"
_LOCK = f"SELECT {_COLUMNS}, seed_encrypted FROM allocations WHERE id = :id FOR UPDATE"
_MAKE = """
INSERT INTO allocations (id, product_id, product_name, bottles, method, counsel, seed_encrypted, seed_hash,
                         created_by_name, created_at)
VALUES (:id, :product, :name, :bottles, :method, :counsel, :seed, :hash, :by, :at)
"""
_INTERESTS = """
SELECT w.customer_id, COALESCE((SELECT sum(p.total) FROM purchases p
                                 WHERE p.customer_id = w.customer_id AND p.occurred_at >= :since), 0) AS spend
  FROM product_interests w WHERE w.product_id = :product ORDER BY w.asked_at, w.id LIMIT :most
"""
_ROWS = unnest("n", number="int", customer="uuid", person="text", spend="numeric", status="text", note="text")
_LIST = f"""
INSERT INTO allocation_entries (allocation_id, number, customer_id, person, spend, status, note)
SELECT :id, n.number, n.customer, n.person, n.spend, n.status, n.note FROM {_ROWS}
"""
_FREEZE = f"""
UPDATE allocations SET status = '{AllocationStatus.FROZEN}', listed = :listed, list_hash = :hash, frozen_at = :at
 WHERE id = :id AND status IN {ALLOCATION.sources_sql(AllocationStatus.FROZEN)}
"""
_ENTRIES = """
SELECT number, customer_id, person, spend, status FROM allocation_entries WHERE allocation_id = :id ORDER BY number
"""
_DRAWN = unnest("n", number="int", ticket="text", place="int", status="text", note="text")
_DRAW = f"""
UPDATE allocation_entries e SET ticket = n.ticket, place = n.place, status = n.status, note = n.note, decided_at = :at,
       decided_by = :by
  FROM {_DRAWN}
 WHERE e.allocation_id = :id AND e.number = n.number AND ({ENTRY.allows_sql("e.status", "n.status")})
"""
_SHOW = f"""
UPDATE allocations SET status = '{AllocationStatus.DRAWN}', seed = :seed, drawn_at = :at, segment_id = :segment
 WHERE id = :id AND status IN {ALLOCATION.sources_sql(AllocationStatus.DRAWN)}
"""
_CANCEL = f"""
UPDATE allocations SET status = '{AllocationStatus.CANCELLED}'
 WHERE id = :id AND status IN {ALLOCATION.sources_sql(AllocationStatus.CANCELLED)} RETURNING id
"""


@dataclass(frozen=True)
class AllocationTerms:
    """What was announced."""

    id: UUID
    product_id: UUID | None
    product_name: str
    bottles: int
    method: AllocationMethod


@dataclass(frozen=True)
class DrawProof(AllocationTerms):
    """What the draw can be reckoned from again: `seed` is shown once it was drawn."""

    seed_hash: str
    seed: str | None
    list_hash: str | None
    frozen_at: datetime | None
    drawn_at: datetime | None


@dataclass(frozen=True)
class AllocationRow(DrawProof):
    """An allocation. `listed` counts who was eligible when the list was frozen; `segment_id` is the winners' list."""

    status: AllocationStatus
    counsel: str
    listed: int
    segment_id: UUID | None
    created_at: datetime


def row_of(found: Any) -> AllocationRow:
    """Of a row of the database."""
    values = {one.name: getattr(found, one.name) for one in fields(AllocationRow)}
    values |= {"method": AllocationMethod(values["method"]), "status": AllocationStatus(values["status"])}
    return AllocationRow(**values)


async def get_allocation(session: AsyncSession, actor: Actor, allocation_id: UUID) -> AllocationRow:
    """Return one allocation.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.ALLOCATIONS_READ)
    found = (await session.execute(text(_READ), {"id": allocation_id})).first()
    if found is None:
        raise NotFound("There is no such allocation.")
    return row_of(found)


async def create_allocation(
    session: AsyncSession,
    actor: Actor,
    product_id: UUID,
    bottles: int,
    *,
    method: AllocationMethod = AllocationMethod.DRAW,
    counsel: str = "",
) -> AllocationRow:
    """Open an allocation: one bottle a person. The seed is drawn now and sealed; its hash is shown from now on.

    Args:
        counsel: what counsel said of ranking by spend, which is disputed; an admin answers for it.

    Raises:
        Forbidden: the actor is not a marketer, or no admin for a rank by spend.
        NotFound: there is no such product.
        Invalid: no number of bottles, or nobody asked counsel.
        Conflict: nobody has said which state gave the licence.
    """
    require(actor, Permission.ALLOCATIONS_ADMIN if method is AllocationMethod.SPEND else Permission.ALLOCATIONS_WRITE)
    product = await get_product(session, actor, product_id)
    if not 1 <= bottles <= MOST_BOTTLES:
        raise Invalid(f"Give 1 to {MOST_BOTTLES} bottles.", field="bottles")
    advice = said(counsel)[:500] if method is AllocationMethod.SPEND else ""
    if method is AllocationMethod.SPEND:
        if len(advice) < LEAST_COUNSEL:
            raise Invalid(SPEND_IS_DISPUTED, field="counsel")
        if (await default_brand(session)).licence_state is None:
            raise Conflict("Tell us the state of your licence first, under Settings, Brand.", field="licence_state")
    allocation_id, seed = uuid7(), new_seed()
    values = {"id": allocation_id, "product": product_id, "name": product.name, "bottles": bottles}
    await note_asked_for(session, product_id, now())
    await session.execute(
        text(_MAKE),
        {
            **values, "method": method.value, "counsel": advice, "seed": encrypt(seed), "hash": hash_of_seed(seed),
            "by": actor.name[:120], "at": now(),
        },
    )  # fmt: skip
    await audit(
        session, actor, "allocation.opened", "allocation", allocation_id, product=product_id, bottles=bottles,
        method=method.value, seed_hash=hash_of_seed(seed),
    )  # fmt: skip
    return await get_allocation(session, actor, allocation_id)


async def freeze_list(session: AsyncSession, actor: Actor, allocation_id: UUID) -> AllocationRow:
    """Settle who is on the list: everybody who asked, numbered in the order they asked; who may not be is kept with the
    reason. Who asks later is on the next one. Frozen already, nothing happens.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is none.
        Conflict: it was cancelled, nobody eligible asked, or its product is gone.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    row = (await _locked(session, allocation_id))[0]
    if row.status in (AllocationStatus.FROZEN, AllocationStatus.DRAWN):
        return row
    ALLOCATION.check(row.status, AllocationStatus.FROZEN)
    if row.product_id is None:
        raise Conflict("The product is no longer in the catalogue. Cancel this allocation.")
    at = now()
    since = at - timedelta(days=SPEND_DAYS)
    found = await session.execute(
        text(_INTERESTS), {"product": row.product_id, "since": since, "most": MOST_LISTED + 1}
    )
    people = found.all()
    if len(people) > MOST_LISTED:
        raise Conflict(f"More than {MOST_LISTED} people asked; that is more than one draw can hold.")
    reasons = await reasons_against(session, [one.customer_id for one in people])
    eligible = [one for one in people if one.customer_id not in reasons]
    if not eligible:
        raise Conflict("Nobody on the list may be offered a bottle yet. Note who asked for it first.")
    rest = [one for one in people if one.customer_id in reasons]
    numbered = list(enumerate([*eligible, *rest], 1))
    listed = [
        Listed(number, person_of(row.id, one.customer_id), one.spend) for number, one in numbered[: len(eligible)]
    ]
    await session.execute(
        text(_LIST),
        {
            **_ROWS.bind(
                number=[number for number, _ in numbered],
                customer=[one.customer_id for _, one in numbered],
                person=[person_of(row.id, one.customer_id) for _, one in numbered],
                spend=[one.spend for _, one in numbered],
                status=[
                    EntryStatus.LEFT_OUT if one.customer_id in reasons else EntryStatus.LISTED for _, one in numbered
                ],
                note=[reasons.get(one.customer_id, "") for _, one in numbered],
            ),
            "id": row.id,
        },
    )
    sealed = hash_of_list(listed)
    await session.execute(text(_FREEZE), {"id": row.id, "listed": len(listed), "hash": sealed, "at": at})
    await audit(
        session, actor, "allocation.frozen", "allocation", row.id, listed=len(listed), left_out=len(rest),
        list_hash=sealed,
    )  # fmt: skip
    return await get_allocation(session, actor, row.id)


async def draw(session: AsyncSession, actor: Actor, allocation_id: UUID) -> AllocationRow:
    """Draw, once: tickets for everybody, bottles to the first in order who may have one, the seed shown, the winners
    put on a list that a campaign can use. Drawn already, whoever comes second is shown what the first one drew.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is none.
        Conflict: its list is not frozen, or was changed since.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    row, sealed_seed = await _locked(session, allocation_id)
    if row.status is AllocationStatus.DRAWN:
        return row
    ALLOCATION.check(row.status, AllocationStatus.DRAWN)
    seed, at = decrypt(sealed_seed), now()
    rows = (await session.execute(text(_ENTRIES), {"id": row.id})).all()
    entries = [Listed(one.number, one.person, one.spend) for one in rows if one.status == EntryStatus.LISTED]
    if hash_of_list(entries) != row.list_hash or hash_of_seed(seed) != row.seed_hash:
        raise Conflict("The list or the seed is not what was frozen. Nothing is drawn; ask an admin to look.")
    owners = {one.number: one.customer_id for one in rows}
    order = in_order(seed, row.id, entries, row.method)
    reasons = await reasons_against(session, [owner for one in order if (owner := owners[one.number])])
    decided: list[tuple[EntryStatus, str]] = []
    winners: list[UUID] = []
    for one in order:
        owner = owners[one.number]
        if len(winners) == row.bottles:
            decided.append((EntryStatus.LISTED, ""))
        elif owner is None or owner in reasons:
            decided.append((EntryStatus.LEFT_OUT, reasons[owner] if owner else GONE))
        elif owner in winners:
            decided.append((EntryStatus.LEFT_OUT, ONE_A_PERSON))
        else:
            winners.append(owner)
            decided.append((EntryStatus.OFFERED, ""))
    await session.execute(
        text(_DRAW),
        {
            **_DRAWN.bind(
                number=[one.number for one in order],
                ticket=[ticket_of(seed, row.id, one.number) for one in order],
                place=list(range(1, len(order) + 1)),
                status=[status.value for status, _ in decided],
                note=[note for _, note in decided],
            ),
            "id": row.id, "at": at, "by": actor.name[:120],
        },
    )  # fmt: skip
    segment_id = await _winners_list(session, actor, row, winners)
    await session.execute(text(_SHOW), {"id": row.id, "seed": seed, "at": at, "segment": segment_id})
    await audit(
        session, actor, "allocation.drawn", "allocation", row.id, listed=row.listed, bottles=row.bottles,
        offered=len(winners), seed=seed, seed_hash=row.seed_hash, list_hash=row.list_hash,
    )  # fmt: skip
    return await get_allocation(session, actor, row.id)


async def cancel_allocation(session: AsyncSession, actor: Actor, allocation_id: UUID) -> AllocationRow:
    """Give an allocation up before it is drawn; who asked stays noted.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is none.
        Conflict: it was drawn.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    row = (await _locked(session, allocation_id))[0]
    ALLOCATION.check(row.status, AllocationStatus.CANCELLED)
    await session.execute(text(_CANCEL), {"id": row.id})
    await audit_change(
        session, actor, "allocation.cancelled", "allocation", row.id,
        before={"status": row.status.value}, after={"status": AllocationStatus.CANCELLED.value},
    )  # fmt: skip
    return await get_allocation(session, actor, row.id)


async def settle_entry(
    session: AsyncSession, actor: Actor, allocation_id: UUID, number: int, *, claimed: bool
) -> int | None:
    """Say that somebody has fetched their bottle, or that it stays unclaimed: then the next in order who may have it is
    offered it. Returns that one's number; None where nobody is next.

    Raises:
        Forbidden: the actor is not a marketer.
        NotFound: there is no such allocation.
        Conflict: no bottle is offered to this number.
    """
    require(actor, Permission.ALLOCATIONS_WRITE)
    row = (await _locked(session, allocation_id))[0]
    status = EntryStatus.CLAIMED if claimed else EntryStatus.PASSED
    owner = await decide(session, actor, row.id, number, status)
    await audit(session, actor, f"allocation.{status.value}", "allocation", row.id, number=number)
    if claimed:
        return None
    listed = await winners_list(session, row.segment_id)
    if owner and listed and not await held_by(session, owner, row.id):
        await remove_members(session, actor, listed, [owner])
    return await offer_next(session, actor, row.id, listed)


async def _locked(session: AsyncSession, allocation_id: UUID) -> tuple[AllocationRow, bytes]:
    """Hold an allocation until the commit: of two who draw it at once the second waits, and finds it drawn."""
    found = (await session.execute(text(_LOCK), {"id": allocation_id})).first()
    if found is None:
        raise NotFound("There is no such allocation.")
    return row_of(found), bytes(found.seed_encrypted)


async def _winners_list(session: AsyncSession, actor: Actor, row: AllocationRow, winners: Sequence[UUID]) -> UUID:
    """Make a hand-picked list of the winners, with a playbook that offers them their bottle and no money off."""
    product = await get_product(session, actor, row.product_id) if row.product_id else None
    name = as_offer_words(row.product_name, 120)
    offer = {"name": "Your bottle", "discount_pct": 0, "text": f"the {name} you asked for is set aside"}
    if product and (code := product.sku or product.upc):
        offer["product"] = code
    made = await create_segment(
        session,
        actor,
        {
            "name": f"Drawn: {name}"[:80],
            "slug": f"drawn_{row.id.hex[-12:]}",
            "description": f"They asked for {name}, and their numbers were drawn."[:500],
            "recommended_offers": [offer],
            "template_category": "loyalty",
            "max_discount_pct": 0,
        },
        kind=SegmentKind.STATIC,
    )
    for start in range(0, len(winners), MAX_LISTED):
        await add_members(session, actor, made.id, winners[start : start + MAX_LISTED])
    return made.id
