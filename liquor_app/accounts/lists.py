"""The door to every list: who may read it, and who may carry it away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.changed_fields import told_filters
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, require
from liquor_app.accounts.tokens import actor_again
from liquor_app.core.db import transaction
from liquor_app.core.listing.compile import compile_list
from liquor_app.core.listing.read import _read_all, _read_page
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.paging import Page

R = TypeVar("R")


async def read_list(session: AsyncSession, actor: Actor, spec: ListSpec[R], query: ListQuery | None = None) -> Page[R]:
    """Read a page of a list.

    Raises:
        Forbidden: not for this role.
        Invalid: an unknown filter, value or sort, a malformed cursor, a limit out of range.
    """
    require(actor, Role(spec.role))
    return await _read_page(session, spec, query or ListQuery())


async def open_export(
    session: AsyncSession, actor: Actor, spec: ListSpec[R], query: ListQuery
) -> AsyncIterator[list[R]]:
    """Yield everything a question matches, as it will be read: checked and written into the audit log before the first
    row.

    Raises:
        Forbidden: not for this role.
        Invalid: as `read_list`.
    """
    require(actor, Role(spec.export_role))
    compile_list(spec, query)
    asked = told_filters(spec, query.filters)
    await audit(session, actor, f"{spec.name}.exported", "list", None, search=bool(query.search), filters=asked)
    return _while_allowed(actor, Role(spec.export_role), _read_all(spec, query))


async def _while_allowed(actor: Actor, role: Role, pages: AsyncIterator[list[R]]) -> AsyncIterator[list[R]]:
    """The pages, for as long as whoever asked may have them: a file of a million rows is minutes on its way.

    Raises:
        Forbidden: not any more; what follows is not sent.
    """
    who = [actor.kind.value, str(actor.id)]
    async for page in pages:
        async with transaction() as session:
            require(await actor_again(session, who), role)
        yield page
