"""Change actions as a plan decides: chosen, left out, proposed anew, held out, reworded; every status by `ACTION`.

Corridors: the doors are in `planning` and `experiments`, which hold the campaign. Decisions about a whole plan are
staged in a table of the transaction, by COPY or by an INSERT … SELECT of whoever keeps them, and applied at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ACTION, Action, ActionStatus, Arm
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.core.db import raw_connection
from liquor_app.core.errors import Conflict

CONTENT = (
    "offer", "offer_terms", "message", "reason", "priority_score", "response_points", "margin_points",
    "expected_response", "expected_profit",
)  # fmt: skip
"""Columns of an action that differ between plans of different engines: the keys of `plan_decisions.content`."""

_STAGE = """
CREATE TEMP TABLE plan_decisions
    (action_id uuid, status text, scheduled_date date, skip_reason text, skip_detail text, content jsonb, arm text,
     propensity double precision, policy text, decision jsonb) ON COMMIT DROP
"""
_COPY = (
    "COPY plan_decisions (action_id, status, scheduled_date, skip_reason, skip_detail, content, arm, propensity,"
    " policy, decision) FROM STDIN"
)
_ANALYZE = "ANALYZE plan_decisions"
_STAGED = "SELECT count(*) FROM plan_decisions"

_DECIDE = f"""
UPDATE actions a SET status = d.status, scheduled_date = COALESCE(d.scheduled_date, a.scheduled_date),
       plan_id = :plan, skip_reason = d.skip_reason, skip_detail = d.skip_detail, arm = d.arm,
       propensity = d.propensity, policy = d.policy, updated_at = :at,
       decision = CASE WHEN a.decision ? 'own'
                       THEN jsonb_build_object('own', a.decision -> 'own') || COALESCE(d.decision, jsonb_build_object())
                       ELSE d.decision END
  FROM plan_decisions d WHERE a.id = d.action_id AND {ACTION.allows_sql("a.status", "d.status")}
"""

_REWRITE = f"""
UPDATE actions a SET {", ".join(f"{name} = r.{name}" for name in CONTENT)}, updated_at = :at
  FROM (SELECT r.* FROM plan_decisions d JOIN actions x ON x.id = d.action_id
         CROSS JOIN LATERAL jsonb_populate_record(x, d.content) r WHERE d.content IS NOT NULL) r
 WHERE a.id = r.id
"""

_KEEP_OWN = f"""
UPDATE actions a SET decision = COALESCE(a.decision, jsonb_build_object())
       || jsonb_build_object('own', jsonb_build_object({", ".join(f"'{name}', a.{name}" for name in CONTENT)}))
  FROM plan_decisions d
 WHERE a.id = d.action_id AND d.content IS NOT NULL AND NOT COALESCE(a.decision ? 'own', false)
"""

_GIVE_BACK = f"""
UPDATE actions a SET {", ".join(f"{name} = r.{name}" for name in CONTENT)}
  FROM (SELECT r.* FROM actions x CROSS JOIN LATERAL jsonb_populate_record(x, x.decision -> 'own') r
         WHERE x.campaign_id = :campaign AND x.status = ANY(:statuses) AND x.decision ? 'own'
           AND NOT x.offer_terms ? 'edited_by' AND x.skip_reason IS DISTINCT FROM :by_hand) r
 WHERE a.id = r.id
"""

_REOPEN = f"""
UPDATE actions SET status = '{ActionStatus.PROPOSED}', skip_reason = NULL, skip_detail = NULL, arm = NULL,
       propensity = NULL, policy = NULL, decision = NULL, updated_at = :at
 WHERE campaign_id = :campaign AND status = ANY(:statuses)
   AND status IN {ACTION.sources_sql(ActionStatus.PROPOSED)} AND skip_reason IS DISTINCT FROM :by_hand
   AND NOT (status = '{ActionStatus.PENDING}' AND offer_terms ? 'edited_by'
            AND scheduled_date BETWEEN :first AND :last)
"""

_LEAVE_OUT = f"""
UPDATE actions SET plan_id = :plan, updated_at = :at, status = '{ActionStatus.SKIPPED}', skip_reason = :better
 WHERE campaign_id = :campaign AND status = '{ActionStatus.PROPOSED}'
"""
_ADOPT = f"""
UPDATE actions SET plan_id = :plan, updated_at = :at
 WHERE campaign_id = :campaign AND status = '{ActionStatus.PENDING}' AND plan_id IS DISTINCT FROM :plan
"""

DECIDED = """
jsonb_build_object('offer', a.offer_terms ->> 'name', 'discount_pct', a.offer_terms ->> 'discount_pct',
                   'due', a.offer_terms -> 'due' ->> 'state', 'baseline', a.offer_terms -> 'baseline')"""
"""SQL: what was decided of an action `a`, whatever a person makes of it later: what is counted, by intention."""
_SUPERSEDE = f"""
UPDATE actions a SET arm = NULL, propensity = NULL, policy = NULL, decision = NULL
 WHERE a.campaign_id = :campaign AND a.skip_reason = '{Reason.BY_HAND}' AND a.arm IS NOT NULL
   AND a.plan_id IS DISTINCT FROM :plan
   AND EXISTS (SELECT FROM actions x WHERE x.campaign_id = :campaign AND x.customer_id = a.customer_id
                AND x.plan_id = :plan AND x.arm IS NOT NULL)
