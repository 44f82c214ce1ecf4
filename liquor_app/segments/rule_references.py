"""Segments that build on segments: who names whom, in which order they are computed, and never in a circle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import Conflict, Invalid, Unknown
from liquor_app.segments.rules import parse_rules, segments_in


async def check_references(session: AsyncSession, slug: str, rules: Any) -> None:
    """Tell whether the segment `slug` may have these (sound) rules.

    Raises:
        Invalid: they name a segment that does not exist, or lead back to `slug`; the message says how.
    """
    wanted = segments_in(parse_rules(rules))
    if not wanted:
        return
    known = await _named_by_all(session)
    for name in wanted:
        if name not in known and name != slug:
            raise Unknown(f"There is no segment called {name!r}.", field="rules")
    known[slug] = list(wanted)
    try:
        TopologicalSorter(known).prepare()
    except CycleError as circle:
        path = " → ".join(reversed(circle.args[1]))
        raise Invalid(f"Segments would build on each other in a circle: {path}.", field="rules") from circle


async def check_unused(session: AsyncSession, slug: str) -> None:
    """Check, or raise Conflict: another segment builds on this one; the message names it."""
    known = await _named_by_all(session)
    users = sorted(name for name, wanted in known.items() if slug in wanted and name != slug)
    if users:
        raise Conflict(f"The segment {users[0]} builds on this one. Change that rule first.")


def in_order(rules: Mapping[str, Any]) -> list[str]:
    """Slugs so that each comes after those it builds on, else in the order given.

    Args:
        rules: the stored rule by slug; a circle that got in behind our back is left in the order given.
    """
    named = {slug: [name for name in _named(rule) if name in rules] for slug, rule in rules.items()}
    try:
        return list(TopologicalSorter(named).static_order())
    except CycleError:
        return list(rules)


def _named(rules: Any) -> Sequence[str]:
    try:
        return list(segments_in(parse_rules(rules)))
    except Invalid:
        return []


async def _named_by_all(session: AsyncSession) -> dict[str, list[str]]:
    """By slug, the segments its rules name. Hand-picked lists name none."""
    found = await session.execute(text("SELECT slug, rules FROM segments ORDER BY position, id"))
    return {row.slug: list(_named(row.rules)) for row in found}
