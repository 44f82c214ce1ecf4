"""Plans as they are stored, and what is worked out from a campaign's planned actions."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ActionStatus
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.actions.plan_context import PlanContext
from liquor_app.campaigns.brief import CampaignBrief
from liquor_app.campaigns.models import OPEN, CampaignType, Engine
from liquor_app.core.errors import NotFound
from liquor_app.core.money import money
from liquor_app.core.states import sql_list
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import ComplianceSettings, PlanningSettings
from liquor_app.planning.block_forecast import fatigue, foresee
from liquor_app.planning.candidates import Candidates, sends_of
from liquor_app.planning.models import PlanStatus
from liquor_app.planning.optimizer.problem import NOWHERE, Floats
from liquor_app.planning.plan_summary import Counts, figures, uplift_basis
from liquor_app.planning.simulation import DRAWS, MODEL_SPREAD, Uplifts, simulate
from liquor_app.scoring.due_state import NO_RHYTHM
from liquor_app.scoring.estimators.offer_response import level_of
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN, Cell
from liquor_app.scoring.offer_forecast import response_in_use
from liquor_app.scoring.uplift_store import Beliefs, uplift_in_use
from liquor_app.templates.template_catalog import CURRENT_TEMPLATES
from liquor_app.ui.words import figure, plain_number

MOST_CELLS = 400

Report = Callable[[int, int, str], Awaitable[None]]
"""Told how far a piece of work is: done, total, words."""

STEPS = 4
"""Of `summarise`, reading the messages before it included."""


async def quiet(done: int, total: int, words: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A version of a campaign's plan. `summary` is described by `summary.figures`, `reasoning` by `reasoning`."""

    id: UUID
    campaign_id: UUID
    version: int
    engine: Engine
    status: PlanStatus
    constraints: dict[str, Any]
    summary: dict[str, Any]
    reasoning: list[dict[str, str]]
    fingerprint: str
    created_by: UUID | None
    created_at: datetime
    approved_by: UUID | None
    approved_at: datetime | None
    guidance_version: int = 0
    engine_record: dict[str, Any] | None = None
    """What the AI planner was asked and cost, if it was (`llm.Record`)."""
    is_current: bool = False
    can_be_chosen: bool = False
    """Another engine's plan of the same round, kept so that a person may choose it instead."""


PLANS_AND_CAMPAIGN = "plans t JOIN campaigns k ON k.id = t.campaign_id"
IS_CURRENT = "k.plan_id IS NOT DISTINCT FROM t.id"
CAN_BE_CHOSEN = (
    f"k.plan_id IS DISTINCT FROM t.id AND k.status IN {sql_list(*OPEN)}"
    " AND EXISTS (SELECT 1 FROM plan_choices c WHERE c.plan_id = t.id)"
)
_SELECT = (
    "SELECT t.id, t.campaign_id, t.version, t.engine, t.status, t.constraints, t.summary, t.reasoning, t.fingerprint,"
    " t.created_by, t.created_at, t.approved_by, t.approved_at, t.guidance_version, t.engine_record,"
    f" {IS_CURRENT} AS is_current, {CAN_BE_CHOSEN} AS can_be_chosen FROM {PLANS_AND_CAMPAIGN}"
)


def _row(found: Any) -> PlanRow:
    return PlanRow(**{**found, "engine": Engine(found["engine"]), "status": PlanStatus(found["status"])})


