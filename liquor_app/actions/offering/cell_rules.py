"""Cells a marketer pins or forbids: segment, offer and channel, and if they like only people of one due-state.

Pinned: whoever of the segment it suits gets nothing else of the campaign; whether it is worth a message stays with the
plan, within guidance, law, room and budget. Forbidden: nobody of the segment gets it, chance included. Neither is left
to chance, so neither is among what is drawn at random, and the chances that are logged stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offers import Playbook
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Full, Invalid, NotFound, Unknown
from liquor_app.core.ids import uuid7
from liquor_app.core.storable_text import said
from liquor_app.scoring.due_state import NO_RHYTHM, STATE_WORDS

MOST_RULES = 200
MOST_CELLS = 500
LONGEST_REASON = 300


class RuleEffect(StrEnum):
    """What becomes of a cell."""

    PIN = "pin"
    FORBID = "forbid"

    @property
    def label(self) -> str:
        return {"pin": "Pinned", "forbid": "Forbidden"}[self.value]


@dataclass(frozen=True, slots=True)
class CellRuleRow:
    """A cell somebody pinned or forbade, and why. `due` empty is whoever they are due; `offer` is named as the playbook
    names it, whatever its discount."""

    id: UUID
    effect: RuleEffect
    segment: str
    segment_name: str
    offer: str
    channel: str
    due: str
    why: str
    author: str
    created_at: datetime

    def covers(self, segment: str, channel: str) -> bool:
        """Tell whether it is about a playbook's messages by a channel."""
        return (self.segment, self.channel) == (segment, channel)

    @property
    def words(self) -> str:
        """ "Pinned: Ten off by e-mail to At risk, of those overdue (Dana: “as promised”)"."""
        whom = f", of those {STATE_WORDS[self.due]}" if self.due else ""
        channel = {"email": "e-mail", "sms": "SMS"}.get(self.channel, self.channel)
        return (
            f"{self.effect.label}: {self.offer} by {channel} to {self.segment_name}{whom} ({self.author}: “{self.why}”)"
        )


DUE_STATES = tuple(STATE_WORDS)

_COLUMNS = (
    "r.id, r.effect, r.segment_slug AS segment, COALESCE(s.name, r.segment_slug) AS segment_name, r.offer, r.channel,"
    " r.due, r.why, r.actor_name AS author, r.created_at"
)
_LIST = f"""
SELECT {_COLUMNS} FROM cell_rules r LEFT JOIN segments s ON s.slug = r.segment_slug WHERE r.undone_at IS NULL
 ORDER BY r.created_at DESC, r.id DESC LIMIT {MOST_RULES}
"""
_CELLS = f"""
SELECT s.slug AS segment, s.name AS segment_name, o.offer ->> 'name' AS offer, c.channel
  FROM segments s CROSS JOIN LATERAL jsonb_array_elements(s.recommended_offers) WITH ORDINALITY AS o (offer, place)
 CROSS JOIN LATERAL unnest(s.optimal_channels) WITH ORDINALITY AS c (channel, rank)
 ORDER BY s.name, s.slug, o.place, c.rank LIMIT {MOST_CELLS}
"""
_PLANNED = f"""
SELECT segment_slug AS segment, offer_terms ->> 'name' AS offer, channel,
       COALESCE(offer_terms -> 'due' ->> 'state', '{NO_RHYTHM}') AS due, count(*) AS messages
  FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}' GROUP BY 1, 2, 3, 4
"""
_PASSED_OVER = f"""
SELECT count(*) FROM actions p
 WHERE p.campaign_id = :id AND p.status = '{ActionStatus.PENDING}' AND NOT p.offer_terms ? 'edited_by'
   AND p.customer_id IN (
       SELECT a.customer_id FROM actions a
        WHERE a.campaign_id = :id AND a.segment_slug = :segment AND a.channel = :channel
          AND jsonb_exists(a.offer_terms -> 'answers', :offer) AND NOT a.offer_terms ?| ARRAY['pinned', 'edited_by']
          AND (:due = '' OR COALESCE(a.offer_terms -> 'due' ->> 'state', '{NO_RHYTHM}') = :due))
"""
"""Messages to whom a pinned offer suits, who were proposed what they get before it was pinned."""
_PLAYBOOK = "SELECT recommended_offers, optimal_channels FROM segments WHERE slug = :slug"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('cell_rules', 0))"
_ADD = """
INSERT INTO cell_rules (id, effect, segment_slug, offer, channel, due, why, actor_id, actor_name, created_at)
VALUES (:id, :effect, :segment, :offer, :channel, :due, :reason, :by, :name, :at)
"""
_UNDO = """
UPDATE cell_rules SET undone_at = :at, undone_by = :name WHERE id = :id AND undone_at IS NULL
RETURNING effect, segment_slug, offer, channel, due
"""


