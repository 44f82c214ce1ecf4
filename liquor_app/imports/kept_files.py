"""What imports keep for a while: files, refused rows and what they changed; and the end of it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.catalog.imported_products import forget_product_images
from liquor_app.core.states import sql_list
from liquor_app.customers.imported.confirmations import forget_old_confirmations
from liquor_app.customers.imported.imported_noes import forget_images
from liquor_app.imports.import_rows import KEPT_DAYS, LOCAL, stored_as
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.uploads import WAITING_DAYS

_UNDER_WAY_NOW = (ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.UNDOING)
_KEYS_UNDER_WAY = f"SELECT file_key FROM imports WHERE status IN {sql_list(*_UNDER_WAY_NOW)} AND file_key <> ''"
_FORGET_KEYS = f"""
UPDATE imports SET file_key = '' WHERE file_key = ANY(:keys) AND status NOT IN {sql_list(*_UNDER_WAY_NOW)}
"""
_OLD = """
SELECT id FROM imports WHERE COALESCE(finished_at, created_at) < now() - make_interval(days => :days)
   AND status NOT IN ('queued', 'running', 'undoing')
   AND (id IN (SELECT import_id FROM customer_images) OR id IN (SELECT import_id FROM purchase_images)
        OR id IN (SELECT import_id FROM product_images))
"""
"""Imports too old to be undone, of which something is still kept."""
_ENDED = """
SELECT id FROM imports WHERE COALESCE(finished_at, created_at) < now() - make_interval(days => :days)
   AND status NOT IN ('queued', 'running', 'undoing')
"""
_FORGET_REJECTS = f"DELETE FROM import_rejects WHERE import_id IN ({_ENDED})"
_FORGET_WARNED = f"DELETE FROM import_warnings WHERE import_id IN ({_ENDED})"
_FORGET_LINES = f"DELETE FROM import_lines WHERE import_id IN ({_ENDED})"
_FORGET_FILES = f"""
UPDATE imports i SET file_key = '' FROM imports o WHERE o.id = i.id AND i.file_key <> ''
   AND (i.id IN ({_ENDED}) OR (i.status = 'preview' AND i.created_at < now() - make_interval(days => :wait)))
RETURNING o.file_key
"""


async def forget_uploads(session: AsyncSession, actor: Actor) -> list[str]:
    """Refused rows, files and images of changed rows older than `KEPT_DAYS`, and the lines that wait for an import
    nobody went on with.

    Returns:
        The keys in the file store of files to delete once this is committed.
    """
    require(actor, Permission.IMPORTS_ADMIN)
    gone = await session.execute(text(_OLD), {"days": KEPT_DAYS})
    imports = list[UUID](gone.scalars())
    await forget_images(session, imports)
    await forget_product_images(session, imports)
    # an undoing that was stopped may go on later than it may be asked for
    await forget_old_confirmations(session, 2 * KEPT_DAYS)
    await session.execute(text(_FORGET_REJECTS), {"days": KEPT_DAYS})
    await session.execute(text(_FORGET_WARNED), {"days": KEPT_DAYS})
    await session.execute(text(_FORGET_LINES), {"days": KEPT_DAYS})
    found = await session.execute(text(_FORGET_FILES), {"days": KEPT_DAYS, "wait": WAITING_DAYS})
    return [stored_as(key) for key in found.scalars() if not key.startswith(LOCAL)]


async def keys_under_way(session: AsyncSession) -> set[str]:
    """Return the keys in the file store of files that are being imported, or taken back. A corridor, for `privacy`."""
    return {stored_as(key) for key in (await session.execute(text(_KEYS_UNDER_WAY))).scalars()}


async def forget_file_keys(session: AsyncSession, keys: Collection[str]) -> None:
    """Let no import go on with these files of the store: they are about to be deleted. A corridor, for `privacy`."""
    await session.execute(text(_FORGET_KEYS), {"keys": [key.partition("/")[2] for key in keys]})
