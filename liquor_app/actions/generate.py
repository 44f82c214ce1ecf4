"""The subagent: for every member of the target segments an action for each channel worth using, or a reason why not.

Set-based: twenty thousand people are read at a time, scored as arrays and written back with COPY. The same base and
campaign always give the same actions; running it again replaces what no person and no ledger has touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.audience import People, audience_size, read_people
from liquor_app.actions.eligibility import Reason
from liquor_app.actions.offering.cell_rules import CellRuleRow, RuleEffect, masks_of, pin_words, rules_in_force
from liquor_app.actions.offering.offer_answers import answers_of, channel_factor
from liquor_app.actions.offering.offer_uplifts import due_states, tried_of, uplifts_of
from liquor_app.actions.offering.playbook_offers import read_playbooks, read_scale
from liquor_app.actions.offering.proposal_rows import (
    ACTION_COLUMNS,
    ScoredOffers,
    action_rows,
    exclusion_rows,
    giving_way,
)
from liquor_app.actions.offers import (
    Economics,
    Playbook,
    Terms,
    choose,
)
from liquor_app.actions.plan_context import PlanContext, lock_context
from liquor_app.actions.priority import Scale, priority
from liquor_app.actions.send_window import send_window
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.campaigns.models import CampaignType
from liquor_app.core.db import raw_connection
from liquor_app.core.errors import Conflict
from liquor_app.scoring.estimators.uplift import Posterior
from liquor_app.scoring.offer_forecast import response_in_use
from liquor_app.scoring.response_model import ResponseModel
from liquor_app.scoring.uplift_store import uplift_in_use
from liquor_app.segments.service import resolve_slugs

Tell = Callable[[int, int], Awaitable[None]]
"""Told how many people were looked at, of how many."""


@dataclass(frozen=True, slots=True)
class GenerateResult:
    """`proposed` actions, `excluded` customers with the count `by_reason`, `customers` in the audience."""

    proposed: int
    excluded: int
    by_reason: dict[str, int]
    customers: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What was learned of the shop's customers."""

    scale: Scale
    response: ResponseModel
    beliefs: Posterior
    draws: bool
    """Whether the plan will draw from the beliefs."""
    rules: Sequence[CellRuleRow]
    """What marketers pinned and forbade."""


@dataclass(slots=True)
class _Tally:
    proposed: int = 0
    customers: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


async def generate_actions(
    session: AsyncSession, actor: Actor, campaign_id: UUID, *, tell: Tell | None = None
) -> GenerateResult:
    """Propose actions for a campaign's audience; whoever gets none is written to `exclusions` with the reason.

    While nothing can have been sent, earlier proposals and the draft plan's choices are replaced; what was edited or
    skipped by hand stays. Once approved, only what is still proposed is replaced.

    Args:
        tell: told after each stretch of people how many were looked at, of how many; may raise to stop it.

    Raises:
        Forbidden: the actor may only read.
        NotFound, Conflict: there is no such campaign, or it is over.
        Conflict: it is triggered: its actions come with the occasions.
        Invalid: it targets a segment that does not exist, or its constraints are wrong.
    """
    require(actor, Permission.ACTIONS_WRITE)
    return await generate_within(session, actor, await lock_context(session, campaign_id), tell=tell)


async def generate_within(
    session: AsyncSession, actor: Actor, context: PlanContext, *, tell: Tell | None = None
) -> GenerateResult:
    """Return the same for a campaign that is held. A corridor."""
    brief = context.brief
    if brief.type is CampaignType.TRIGGERED:
        raise Conflict("A triggered campaign makes its actions when something happens, not before.")
    await _clear(session, brief)
    result = await generate_for(session, context, tell=tell)
    await audit(
        session, actor, "actions.generated", "campaign", brief.id, proposed=result.proposed, excluded=result.excluded
    )
    return result


async def generate_for(
    session: AsyncSession, context: PlanContext, only: Sequence[UUID] | None = None, *, tell: Tell | None = None
) -> GenerateResult:
    """Propose actions for the campaign's audience, or for some people of it who have none yet. The caller has locked
    the campaign and cleared what is to be replaced."""
    brief = context.brief
    playbooks = await read_playbooks(session, context)
    segment_ids = await resolve_slugs(session, brief.target_segments)
    scale = await read_scale(session, float(brief.limits.margin_pct) / 100)
    known = _Known(
        scale, await response_in_use(session), (await uplift_in_use(session)).posterior, context.draws,
        await rules_in_force(session),
    )  # fmt: skip
    connection = await raw_connection(session)
    await connection.execute("CREATE TEMP TABLE IF NOT EXISTS staged_actions (LIKE actions INCLUDING DEFAULTS)")
    tally = _Tally()
    total = 0 if tell is None else await audience_size(session, segment_ids)
    async for people in read_people(session, context, segment_ids, scale, only):
        candidates = _candidates(people, playbooks, brief, known)
        await connection.execute("TRUNCATE staged_actions")
        async with connection.cursor() as cursor:
            async with cursor.copy(f"COPY staged_actions ({', '.join(ACTION_COLUMNS)}) FROM STDIN") as copy:
                for row in action_rows(people, candidates, brief):
                    await copy.write_row(row)
            await cursor.execute(
                f"INSERT INTO actions (id, {', '.join(ACTION_COLUMNS)})"
                f" SELECT id, {', '.join(ACTION_COLUMNS)} FROM staged_actions"
                " ON CONFLICT (campaign_id, customer_id, segment_slug, channel) DO NOTHING"
            )
            tally.proposed += cursor.rowcount
            async with cursor.copy("COPY exclusions (campaign_id, customer_id, reason, detail) FROM STDIN") as copy:
                for customer_id, reason, detail in exclusion_rows(people, candidates, playbooks, brief):
                    tally.reasons[reason.value] += 1
                    await copy.write_row((brief.id, customer_id, reason.value, detail))
        tally.customers += len(people.rows)
        if tell is not None:
            await tell(tally.customers, max(total, tally.customers))
    await connection.execute("DROP TABLE staged_actions")
    return GenerateResult(
        tally.proposed, sum(tally.reasons.values()), dict(tally.reasons.most_common()), tally.customers
    )


