"""The list of likely doubles."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.lists import read_list
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Sort
from liquor_app.core.paging import Page
from liquor_app.doubles.likely_doubles import ADDRESS, NAME, PHONE

WORDS = {PHONE: "Same phone", ADDRESS: "Same mailbox", NAME: "Same name and ZIP"}


@dataclass(frozen=True, slots=True)
class DoubleRow:
    """Two profiles that may be one person, the older one first; `reasons` are `phone`, `address` and `name`."""

    id: UUID
    first_id: UUID
    second_id: UUID
    first_name: str | None
    second_name: str | None
    first_email: str | None
    second_email: str | None
    first_phone: str | None
    second_phone: str | None
    reasons: list[str]
    score: int


DOUBLES = ListSpec(
    name="doubles",
    row=DoubleRow,
    source="likely_doubles t JOIN customers a ON a.id = t.first_id JOIN customers b ON b.id = t.second_id",
    where="t.dismissed_at IS NULL AND a.deleted_at IS NULL AND b.deleted_at IS NULL",
    select={
        "first_name": "a.name", "second_name": "b.name", "first_email": "a.email", "second_email": "b.email",
        "first_phone": "a.phone", "second_phone": "b.phone",
    },
    order="-score",
    permission=Permission.CUSTOMERS_PRIVATE,
    export_permission=Permission.CUSTOMERS_PRIVATE,
    sorts=(Sort("score", first="-"),),
    filters=(
        Filter("reason", "t.reasons && CAST(:reason AS text[])", options=(PHONE, ADDRESS, NAME), label="Why",
               spoken=WORDS),
    ),
    export={
        "first_id": "first", "first_name": "first name", "first_email": "first e-mail", "first_phone": "first phone",
        "second_id": "second", "second_name": "second name", "second_email": "second e-mail",
        "second_phone": "second phone", "reasons": "why",
    },
)  # fmt: skip


async def list_doubles(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[DoubleRow]:
    """Return pairs that may be one person, the likeliest first.

    Raises:
        Forbidden: the actor is not a manager: it is a list of addresses.
        Invalid: see `read_list`.
    """
    return await read_list(session, actor, DOUBLES, query)
