"""Segments: define them, count them, keep their membership."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.campaigns.models import OVER
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, Meanwhile, NotFound, Taken
from liquor_app.core.ids import uuid7
from liquor_app.core.states import sql_list
from liquor_app.organization.guidance import refuse_claims
from liquor_app.segments import playbook
from liquor_app.segments.default_segments import DEFAULT_SEGMENTS
from liquor_app.segments.hand_picked import add_members, remove_members
from liquor_app.segments.membership import (
    breakdown_by_rfm,
    count_rules,
    refresh_segments,
    resolve_slugs,
)
from liquor_app.segments.models import SegmentKind
from liquor_app.segments.rule_references import check_references, check_unused
from liquor_app.segments.rule_wording import sentence
from liquor_app.segments.rules import parse_rules

__all__ = [
    "SegmentRow",
    "add_members",
    "breakdown_by_rfm",
    "count_rules",
    "create_segment",
    "delete_segment",
    "ensure_default_segments",
    "get_segment",
    "refresh_segments",
    "remove_members",
    "resolve_slugs",
    "update_segment",
]  # the verbs of membership are found here too


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment with its playbook. `net_change_30_days` is entered minus left,
    whoever its present rule held at first left out."""

    id: UUID
    slug: str
    name: str
    description: str | None
    kind: SegmentKind
    rules: dict[str, Any]
    sentence: str
    color: str
    recommended_offers: list[dict[str, Any]]
    messaging_strategy: str | None
    optimal_channels: list[str]
    optimal_send_window: dict[str, str]
    template_category: str
    max_discount_pct: Decimal
    margin_floor_pct: Decimal
    is_active: bool
    is_default: bool
    position: int
    customer_count: int
    net_change_30_days: int
    last_computed_at: datetime | None
    created_at: datetime
    updated_at: datetime


_SELECT = """
SELECT s.id, s.slug, s.name, s.description, s.kind, s.rules, s.color, s.recommended_offers, s.messaging_strategy,
       s.optimal_channels, s.optimal_send_window, s.template_category, s.max_discount_pct, s.margin_floor_pct,
       s.is_active, s.is_default, s.position, s.customer_count, s.last_computed_at, s.created_at, s.updated_at,
       COALESCE(moved.net, 0) AS net_change_30_days
  FROM segments s
  LEFT JOIN LATERAL (
       SELECT sum(CASE WHEN ch.entered THEN 1 ELSE -1 END) AS net FROM segment_changes ch
        WHERE ch.segment_id = s.id AND ch.at > :month_ago AND ch.at > s.counted_since) moved ON true
"""


def segment_row(found: Any) -> SegmentRow:
    """Return a segment as selected, with its rule in a sentence."""
    values = dict(found)
    kind = SegmentKind(values.pop("kind"))
    words = sentence(values["rules"]) if kind is SegmentKind.RULE else "A hand-picked list."
    return SegmentRow(**values, kind=kind, sentence=words)


def month_ago() -> datetime:
    """Since when changes of membership are summed up."""
    return now() - timedelta(days=30)


