"""What was answered of a file's columns by hand holds for later files of the same columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.imports.cleaning.doubts.doubt import CHANGES_NOTHING, ROW_KINDS

Answers = Mapping[tuple[str, ...], Mapping[str, Any]]
"""Columns of a file → the options that say what of them changes nothing, and what rows with a value are."""

_BEFORE = f"""
SELECT position -> 'columns' AS columns, options -> '{CHANGES_NOTHING}' AS nothing, options -> '{ROW_KINDS}' AS kinds
  FROM imports
 WHERE kind = :kind AND status = 'completed' AND undone_at IS NULL AND position ? 'columns'
   AND (options ? '{CHANGES_NOTHING}' OR options ? '{ROW_KINDS}')
 ORDER BY id
"""


async def answered_before(session: AsyncSession, actor: Actor, kind: str) -> Answers:
    """Return what was answered of files of this kind, by their columns; the last word holds.

    Raises:
        Forbidden: the actor may not read imports.
    """
    require(actor, Permission.IMPORTS_READ)
    found = (await session.execute(text(_BEFORE), {"kind": kind})).mappings()
    return {
        tuple(row["columns"]): {CHANGES_NOTHING: row["nothing"] or [], ROW_KINDS: row["kinds"] or {}} for row in found
    }


def with_answers(options: Mapping[str, Any], columns: tuple[str, ...], before: Answers) -> dict[str, Any]:
    """Return options with what was answered before of the same columns, where nothing else is said of one now."""
    was = before.get(columns, {})
    nothing = [*(was.get(CHANGES_NOTHING) or ())]
    kinds = dict(was.get(ROW_KINDS) or {})
    now_nothing, now_kinds = options.get(CHANGES_NOTHING) or [], options.get(ROW_KINDS) or {}
    kinds = {one: said for one, said in kinds.items() if one not in now_nothing} | now_kinds
    nothing = list(dict.fromkeys([*(one for one in nothing if one not in now_kinds), *now_nothing]))
    return {**options, **({CHANGES_NOTHING: nothing} if nothing else {}), **({ROW_KINDS: kinds} if kinds else {})}