async def score_people(
    session: AsyncSession, context: PlanContext, rules: Sequence[Sequence[CellRuleRow]], only: Sequence[UUID]
) -> AsyncIterator[tuple[People, list[list[ScoredOffers]]]]:
    """Yield some of a campaign's audience in stretches with what could be proposed to them, under each of several sets
    of rules. Writes nothing: the campaign need not be stored. A corridor."""
    brief = context.brief
    playbooks = await read_playbooks(session, context)
    segment_ids = await resolve_slugs(session, brief.target_segments)
    scale = await read_scale(session, float(brief.limits.margin_pct) / 100)
    model, beliefs = await response_in_use(session), (await uplift_in_use(session)).posterior
    async for people in read_people(session, context, segment_ids, scale, only):
        yield (
            people,
            [_candidates(people, playbooks, brief, _Known(scale, model, beliefs, False, some)) for some in rules],
        )


async def _clear(session: AsyncSession, brief: CampaignBrief) -> None:
    replaceable = ["proposed", "pending", "held_out", "skipped"] if brief.is_open else ["proposed"]
    await session.execute(
        text(
            "DELETE FROM actions WHERE campaign_id = :id AND status = ANY(:statuses)"
            " AND (segment_slug <> ALL(:targets)"
            "      OR skip_reason IS DISTINCT FROM :by_hand AND NOT offer_terms ? 'edited_by')"
        ),
        {
            "id": brief.id,
            "statuses": replaceable,
            "targets": list(brief.target_segments),
            "by_hand": Reason.BY_HAND.value,
        },
    )
    await session.execute(text("DELETE FROM exclusions WHERE campaign_id = :id"), {"id": brief.id})


def _candidates(
    people: People, playbooks: Sequence[Playbook], brief: CampaignBrief, known: _Known
) -> list[ScoredOffers]:
    """Return every playbook × channel, scored."""
    scale, model, beliefs = known.scale, known.response, known.beliefs
    limits = brief.limits
    margin = float(limits.margin_pct) / 100
    built = []
    for ordinal, playbook in enumerate(playbooks):
        for rank, channel in enumerate(playbook.channels):
            column = CHANNELS.index(channel)
            wanted = _wanted(people, playbook)
            who = np.flatnonzero(people.member[:, ordinal] & (people.blocks[:, column] == 0) & wanted)
            if who.size == 0 or send_window(playbook.window, limits.windows[channel], None) is None:
                continue
            factor = channel_factor(model, channel, rank)
            rows = [people.rows[int(index)] for index in who]
            uplifts = uplifts_of(beliefs, playbook, channel, rows, people.today)
            due = due_states(rows, people.today)
            forbidden, pinned = (
                masks_of(known.rules, effect, playbook, channel, due) for effect in (RuleEffect.FORBID, RuleEffect.PIN)
            )
            economics = Economics(
                response=np.clip(people.response[who] * factor, 0.0, 1.0),
                basket=people.basket[who],
                baseline=people.baseline[who],
                value_at_risk=people.value_at_risk[who],
                may_discount=people.may_discount[who],
                categories=[people.categories[int(index)] for index in who],
                per_offer=answers_of(model, playbook, rows, people.response[who], factor),
                uplift=uplifts.mean,
                hope=uplifts.hope if known.draws else None,
                forbidden=forbidden,
                pinned=pinned,
            )
            choice = choose(
                playbook.offers,
                economics,
                Terms(
                    margin=margin,
                    cost=float(limits.email_cost if channel == "email" else limits.sms_cost),
                    least=float(limits.min_profit),
                    kept_share=float(limits.kept_share),
                ),
            )
            points = priority(
                scale,
                value_at_risk=economics.value_at_risk,
                response=choice.response,
                margin=economics.basket * (choice.margin - choice.discount),
                week=people.week[who],
                month=people.month[who],
            )
            pins = pin_words(known.rules, playbook, channel)
            tried = tried_of(beliefs, playbook, channel)
            built.append(ScoredOffers(playbook, channel, who, economics, choice, points, pins, tried, model.life_days))
    return giving_way(built, len(people.rows))


def _wanted(people: People, playbook: Playbook) -> npt.NDArray[np.bool_]:
    """Tell who has not declined what the playbook is about, shape (n,)."""
    topic = playbook.template_category
    return np.fromiter((topic not in row.topics_off for row in people.rows), dtype=np.bool_, count=len(people.rows))