async def get_segment(session: AsyncSession, actor: Actor, which: UUID | str) -> SegmentRow:
    """Return one segment by id or slug.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.SEGMENTS_READ)
    column = "id" if isinstance(which, UUID) else "slug"
    found = await session.execute(
        text(f"{_SELECT} WHERE s.{column} = :which"), {"which": which, "month_ago": month_ago()}
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such segment.")
    return segment_row(row)


_JSON = frozenset({"rules", "recommended_offers", "optimal_send_window"})
_SLUG = re.compile(r"[^a-z0-9]+")


def _clean(changes: dict[str, Any], kind: SegmentKind) -> dict[str, Any]:
    """Column values from a client's fields.

    Raises:
        Invalid: an unknown field or a bad value; the message names it.
    """
    cleaners: dict[str, Any] = {
        "name": lambda value: playbook.clean_text(value, "name", 80),
        "description": lambda value: playbook.clean_text(value, "description", 500, required=False),
        "rules": _clean_rules if kind is SegmentKind.RULE else _no_rules,
        "color": lambda value: playbook.clean_choice(value, "color", playbook.COLORS),
        "recommended_offers": playbook.clean_offers,
        "messaging_strategy": lambda value: playbook.clean_text(value, "messaging_strategy", 500, required=False),
        "optimal_channels": playbook.clean_channels,
        "optimal_send_window": playbook.clean_window,
        "template_category": lambda value: playbook.clean_choice(
            value, "template_category", playbook.TEMPLATE_CATEGORIES
        ),
        "max_discount_pct": lambda value: playbook.clean_percent(value, "max_discount_pct"),
        "margin_floor_pct": lambda value: playbook.clean_percent(value, "margin_floor_pct"),
        "is_active": _clean_flag,
        "position": _clean_position,
    }
    for name in changes:
        if name not in cleaners:
            raise Invalid(f"{name} is not a field of a segment that can be written", field=name)
    return {name: cleaners[name](value) for name, value in changes.items()}


def _clean_rules(value: Any) -> Any:
    parse_rules(value)
    return value


def _no_rules(value: Any) -> Any:
    if value not in ({}, None):
        raise Invalid("A hand-picked list has no rules.", field="rules")
    return {}


def _clean_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid("is_active must be true or false", field="is_active")
    return value


def _clean_position(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100_000:
        raise Invalid("position must be a whole number from 0 to 100000", field="position")
    return value


def _bind(values: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    expressions = {name: f"CAST(:{name} AS jsonb)" if name in _JSON else f":{name}" for name in values}
    return expressions, {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}


PAGES_OF_THEIR_OWN = frozenset({"new", "discover"})
"""Words under /segments/ that are no segment's address."""

PLAYBOOK_DEFAULTS: dict[str, Any] = {
    "recommended_offers": [
        {"name": "Favourite category", "discount_pct": 10, "text": "{discount}% off {category}"},
        {"name": "A word from the shop", "discount_pct": 0, "text": "What is new in {category}"},
    ],
    "optimal_channels": ["email"],
    "optimal_send_window": {"start": "17:00", "end": "21:00"},
    "template_category": "win_back",
    "max_discount_pct": 15,
    "margin_floor_pct": 10,
}


async def create_segment(
    session: AsyncSession, actor: Actor, changes: dict[str, Any], *, kind: SegmentKind = SegmentKind.RULE
) -> SegmentRow:
    """Define a segment; `slug` is made from the name unless given. Membership comes with `refresh_segments`.

    Raises:
        Forbidden: the actor may only read.
        Invalid: a bad field; for rules, the path to the part to blame.
        Conflict: a segment of that name exists.
    """
    require(actor, Permission.SEGMENTS_WRITE)
    given = dict(changes)
    slug = given.pop("slug", None)
    if "name" not in given:
        raise Invalid("name must not be empty", field="name")
    if kind is SegmentKind.RULE and "rules" not in given:
        raise Invalid("rules are missing", field="rules")
    values = _clean({**PLAYBOOK_DEFAULTS, **given}, kind)
    values["slug"] = _SLUG.sub("_", str(slug or values["name"]).lower()).strip("_")[:60]
    if values["slug"] in PAGES_OF_THEIR_OWN:
        values["slug"] += "_segment"
    if not values["slug"]:
        raise Invalid("name must hold a letter or a digit", field="name")
    if kind is SegmentKind.RULE:
        await check_references(session, values["slug"], values["rules"])
    await _refuse_claims(session, values)
    values.update(id=uuid7(), kind=kind.value)
    if "position" not in values:
        last = await session.execute(text("SELECT COALESCE(max(position), 0) + 10 FROM segments"))
        values["position"] = int(last.scalar_one())
    expressions, params = _bind(values)
    inserted = await session.execute(
        text(
            f"INSERT INTO segments ({', '.join(expressions)}) VALUES ({', '.join(expressions.values())})"
            " ON CONFLICT (slug) DO NOTHING RETURNING id"
        ),
        params,
    )
    if inserted.scalar() is None:
        raise Taken(f"A segment called {values['slug']} exists already.", field="name")
    await audit(session, actor, "segment.created", "segment", values["id"], slug=values["slug"])
    return await get_segment(session, actor, values["id"])


