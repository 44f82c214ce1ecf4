"""Tags: words of the shop's own on customers, which lists and segments can ask for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.bulk import unnest
from liquor_app.core.errors import Full, Invalid, NotFound
from liquor_app.core.security.redact import redact
from liquor_app.core.storable_text import unstorable
from liquor_app.customers.labels.models import CustomerTag, Tag
from liquor_app.customers.merging.gone_profiles import why_gone

MOST_LETTERS = 40
MOST_TAGS = 500
"""In a shop."""

MOST_OF_ONE = 50
"""Of one customer."""

_LOCK = "SELECT id FROM customers WHERE id = ANY(:ids) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE"
"""Of two that each give a customer the last tag there is room for, the second sees it."""
_ADD = f"""
INSERT INTO customer_tags (customer_id, tag_id)
SELECT c.id, t.id FROM customers c, tags t
 WHERE c.id = ANY(:ids) AND c.deleted_at IS NULL AND t.name = :name
   AND (SELECT count(*) FROM customer_tags h WHERE h.customer_id = c.id) < {MOST_OF_ONE} ORDER BY c.id
ON CONFLICT DO NOTHING
"""
_KNOWN = "SELECT name FROM tags WHERE lower(name) = lower(:name) ORDER BY name = :name DESC, name LIMIT 1"
_REMOVE = """
DELETE FROM customer_tags WHERE customer_id = ANY(:ids) AND tag_id = (SELECT id FROM tags WHERE name = :name)
"""


def clean_tag(name: str) -> str:
    """Return a tag as it is kept.

    Raises:
        Invalid: empty, too long, or with a comma or what cannot be printed.
    """
    cleaned = " ".join(name.split())
    if (
        not 1 <= len(cleaned) <= MOST_LETTERS
        or "," in cleaned
        or unstorable(cleaned) is not None
        or not cleaned.isprintable()
    ):
        raise Invalid(f"A tag has 1 to {MOST_LETTERS} letters and no comma.", field="value")
    return cleaned


async def _as_known(session: AsyncSession, tag: str) -> str:
    """Return a tag as the shop writes it already: `VIP` and `vip` are one, and the first spelling stands."""
    return str((await session.execute(text(_KNOWN), {"name": tag})).scalar() or tag)


async def tag_customers(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID], name: str) -> int:
    """Give customers a tag, making it if it is new; returns how many had it not. Who has as many as there may be keeps
    those.

    Raises:
        Forbidden: the actor may only read.
        Invalid: see `clean_tag`.
        Conflict: there are too many tags already.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    tag = await _as_known(session, clean_tag(name))
    counted = await session.execute(
        text("SELECT count(*) AS tags, count(*) FILTER (WHERE name = :name) AS known FROM tags"), {"name": tag}
    )
    row = counted.one()
    if row.tags >= MOST_TAGS and not row.known:
        raise Full(f"There are {MOST_TAGS} tags already. Use one of them.")
    await session.execute(text("INSERT INTO tags (name) VALUES (:name) ON CONFLICT DO NOTHING"), {"name": tag})
    await session.execute(text(_LOCK), {"ids": list(customer_ids)})
    added = await session.execute(text(_ADD), {"ids": list(customer_ids), "name": tag})
    count = int(added.rowcount)  # type: ignore[attr-defined]
    await audit(session, actor, "customers.tagged", "customer", None, tag=redact(tag), customers=count)
    return count