"""
"""Whoever was taken out of an earlier plan and is in this one was decided on anew."""

_TAKEN_OUT = f"""
SELECT id, customer_id, arm FROM actions
 WHERE campaign_id = :campaign AND status = '{ActionStatus.SKIPPED}' AND skip_reason = '{Reason.BY_HAND}'
   AND arm IS NOT NULL ORDER BY id
"""
_RELEASE = f"""
UPDATE actions SET arm = NULL, propensity = NULL, policy = NULL, decision = NULL
 WHERE id = ANY(CAST(:ids AS uuid[])) AND skip_reason = '{Reason.BY_HAND}'
"""
_REDRAWN = unnest("f", id=Action.id, arm="text")
_REDRAW = f"""
UPDATE actions a SET arm = f.arm, propensity = NULL FROM {_REDRAWN}
 WHERE a.id = f.id AND a.skip_reason = '{Reason.BY_HAND}'
"""

_FREEZE = f"""
WITH drawn AS MATERIALIZED (
    SELECT DISTINCT customer_id FROM actions
     WHERE campaign_id = :campaign AND plan_id = :plan AND arm IS NOT NULL
       AND NOT COALESCE(decision ? 'options', false)
), known AS MATERIALIZED (
    SELECT c.customer_id, jsonb_agg(jsonb_build_object('segment', c.segment_slug, 'channel', c.channel,
               'offer', c.offer_terms ->> 'name', 'discount_pct', c.offer_terms ->> 'discount_pct',
               'profit', c.expected_profit, 'kept', c.offer_terms -> 'kept', 'basket', c.offer_terms -> 'basket',
               'answers', c.offer_terms -> 'answers', 'uplifts', c.offer_terms -> 'uplifts',
               'percents', c.offer_terms -> 'percents')
               ORDER BY c.segment_slug, c.channel)
               -- what a person took out or put in is nothing that anybody could have drawn
               FILTER (WHERE c.skip_reason IS DISTINCT FROM '{Reason.BY_HAND}' AND NOT c.offer_terms ? 'edited_by')
           AS options
      FROM drawn d JOIN actions c ON c.campaign_id = :campaign AND c.customer_id = d.customer_id
     GROUP BY 1
)
UPDATE actions a SET decision = COALESCE(a.decision, jsonb_build_object())
       || jsonb_build_object('options', COALESCE(k.options, jsonb_build_array()), 'decided', {DECIDED})
  FROM known k
 WHERE a.campaign_id = :campaign AND a.customer_id = k.customer_id AND a.plan_id = :plan AND a.arm IS NOT NULL
   AND NOT COALESCE(a.decision ? 'options', false)
"""
_FORGET_COUNTS = "DELETE FROM decision_counts WHERE plan_id = :plan AND campaign_id = :campaign"
_COUNT_REST = f"""
INSERT INTO decision_counts (plan_id, campaign_id, segment_slug, reason, people, policy, seed)
WITH homes AS (
    -- an excluded person has no action to say of which segment: the first of the campaign's that they are in
    SELECT DISTINCT ON (e.customer_id) e.customer_id, e.reason, COALESCE(x.slug, '') AS segment_slug
      FROM exclusions e LEFT JOIN (
           SELECT m.customer_id, s.slug, t.place FROM campaigns k
            CROSS JOIN unnest(k.target_segments) WITH ORDINALITY t (slug, place)
             JOIN segments s ON s.slug = t.slug JOIN segment_members m ON m.segment_id = s.id
            WHERE k.id = :campaign) x ON x.customer_id = e.customer_id
     WHERE e.campaign_id = :campaign ORDER BY e.customer_id, x.place
), given AS (
    -- who is in an arm, or gets a message by hand, has a row of their own
    SELECT DISTINCT customer_id FROM actions
     WHERE campaign_id = :campaign AND (arm IS NOT NULL OR status <> '{ActionStatus.SKIPPED}')
)
SELECT :plan, :campaign, x.segment_slug, x.reason, count(*), :policy, :seed FROM (
    -- each person once: who was chosen and then left out by lot counts as that, and a better action that was left out
    -- itself is nobody's reason
    SELECT DISTINCT ON (o.customer_id) o.* FROM (
    SELECT a.segment_slug, a.skip_reason AS reason, a.customer_id,
           CASE a.skip_reason WHEN '{Reason.GAVE_WAY}' THEN 0 WHEN '{Reason.BETTER_ACTION}' THEN 2 ELSE 1 END AS rank
      FROM actions a
     WHERE a.campaign_id = :campaign AND a.status = '{ActionStatus.SKIPPED}' AND a.skip_reason IS NOT NULL
       AND a.arm IS NULL AND NOT EXISTS (SELECT FROM given g WHERE g.customer_id = a.customer_id)
    UNION ALL SELECT h.segment_slug, h.reason, h.customer_id, 3 FROM homes h
     WHERE NOT EXISTS (SELECT FROM given g WHERE g.customer_id = h.customer_id)) o
     ORDER BY o.customer_id, o.rank, o.segment_slug, o.reason) x
 GROUP BY x.segment_slug, x.reason