async def _refuse_claims(session: AsyncSession, values: dict[str, Any]) -> None:
    """The words of the offers, held against the guidance."""
    offers = values.get("recommended_offers") or []
    await refuse_claims(
        session, [(f"recommended_offers[{index}].text", offer["text"]) for index, offer in enumerate(offers)]
    )


async def update_segment(
    session: AsyncSession, actor: Actor, segment_id: UUID, changes: dict[str, Any], *, seen: datetime | None = None
) -> SegmentRow:
    """Change fields; `seen` (the `updated_at` the client read) refuses to overwrite somebody else's change.

    Raises:
        Forbidden, NotFound, Invalid: as usual.
        Conflict: changed meanwhile.
    """
    require(actor, Permission.SEGMENTS_WRITE)
    locked = await session.execute(text("SELECT * FROM segments WHERE id = :id FOR UPDATE"), {"id": segment_id})
    before = locked.mappings().first()
    if before is None:
        raise NotFound("There is no such segment.")
    if seen is not None and before["updated_at"] != seen:
        raise Meanwhile("Somebody changed this segment meanwhile. Reload, then make your change again.")
    values = _clean(changes, SegmentKind(before["kind"]))
    if values.get("rules"):
        await check_references(session, before["slug"], values["rules"])
    await _refuse_claims(session, values)
    if values:
        expressions, params = _bind(values)
        assignments = ", ".join(f"{name} = {expression}" for name, expression in expressions.items())
        if values.get("rules", before["rules"]) != before["rules"]:
            assignments += ", counted_since = NULL"  # whoever another rule holds at first is no growth either
        written = await session.execute(
            text(f"UPDATE segments SET {assignments}, updated_at = :at WHERE id = :id RETURNING {', '.join(values)}"),
            {**params, "at": now(), "id": segment_id},
        )
        await audit_change(
            session,
            actor,
            "segment.changed",
            "segment",
            segment_id,
            before=dict(before),
            after=dict(written.mappings().one()),
        )
    return await get_segment(session, actor, segment_id)


async def delete_segment(session: AsyncSession, actor: Actor, segment_id: UUID) -> None:
    """Remove a segment and its membership.

    Raises:
        Forbidden, NotFound: as usual.
        Conflict: a campaign that is not over targets it, or another segment builds on it; the message names it.
    """
    require(actor, Permission.SEGMENTS_WRITE)
    segment = await get_segment(session, actor, segment_id)
    used = await session.execute(
        text(
            "SELECT name FROM campaigns WHERE :slug = ANY(target_segments)"
            f" AND status NOT IN {sql_list(*OVER)} ORDER BY created_at LIMIT 1"
        ),
        {"slug": segment.slug},
    )
    if name := used.scalar():
        raise Conflict(f"The campaign “{name}” targets this segment. Change or cancel the campaign first.")
    await check_unused(session, segment.slug)
    await session.execute(text("DELETE FROM segments WHERE id = :id"), {"id": segment_id})
    await audit(session, actor, "segment.deleted", "segment", segment_id, slug=segment.slug)


async def ensure_default_segments(session: AsyncSession, actor: Actor = SYSTEM) -> int:
    """Create whichever default segment is missing; returns how many. Edited ones are left alone."""
    require(actor, Permission.SEGMENTS_WRITE)
    found = await session.execute(text("SELECT slug FROM segments"))
    existing = set(found.scalars())
    missing = [(index, default) for index, default in enumerate(DEFAULT_SEGMENTS) if default["slug"] not in existing]
    for index, default in missing:
        await create_segment(session, actor, {**default, "position": (index + 1) * 10})
    await session.execute(
        text("UPDATE segments SET is_default = true WHERE slug = ANY(:slugs)"),
        {"slugs": [default["slug"] for _, default in missing]},
    )
    return len(missing)