async def list_rules(session: AsyncSession, actor: Actor) -> list[CellRuleRow]:
    """Return the rules in force, the latest first."""
    require(actor, Permission.ANALYTICS_READ)
    return await rules_in_force(session)


async def rules_in_force(session: AsyncSession) -> list[CellRuleRow]:
    """Return the same. A corridor."""
    found = await session.execute(text(_LIST))
    return [CellRuleRow(**{**row, "effect": RuleEffect(row["effect"])}) for row in found.mappings()]


@dataclass(frozen=True, slots=True)
class PlaybookCell:
    """A kind of message the playbooks have."""

    segment: str
    segment_name: str
    offer: str
    channel: str


async def list_cells(session: AsyncSession, actor: Actor) -> list[PlaybookCell]:
    """Return every segment, offer and channel there is a rule to be made of, at most `MOST_CELLS`."""
    require(actor, Permission.ANALYTICS_READ)
    found = await session.execute(text(_CELLS))
    return [PlaybookCell(**row) for row in found.mappings()]


async def add_rule(
    session: AsyncSession,
    actor: Actor,
    *,
    effect: RuleEffect,
    segment: str,
    offer: str,
    channel: str,
    due: str = "",
    reason: str,
) -> CellRuleRow:
    """Pin or forbid a cell; the next plan of every campaign goes by it.

    Raises:
        Forbidden: the actor may only read.
        Invalid: the segment's playbook has no such offer or channel, or the reason is missing or too long.
        Conflict: the cell is pinned or forbidden already, for these or for all due-states, or another is pinned for
            the same people.
    """
    require(actor, Permission.ANALYTICS_WRITE)
    playbook = (await session.execute(text(_PLAYBOOK), {"slug": segment})).first()
    if playbook is None:
        raise Unknown("There is no such segment.", field="segment")
    if offer not in {str(one["name"]) for one in playbook.recommended_offers}:
        raise Unknown("The segment's playbook has no such offer.", field="offer")
    if channel not in playbook.optimal_channels:
        raise Invalid("The segment's playbook does not write by that channel.", field="channel")
    if due and due not in DUE_STATES:
        raise Invalid(f"Due must be one of {', '.join(DUE_STATES)}, or empty for all.", field="due")
    told = said(reason)
    if not told or len(told) > LONGEST_REASON:
        raise Invalid(f"Say why, in at most {LONGEST_REASON} characters.", field="reason")
    await session.execute(text(_ALONE))
    standing = await rules_in_force(session)
    _refuse_clash(standing, effect, segment, offer, channel=channel, due=due)
    rule_id = uuid7()
    cell = {"segment": segment, "offer": offer, "channel": channel, "due": due}
    await session.execute(
        text(_ADD),
        {**cell, "id": rule_id, "effect": effect.value, "reason": told, "by": actor.user_id, "name": actor.name,
         "at": now()},
    )  # fmt: skip
    await audit(session, actor, f"cell.{effect.value}", "cell_rule", rule_id, **cell, reason=told)
    return next(one for one in await rules_in_force(session) if one.id == rule_id)


def _refuse_clash(
    standing: Sequence[CellRuleRow], effect: RuleEffect, segment: str, offer: str, *, channel: str, due: str
) -> None:
    if len(standing) >= MOST_RULES:
        raise Full(f"There are {MOST_RULES} rules already. Undo some first.")
    for one in standing:
        if one.segment != segment or (one.due and due and one.due != due):
            continue
        if (one.offer, one.channel) == (offer, channel):
            raise Conflict(f"{one.words}. Undo that first.", field="offer")
        if one.effect is effect is RuleEffect.PIN:
            raise Conflict(f"{one.words}. Somebody can be given one thing only: undo that first.", field="offer")