"""


class Decision(NamedTuple):
    """What a plan decides of one action. `content` is JSON of some of `CONTENT`; arm, chance, policy and `decision`,
    JSON of what was known, are of people whose outcome teaches."""

    action_id: UUID
    status: ActionStatus | None
    scheduled_date: date | None = None
    skip_reason: str | None = None
    skip_detail: str | None = None
    content: str | None = None
    arm: Arm | None = None
    propensity: float | None = None
    policy: str | None = None
    decision: str | None = None


async def stage_decisions(session: AsyncSession) -> None:
    """Begin to gather decisions in `plan_decisions`; `apply_decisions` or `apply_content` ends it."""
    connection = await raw_connection(session)
    await connection.execute("DROP TABLE IF EXISTS pg_temp.plan_decisions")
    await connection.execute(_STAGE)


async def copy_decisions(session: AsyncSession, decisions: Iterable[Decision]) -> None:
    """Add decisions to those staged."""
    connection = await raw_connection(session)
    async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in decisions:
            await copy.write_row(one)


async def apply_decisions(session: AsyncSession, plan_id: UUID) -> None:
    """Let the actions stand as was decided, all or none.

    Raises:
        Conflict: one of them is gone, or moved on to where the decision may not follow.
    """
    staged = await session.execute(text(_STAGED))
    await session.execute(text(_ANALYZE))
    decided = await session.execute(text(_DECIDE), {"plan": plan_id, "at": now()})
    if decided.rowcount != staged.scalar_one():  # type: ignore[attr-defined]
        raise Conflict("Some of the plan's actions have changed since or are gone. Plan again.")
    await apply_content(session)


async def keep_own_content(session: AsyncSession) -> None:
    """Keep what the actions to be rewritten say now, so that planning again begins with what is their own."""
    await session.execute(text(_KEEP_OWN))


async def apply_content(session: AsyncSession) -> None:
    """Give the actions the offers, words and figures that were decided for them."""
    await session.execute(text(_REWRITE), {"at": now()})
    await (await raw_connection(session)).execute("DROP TABLE pg_temp.plan_decisions")


async def reopen_actions(
    session: AsyncSession, campaign_id: UUID, statuses: Sequence[str], *, keep: tuple[date, date]
) -> None:
    """Make proposals again of actions with these statuses, but for what people decided and what is in the ledger. What
    was moved or reworded keeps its place between the days `keep`; a day that has passed is no decision any more. What
    an earlier plan reworded says its own again."""
    asked = {"campaign": campaign_id, "statuses": list(statuses), "by_hand": Reason.BY_HAND.value}
    await session.execute(text(_GIVE_BACK), asked)
    await session.execute(text(_REOPEN), {**asked, "first": keep[0], "last": keep[1], "at": now()})


async def settle_actions(session: AsyncSession, campaign_id: UUID, plan_id: UUID) -> None:
    """Settle what was no candidate: pinned actions belong to this plan too, the rest of their customers' give way."""
    params = {"plan": plan_id, "campaign": campaign_id, "at": now()}
    await session.execute(text(_ADOPT), params)
    await session.execute(text(_LEAVE_OUT), {**params, "better": Reason.BETTER_ACTION.value})


async def taken_out(session: AsyncSession, campaign_id: UUID) -> list[tuple[UUID, UUID, Arm]]:
    """Return what a person took out and is of an arm: action, customer and arm."""
    found = await session.execute(text(_TAKEN_OUT), {"campaign": campaign_id})
    return [(row.id, row.customer_id, Arm(row.arm)) for row in found]


async def release_taken_out(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Take out of every arm what a person took out and the plan made since would not have chosen either: their like who
    are held out are not in it."""
    if ids:
        await session.execute(text(_RELEASE), {"ids": list(ids)})


async def redraw_taken_out(session: AsyncSession, arms: Mapping[UUID, Arm]) -> None:
    """Put what a person took out into the arms that hold for the plan made since; with which chance is not known."""
    if arms:
        await session.execute(text(_REDRAW), _REDRAWN.bind(id=list(arms), arm=[arm.value for arm in arms.values()]))


async def freeze_decisions(session: AsyncSession, campaign_id: UUID, plan_id: UUID, *, policy: str, seed: str) -> None:
    """Keep what a plan's decisions rest on: of people in an arm everything they could have got, of the rest counts."""
    asked = {"campaign": campaign_id, "plan": plan_id}
    await session.execute(text(_SUPERSEDE), asked)
    await session.execute(text(_FREEZE), asked)
    await session.execute(text(_FORGET_COUNTS), asked)
    await session.execute(text(_COUNT_REST), {**asked, "policy": policy, "seed": seed})