async def get_plan(session: AsyncSession, actor: Actor, plan_id: UUID) -> PlanRow:
    """Return one plan.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.PLANS_READ)
    found = await session.execute(text(f"{_SELECT} WHERE t.id = :id"), {"id": plan_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such plan.")
    return _row(row)


async def lock_plan(session: AsyncSession, plan_id: UUID) -> PlanRow:
    """Return one plan under `FOR UPDATE`: it is approved once, and as it was looked at. A corridor.

    Raises:
        NotFound: there is none.
    """
    found = await session.execute(text(f"{_SELECT} WHERE t.id = :id FOR UPDATE OF t"), {"id": plan_id})
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such plan.")
    return _row(row)


async def plan_of_version(session: AsyncSession, actor: Actor, campaign_id: UUID, version: int) -> PlanRow:
    """Return a campaign's plan by its number.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.PLANS_READ)
    found = await session.execute(
        text(f"{_SELECT} WHERE t.campaign_id = :campaign AND t.version = :version"),
        {"campaign": campaign_id, "version": version},
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound(f"This campaign has no plan {version}.")
    return _row(row)


_LEFT_OUT = f"""
WITH their_best AS (
    SELECT DISTINCT ON (customer_id) customer_id, skip_reason FROM actions a
     WHERE campaign_id = :id AND status = '{ActionStatus.SKIPPED}' AND skip_reason IS NOT NULL
       AND NOT EXISTS (SELECT FROM actions o WHERE o.campaign_id = :id AND o.customer_id = a.customer_id
                          AND o.status <> '{ActionStatus.SKIPPED}')
     ORDER BY customer_id, skip_reason = '{Reason.BETTER_ACTION}', priority_score DESC, id
)
SELECT skip_reason, count(*) FROM their_best GROUP BY 1 ORDER BY 2 DESC, 1
"""
"""People of the audience none of whose actions was chosen, each once, by the reason of the best of them."""


async def summarise(
    session: AsyncSession,
    context: PlanContext,
    chosen: Candidates,
    weight: Floats,
    held_out: int,
    *,
    report: Report = quiet,
) -> dict[str, Any]:
    """Return the figures of the chosen actions as they stand (`summary.figures`)."""
    brief = context.brief
    await report(1, STEPS, f"Imagining ten thousand times what {figure(chosen.customer.size)} messages bring")
    blocks = await session.execute(
        text("SELECT reason, count(*) FROM exclusions WHERE campaign_id = :id GROUP BY 1 ORDER BY 2 DESC, 1"),
        {"id": brief.id},
    )
    rejected = await session.execute(
        text(
            f"SELECT skip_reason, count(*) FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.SKIPPED}'"
            " AND skip_reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        ),
        {"id": brief.id},
    )
    left = await session.execute(text(_LEFT_OUT), {"id": brief.id})
    audience = await session.execute(
        text(
            "SELECT (SELECT count(DISTINCT customer_id) FROM actions WHERE campaign_id = :id)"
            " + (SELECT count(*) FROM exclusions WHERE campaign_id = :id)"
        ),
        {"id": brief.id},
    )
    names = await session.execute(
        text("SELECT slug, name FROM segments WHERE slug = ANY(:slugs)"), {"slugs": list(brief.target_segments)}
    )
    counts = Counts(
        names={row.slug: row.name for row in names},
        audience=int(audience.scalar_one()),
        held_out=held_out,
        blocks=[(row[0], row[1]) for row in blocks],
        rejected=[(row[0], row[1]) for row in rejected],
        left=[(row[0], row[1]) for row in left],
    )
    model = await response_in_use(session)
    spread = model.level_sd
    beliefs = await uplift_in_use(session)
    seed = zlib.crc32(f"{brief.id}:{brief.seed}".encode())
    known = beliefs.posterior
    outcome = simulate(
        sends_of(chosen, brief, chosen.day, weight),
        float(brief.limits.margin_pct) / 100,
        Uplifts(known.effects(chosen.cells)[0], known.draws(chosen.cells, DRAWS, seed=seed)),
        seed=seed,
        spread=MODEL_SPREAD if spread is None else spread,
    )
    made = figures(brief, chosen, chosen.day, weight=weight, outcome=outcome, counts=counts)
    made["simulation"]["uplift"] = uplift_basis(
        _learned_from(beliefs, chosen), beliefs.version, messages=int((chosen.day != NOWHERE).sum())
    )
    if spread is not None:
        low, high = level_of(chosen.response[chosen.day != NOWHERE], spread)
        made["response_level"] = {
            "low": round(low, 4),
            "high": round(high, 4),
            "campaigns": model.level_campaigns,
            "days": model.life_days,
        }
    made["cells"] = await _cells(session, brief, counts.names, beliefs)
    made["copy"] = await _copy(session, brief, counts.names)
    await report(2, STEPS, "Counting how often these people hear from the shop")
    made["fatigue"] = await fatigue(session, brief, chosen)
    await report(3, STEPS, "Asking the law about the messages")
    made["foreseen"] = await foresee(session, context)
    return made


def _learned_from(beliefs: Beliefs, chosen: Candidates) -> int:
    """How many people such messages were tried on, with others held out of them."""
    alike = {(cell.segment, cell.offer, cell.channel): cell for cell in chosen.cells}
    return sum(beliefs.posterior.learned_from(cell) for cell in alike.values())


async def _cells(
    session: AsyncSession, brief: CampaignBrief, names: Mapping[str, str], beliefs: Beliefs
) -> list[dict[str, Any]]:
    """Return messages by segment, day, channel and offer, most first; at most `MOST_CELLS`. Each says what it is
    believed to change, within which standard deviation, and from how many people that was learned; 0 is assumed."""
    found = await session.execute(
        text(
            "SELECT segment_slug AS segment, scheduled_date AS date, channel, offer_terms ->> 'name' AS offer,"
            " offer_terms ->> 'discount_pct' AS discount_pct, count(*) AS sends, sum(expected_profit) AS profit,"
            " sum(expected_response * CAST(offer_terms ->> 'basket' AS double precision)"
            "   * CAST(offer_terms ->> 'discount_pct' AS double precision) / 100) AS discount,"
            " avg(COALESCE(CAST(offer_terms ->> 'uplift' AS double precision), :uplift)) AS uplift"
            f" FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}' GROUP BY 1, 2, 3, 4, 5"
            " ORDER BY count(*) DESC, 1, 2, 3, 4, 5 LIMIT :n"
        ),
        {"id": brief.id, "n": MOST_CELLS, "uplift": PRIOR_MEAN},
    )
    rows = found.all()
    cells = [
        Cell(row.segment, offer_label(row.offer or "", row.discount_pct or 0), row.channel, NO_RHYTHM) for row in rows
    ]
    known = beliefs.posterior
    spread = known.effects_across([known.due_states(cell) for cell in cells])[1] if cells else ()
    return [
        {
            "segment": row.segment,
            "segment_name": names.get(row.segment, row.segment),
            "date": row.date.isoformat(),
            "channel": row.channel,
            "offer": row.offer or "",
            "discount_pct": plain_number(float(row.discount_pct or 0)),
            "sends": row.sends,
            "discount": str(money(float(row.discount or 0))),
            "expected_profit": str(money(float(row.profit or 0))),
            "uplift": round(float(row.uplift), 5),
            "uplift_sd": round(float(sd), 5),
            "learned_from": beliefs.posterior.learned_from(cell),
        }
        for row, cell, sd in zip(rows, cells, spread, strict=True)
    ]


async def _copy(session: AsyncSession, brief: CampaignBrief, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Tell what the messages say, an example of each; at most `MOST_CELLS`."""
    found = await session.execute(
        text(
            "SELECT segment_slug AS segment, channel, offer_terms ->> 'name' AS offer,"
            " COALESCE(offer_terms ->> 'variant', '') AS variant, min(offer_terms ->> 'subject') AS subject,"
            " min(message) AS message, count(*) AS sends FROM actions"
            f" WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}'"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT :n"
        ),
        {"id": brief.id, "n": MOST_CELLS},
    )
    return [{**row._mapping, "segment_name": names.get(row.segment, row.segment)} for row in found]


STANDING = f"""md5(concat(
    (SELECT jsonb_agg(jsonb_build_array(s.slug, s.rules, s.recommended_offers, s.optimal_channels,
        s.optimal_send_window, s.template_category, s.max_discount_pct, s.margin_floor_pct, s.is_active)
        ORDER BY s.slug)
       FROM segments s WHERE s.slug = ANY(k.target_segments)),
    (SELECT jsonb_agg(jsonb_build_array(r.effect, r.segment_slug, r.offer, r.channel, r.due)
        ORDER BY r.segment_slug, r.offer, r.channel, r.due)
       FROM cell_rules r WHERE r.undone_at IS NULL AND r.segment_slug = ANY(k.target_segments)),
    (SELECT jsonb_agg(jsonb_build_array(c.channel, c.category, c.version) ORDER BY c.channel, c.category)
       FROM ({CURRENT_TEMPLATES}) c
      WHERE c.category IN (SELECT s.template_category FROM segments s WHERE s.slug = ANY(k.target_segments)))
))"""
"""Of campaign `k`: what a triggered one's messages will be made from, what marketers pinned and forbade of its segments
included, as one short text (the same as before there were rules, where there is none)."""

_PLANNED = f"""
WITH planned AS (
    SELECT channel, template_category, count(*) AS n, sum(CAST(CAST('x' || left(md5(concat_ws('|', customer_id,
           segment_slug, channel, scheduled_date, offer, message, template_category, send_window, offer_terms)), 15)
           AS bit(60)) AS bigint)) AS sum
      FROM actions WHERE campaign_id = :id AND status = '{ActionStatus.PENDING}' GROUP BY 1, 2
), current AS ({CURRENT_TEMPLATES}), total AS (
    SELECT COALESCE(sum(n), 0) AS n, COALESCE(sum(sum), 0) AS sum,
           COALESCE(bool_or(channel = :sms), false) AS has_texts,
           COALESCE(bool_or(channel = :email), false) AS has_mail FROM planned
)
SELECT CAST(t.n AS bigint) AS messages, t.has_texts, t.has_mail,
       (SELECT jsonb_object_agg(concat(c.channel, ':', c.category), c.version) FROM current c) AS templates,
       CASE WHEN k.type = '{CampaignType.TRIGGERED}' THEN {STANDING} END AS standing,
       md5(concat_ws(':', t.n, t.sum,
           (SELECT concat(b.topic, b.channel, b.measure, b.variants, b.decide_on) FROM ab_tests b
             WHERE b.campaign_id = :id),
           (SELECT jsonb_agg(jsonb_build_array(c.channel, c.category, c.version) ORDER BY c.channel, c.category)
              FROM current c JOIN planned p USING (channel) WHERE p.template_category = c.category),
           (SELECT jsonb_build_array(b.name, b.logo_url, b.logo_alt, b.header, b.primary_color, b.website_url,
                   b.from_name, b.from_email, b.reply_to, b.sms_sender, b.postal_address, b.footer_text,
                   b.track_clicks, b.track_opens)
              FROM brands b WHERE k.brand_id IS NULL OR b.id = k.brand_id
             ORDER BY b.is_default DESC, b.created_at LIMIT 1),
           (SELECT value FROM settings WHERE key = '{ComplianceSettings.key}'),
           (SELECT jsonb_agg(jsonb_build_array(c.discount_pct, c.pool_id) ORDER BY c.discount_pct)
              FROM campaign_pools c WHERE c.campaign_id = :id),
           (SELECT jsonb_agg(jsonb_build_array(p.discount_pct, p.id) ORDER BY p.discount_pct, p.id)
              FROM coupon_pools p WHERE p.is_standing),
           CASE WHEN k.type = '{CampaignType.TRIGGERED}' THEN concat({STANDING},
               (SELECT value FROM settings WHERE key = '{PlanningSettings.key}')) END
       )) AS fingerprint
  FROM campaigns k CROSS JOIN total t WHERE k.id = :id
"""
"""What may be looked at and approved. The licence's state is the law's, not the message's: it is asked for while an
approval is under way, and checked there."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a campaign's actions add up to as they stand. Two plans with the same actions, days, hours, offers, words
    and A/B test, made from the same templates, brand and rules of the shop, share the fingerprint; of a triggered
    one the playbooks are in it, too. `templates` and `standing` are what it saw: what an approval keeps."""

    messages: int
    has_texts: bool
    has_mail: bool
    templates: dict[str, str] | None
    standing: str | None
    fingerprint: str

    @property
    def wording(self) -> dict[str, Any]:
        """As a campaign keeps it (`campaigns.approved_wording`)."""
        return {"templates": self.templates or {}, "standing": self.standing}


async def planned_now(session: AsyncSession, campaign_id: UUID) -> Planned:
    """Look at what is planned, once."""
    found = await session.execute(
        text(_PLANNED), {"id": campaign_id, "sms": Channel.SMS.value, "email": Channel.EMAIL.value}
    )
    return Planned(**found.mappings().one())


async def fingerprint_of(session: AsyncSession, campaign_id: UUID) -> str:
    """Tell what was planned, as one short text."""
    return (await planned_now(session, campaign_id)).fingerprint