async def get_rule(session: AsyncSession, actor: Actor, rule_id: UUID) -> CellRuleRow:
    """Return one rule.

    Raises:
        NotFound: there is none of this id, or it was taken back.
    """
    found = next((one for one in await list_rules(session, actor) if one.id == rule_id), None)
    if found is None:
        raise NotFound("There is no such rule.")
    return found


async def undo_rule(session: AsyncSession, actor: Actor, rule_id: UUID) -> None:
    """Take a rule back: the next plan is as free as it was before.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such rule, or it was taken back.
    """
    require(actor, Permission.ANALYTICS_WRITE)
    row = (await session.execute(text(_UNDO), {"id": rule_id, "at": now(), "name": actor.name})).mappings().first()
    if row is None:
        raise NotFound("There is no such rule in force.")
    await audit(session, actor, "cell.undone", "cell_rule", rule_id, **dict(row))


def masks_of(
    rules: Sequence[CellRuleRow], effect: RuleEffect, playbook: Playbook, channel: str, due: Sequence[str]
) -> list[npt.NDArray[np.bool_]]:
    """Return of each offer of a playbook for whom a rule makes this of it; empty where none does.

    Args:
        due: due-state of each person.
    """
    mine = [one for one in rules if one.effect is effect and one.covers(playbook.slug, channel)]
    if not mine:
        return []
    states = np.array(due, dtype=object)
    every, nobody = np.ones(len(due), dtype=np.bool_), np.zeros(len(due), dtype=np.bool_)
    masks = []
    for offer in playbook.offers:
        about = [every if not one.due else states == one.due for one in mine if one.offer == offer.name]
        masks.append(np.logical_or.reduce(about) if about else nobody)
    return masks


async def broken_rules(session: AsyncSession, campaign_id: UUID) -> list[tuple[CellRuleRow, int]]:
    """Return the rules that messages of a campaign's plan go against, since they are younger than what was proposed or
    a person gave an offer by hand, and how many messages: what is forbidden, and whom something else is pinned for. A
    corridor."""
    rules = await rules_in_force(session)
    return await _forbidden(session, campaign_id, rules) + await _passed_over(session, campaign_id, rules)


async def _passed_over(
    session: AsyncSession, campaign_id: UUID, rules: Sequence[CellRuleRow]
) -> list[tuple[CellRuleRow, int]]:
    told = []
    for rule in rules:
        if rule.effect is not RuleEffect.PIN:
            continue
        cell = {"segment": rule.segment, "channel": rule.channel, "offer": rule.offer, "due": rule.due}
        if many := int(await session.scalar(text(_PASSED_OVER), {"id": campaign_id, **cell}) or 0):
            told.append((rule, many))
    return told


async def _forbidden(
    session: AsyncSession, campaign_id: UUID, rules: Sequence[CellRuleRow]
) -> list[tuple[CellRuleRow, int]]:
    forbids = [one for one in rules if one.effect is RuleEffect.FORBID]
    if not forbids:
        return []
    found = await session.execute(text(_PLANNED), {"id": campaign_id})
    held = [(row.segment, row.offer, row.channel, row.due, row.messages) for row in found]
    told = []
    for rule in forbids:
        many = sum(
            messages for segment, offer, channel, due, messages in held
            if rule.covers(segment, channel) and rule.offer == offer and rule.due in ("", due)
        )  # fmt: skip
        told += [(rule, many)] if many else []
    return told


def pin_words(rules: Sequence[CellRuleRow], playbook: Playbook, channel: str) -> dict[str, str]:
    """Return what an action says of the pin it comes from, by its offer's name."""
    return {
        one.offer: f"Pinned by {one.author}: “{one.why}”."
        for one in rules
        if one.effect is RuleEffect.PIN and one.covers(playbook.slug, channel)
    }


def told_of(rules: Sequence[CellRuleRow], segments: Sequence[str]) -> list[dict[str, Any]]:
    """Return what a plan keeps of the rules it went by."""
    return [
        {"id": str(one.id), "effect": one.effect.value, "words": one.words} for one in rules if one.segment in segments
    ]