async def untag_customers(session: AsyncSession, actor: Actor, customer_ids: Sequence[UUID], name: str) -> int:
    """Take a tag off customers; returns how many had it.

    Raises:
        Forbidden: the actor may only read.
        Invalid: see `clean_tag`.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    tag = await _as_known(session, clean_tag(name))
    removed = await session.execute(text(_REMOVE), {"ids": list(customer_ids), "name": tag})
    count = int(removed.rowcount)  # type: ignore[attr-defined]
    await audit(session, actor, "customers.untagged", "customer", None, tag=redact(tag), customers=count)
    return count


_TAGGED = unnest("g", customer_id=CustomerTag.customer_id, name=Tag.name)
_NAMES = unnest("n", name=Tag.name)
_NEW = f"INSERT INTO tags (name) SELECT name FROM {_NAMES} ORDER BY 1 ON CONFLICT DO NOTHING"
_GIVE = f"""
WITH new AS MATERIALIZED (
    SELECT g.customer_id, t.id AS tag_id, row_number() OVER (PARTITION BY g.customer_id ORDER BY t.name)
           + (SELECT count(*) FROM customer_tags h WHERE h.customer_id = g.customer_id) AS nth
      FROM (SELECT DISTINCT customer_id, name FROM {_TAGGED}) g JOIN tags t ON t.name = g.name
     WHERE NOT EXISTS (SELECT FROM customer_tags h WHERE h.customer_id = g.customer_id AND h.tag_id = t.id)
), given AS (
    INSERT INTO customer_tags (customer_id, tag_id, import_id)
    SELECT customer_id, tag_id, CAST(:import AS uuid) FROM new WHERE nth <= {MOST_OF_ONE} ORDER BY 1, 2
        ON CONFLICT DO NOTHING RETURNING customer_id
)
SELECT customer_id, 0 AS left_out FROM given
 UNION ALL SELECT NULL, count(*) FROM new WHERE nth > {MOST_OF_ONE}
"""


async def known_tags(session: AsyncSession) -> set[str]:
    """Return every tag there is. A corridor, for imports."""
    return set((await session.execute(text("SELECT name FROM tags"))).scalars())


async def add_tags(
    session: AsyncSession, given: Sequence[tuple[UUID, str]], import_id: UUID | None
) -> tuple[set[UUID], int]:
    """Give customers their tags, making those that are new; returns who had one of them not yet, and how many tags
    were left out because their customer has `MOST_OF_ONE`. A corridor, for imports: whoever calls has authorised, and
    keeps to `MOST_TAGS`."""
    await session.execute(text(_NEW), _NAMES.bind(name=sorted({name for _, name in given})))
    bound = {
        **_TAGGED.bind(customer_id=[one for one, _ in given], name=[name for _, name in given]),
        "import": import_id,
    }
    found = (await session.execute(text(_GIVE), bound)).all()
    return {UUID(str(row.customer_id)) for row in found if row.customer_id}, sum(row.left_out for row in found)


async def set_tags(session: AsyncSession, actor: Actor, customer_id: UUID, names: Sequence[str]) -> list[str]:
    """Give one customer these tags and no others; returns them, by name.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such customer.
        Invalid, Conflict: see `tag_customers`; more than `MOST_OF_ONE`.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    wanted = {await _as_known(session, clean_tag(name)): None for name in names}
    if len(wanted) > MOST_OF_ONE:
        raise Invalid(f"A customer has at most {MOST_OF_ONE} tags.", field="tags")
    locked = await session.execute(
        text("SELECT 1 FROM customers WHERE id = :id AND deleted_at IS NULL FOR UPDATE"), {"id": customer_id}
    )
    if locked.first() is None:
        raise NotFound(await why_gone(session, customer_id))
    before = await tags_of(session, actor, customer_id)
    for name in before:
        if name not in wanted:
            await untag_customers(session, actor, [customer_id], name)
    for name in wanted:
        if name not in before:
            await tag_customers(session, actor, [customer_id], name)
    return sorted(wanted)


async def tags_in_use(session: AsyncSession, actor: Actor) -> list[str]:
    """Return every tag somebody has, by name."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text("SELECT name FROM tags t WHERE EXISTS (SELECT 1 FROM customer_tags c WHERE c.tag_id = t.id) ORDER BY name")
    )
    return [str(name) for name in found.scalars()]


async def tags_of(session: AsyncSession, actor: Actor, customer_id: UUID) -> list[str]:
    """Return one customer's tags, by name."""
    require(actor, Permission.CUSTOMERS_READ)
    found = await session.execute(
        text("SELECT t.name FROM customer_tags c JOIN tags t ON t.id = c.tag_id WHERE c.customer_id = :id ORDER BY 1"),
        {"id": customer_id},
    )
    return [str(name) for name in found.scalars()]
