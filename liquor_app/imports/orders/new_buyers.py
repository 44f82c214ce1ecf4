"""Make customers of buyers nobody knows yet, where a file of purchases was said to.

They are known by what their lines say of them, an external id, an e-mail or a phone, and nothing else: no consent, no
age. Undoing the import takes them away with their purchases.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import by_index
from liquor_app.customers.bulk_write import By
from liquor_app.customers.imported.imported_people import remove_people
from liquor_app.imports import customer_rows
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.person_rows import Person
from liquor_app.imports.merge_rows import Policy
from liquor_app.imports.orders.basket_lines import given, keys_of, load_buyers

OPTION, CREATE, REFUSE = "unknown_customers", "create", "refuse"
"""The option that says what becomes of buyers nobody knows, and its values; refused, if nothing is said."""
MADE = "customers_made"
"""The note that counts them."""
BATCH = 2_000
TRIES = 3

_WITHOUT = """
SELECT c.id FROM customers c WHERE c.import_id = :import
   AND NOT EXISTS (SELECT FROM import_lines l WHERE l.import_id = :import AND l.customer_id = c.id)
"""


async def add_buyers(
    session: AsyncSession, lines: Sequence[Line], *, file_name: str, by: UUID | None, import_id: UUID
) -> int:
    """Add whoever bought one of these lines and is nobody we know; returns how many. Who is known stays as they are.

    Raises:
        psycopg.errors.UniqueViolation: somebody else added one of them meanwhile, three times over.
    """
    for attempt in range(1, TRIES + 1):
        try:
            async with session.begin_nested(), by_index(session):
                return await _add(session, lines, By(import_id, file_name, by))
        except UniqueViolation:
            if attempt == TRIES:
                raise
    raise AssertionError


async def _add(session: AsyncSession, lines: Sequence[Line], by: By) -> int:
    known = await load_buyers(session, keys_of(lines))
    people: dict[tuple[tuple[str, str], ...], Person] = {}
    for line in lines:
        if line.names_nobody:
            continue
        told = given(line)
        with suppress(Rejected):
            if known.match(told) is None:
                email = {"email": line.email_key} if line.email_key else {}
                people.setdefault(tuple(told.items()), Person(line.number, {**told, **email}, ()))
    if not people:
        return 0
    base = await customer_rows.load_known(session, keys_of(lines))
    customer_rows.merge(base, list(people.values()), Policy.KEEP)
    await customer_rows.write(session, base, by)
    return sum(one.seen is None for one in base.people.values())


async def remove_without_orders(session: AsyncSession, import_id: UUID) -> int:
    """Take away whom the import made and all of whose orders it refused; returns how many. Before orders are made."""
    found = list((await session.execute(text(_WITHOUT), {"import": import_id})).scalars())
    for start in range(0, len(found), BATCH):
        await remove_people(session, found[start : start + BATCH])
    return len(found)
