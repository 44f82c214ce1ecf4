"""What messages changed, per campaign, segment, playbook and offer and all together: random effects over campaigns.

Of a campaign, and of all together, everybody written to stands against the held out. By segment, playbook and offer it
is the planner's choice against those who were held out of just that choice: who got an action at random got another one
than the held out would have. A campaign with an A/B test of offers or channels tells nothing of single offers, nor of
the agent's choosing: of some the test chose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.actions.models import Arm
from liquor_app.actions.offering.offer_uplifts import offer_label
from liquor_app.campaigns.brief import RESPONSE_DAYS
from liquor_app.core.clock import now
from liquor_app.core.states import sql_list
from liquor_app.experiments.ab_tests.models import PLANNED
from liquor_app.experiments.contrasts import Effect, Outcome, Span, Split, Sums, compared, effect, together
from liquor_app.experiments.enough import is_enough
from liquor_app.experiments.models import ExperimentKind
from liquor_app.experiments.outcomes import OutcomeRow, kept_outcomes
from liquor_app.experiments.statistics import SplitCheck, check_split
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.ui.words import spoken

MOST_GROUPS = 500
_SHARES = f"""
SELECT e.campaign_id, k.name AS campaign, e.read_on, e.created_at, m.name AS arm, m.share, m.is_control,
       k.virtual_now IS NOT NULL AS is_played, k.started_at IS NOT NULL AS is_begun,
       CAST(e.read_on AS timestamp) AT TIME ZONE :zone <= GREATEST(CAST(:now AS timestamptz), k.virtual_now) AS is_read,
       EXISTS (SELECT FROM ab_tests b WHERE b.campaign_id = k.id AND b.topic IN {sql_list(*PLANNED)}) AS is_tested
  FROM experiments e JOIN experiment_arms m ON m.experiment_id = e.id JOIN campaigns k ON k.id = e.campaign_id
 WHERE e.campaign_id = ANY(:campaigns) AND e.kind = '{ExperimentKind.HOLDOUT}' ORDER BY e.campaign_id, m.name
"""
_SEGMENTS = "SELECT slug, name FROM segments WHERE slug = ANY(:slugs)"
_FIX = f"""
UPDATE experiments SET read_on = CAST(:last AS date) + {RESPONSE_DAYS + 1}
 WHERE campaign_id = :campaign AND kind = '{ExperimentKind.HOLDOUT}' AND (:anew OR read_on IS NULL)
"""


class By(StrEnum):
    """What effects are told by."""

    ALL = "all"
    CAMPAIGN = "campaign"
    SEGMENT = "segment"
    PLAYBOOK = "playbook"
    """What a playbook's messages are for: winning back, loyalty, a second purchase."""
    OFFER = "offer"

    @property
    def label(self) -> str:
        return {
            "all": "All together", "campaign": "Campaign", "segment": "Segment", "playbook": "Playbook",
            "offer": "Offer",
        }[self.value]  # fmt: skip


@dataclass(frozen=True)
class EffectRow:
    """What messages of a kind changed, in the week from each person's own decision on. Money in the shop's currency.

    `final_on` is when one campaign is read for the last time; of several it is None. `left_out` are campaigns whose
    groups do not have the sizes they were drawn for: nothing of them is in the figures, but where they stand alone.
    `campaigns` are
    those that carry evidence. `discount` and `cost` are what those written to took off by coupons, and what sending to
    them cost.
    """

    key: str
    name: str
    campaigns: int
    left_out: int
    written: int
    held_out: int
    bought: Effect
    revenue: Effect
    profit: Effect
    agent_bought: Effect | None
    """The planner's choice less an eligible action at random; None where no campaign has such an arm."""
    agent_profit: Effect | None
    usual_bought: Effect | None
    """The planner's choice less business as usual; None where no campaign has such an arm."""
    usual_profit: Effect | None
    discount: float
    cost: float
    final_on: date | None
    is_read: bool
    """The date of the final read is past; of several, of any of them."""
    is_mismatch: bool
    without: int = 0
    """Campaigns of the written to above with fewer than two people in either group: nothing can be compared in them."""
    random: Beside | None = None
    """Who got an action at random, and what that cost; None where no campaign has such an arm."""
    is_too_few: bool = False
    """Fewer than 30 people whose decision has come in either group: what was changed is not told of so few."""
    few_in_final: bool = False
    """The same of those in the final read."""
    final_as_of: datetime | None = None
    """When its final read was taken and kept, of several the latest; later purchases and refunds are not in it, those
    shown beside it are. None until a night has kept it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """People of an arm that got something else than the agent's choice, beside how many who got that; and what it cost
    in profit to give them something else, by an interval for every day, None where nothing was measured."""

    people: int
    agent: int
    cost: Span | None


@dataclass(frozen=True, slots=True)
class CampaignDraw:
    """How a campaign was drawn: its arms' shares, control or not, and when it is read for the last time."""

    name: str
    drawn_at: datetime
    read_on: date | None
    is_read: bool
    shares: Mapping[str, float]
    control: frozenset[str]
    is_played: bool
    """Only played: nobody outside was written to, so nothing of it was measured."""
    is_begun: bool
    is_tested: bool = False
    """An A/B test of offers or channels is part of it: its agent's arm holds what the test drew, so the agent's
    choosing is not judged by it."""

    @property
    def beside(self) -> frozenset[str]:
        """Arms beside which the agent's choosing is judged."""
        return frozenset() if self.is_tested else frozenset(self.shares) & {Arm.RANDOM, Arm.USUAL}


async def fix_read(session: AsyncSession, campaign_id: UUID, last_day: date, *, anew: bool) -> None:
    """Fix the day of a campaign's final read: when the week of its last possible decision is over. A corridor.

    Args:
        anew: nothing of it has gone out, so a day that was fixed before may move; otherwise it stands.
    """
    await session.execute(text(_FIX), {"campaign": campaign_id, "last": last_day, "anew": anew})


async def read_draws(session: AsyncSession, campaigns: Sequence[UUID]) -> dict[UUID, CampaignDraw]:
    """Return how campaigns were drawn; not those that left nothing to chance. A corridor."""
    zone = (await load_settings(session, GeneralSettings)).timezone
    found = await session.execute(text(_SHARES), {"campaigns": list(campaigns), "zone": zone, "now": now()})
    rows: dict[UUID, list[Any]] = defaultdict(list)
    for one in found:
        rows[one.campaign_id].append(one)
    return {
        campaign: CampaignDraw(
            arms[0].campaign, arms[0].created_at, arms[0].read_on, bool(arms[0].is_read),
            {one.arm: one.share for one in arms}, frozenset(one.arm for one in arms if one.is_control),
            bool(arms[0].is_played), bool(arms[0].is_begun), bool(arms[0].is_tested),
        )
        for campaign, arms in rows.items()
    }  # fmt: skip


async def read_effects(session: AsyncSession, actor: Actor, by: By) -> tuple[list[EffectRow], datetime | None]:
    """Return what messages changed, most people first, as it was last summed up, and when that was.

    Raises:
        Forbidden: the actor is nobody.
    """
    require(actor, Permission.ANALYTICS_READ)
    rows, read_at = await kept_outcomes(session)
    draws = await read_draws(session, sorted({row.campaign_id for row in rows}))
    names = await _names(session, rows, draws, by)
    groups: dict[str, list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        if row.campaign_id not in draws or (by is By.OFFER and draws[row.campaign_id].is_tested):
            continue  # of an A/B test of offers the held out tell only of what the plan had chosen itself
        if key := _KEYS[by](row):
            groups[key].append(row)
    told = [_told(by, key, names.get(key, key), group, draws) for key, group in groups.items()]
    told.sort(key=lambda one: (-one.written, one.name, one.key))
    return told[:MOST_GROUPS], read_at


def campaign_effect(campaign_id: UUID, rows: Sequence[OutcomeRow], draw: CampaignDraw) -> EffectRow:
    """Return what one campaign changed."""
    return _told(By.CAMPAIGN, str(campaign_id), draw.name, rows, {campaign_id: draw})


def arm_sums(rows: Iterable[OutcomeRow], arms: Iterable[str], *, final: bool = False) -> Sums:
    """Return everybody of these arms, or of them who are in the final read."""
    wanted = set(arms)
    return together(row.sums for row in rows if row.arm in wanted and (row.is_final if final else row.is_daily))


def _told(by: By, key: str, name: str, rows: Sequence[OutcomeRow], draws: Mapping[UUID, CampaignDraw]) -> EffectRow:
    campaigns: dict[UUID, list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        campaigns[row.campaign_id].append(row)
    odd = {one for one, group in campaigns.items() if split_of(group, draws[one]).is_mismatch}
    used = campaigns if by is By.CAMPAIGN else {one: group for one, group in campaigns.items() if one not in odd}

    def splits(
        written: Callable[[CampaignDraw], Iterable[str]], against: Callable[[CampaignDraw], Iterable[str]]
    ) -> list[Split]:
        found = []
        for campaign, group in used.items():
            draw = draws[campaign]
            one, other = (arm_sums(group, arms(draw)) for arms in (written, against))
            final = tuple(arm_sums(group, arms(draw), final=True) for arms in (written, against))
            found.append(Split(one, other, (final[0], final[1]) if draw.is_read else None))
        return found

    is_whole = by in (By.ALL, By.CAMPAIGN)
    main = splits(
        lambda draw: set(draw.shares) - draw.control if is_whole else (Arm.AGENT, Arm.FIXED), lambda draw: draw.control
    )
    agent = [
        split
        for campaign, split in zip(used, splits(lambda _: (Arm.AGENT,), lambda _: (Arm.RANDOM,)), strict=True)
        if Arm.RANDOM in draws[campaign].beside and is_whole
    ]
    usual = [
        split
        for campaign, split in zip(used, splits(lambda _: (Arm.AGENT,), lambda _: (Arm.USUAL,)), strict=True)
        if Arm.USUAL in draws[campaign].beside and is_whole
    ]
    everybody = together(split.one for split in main)
    only = UUID(key) if by is By.CAMPAIGN else None
    has_both = sum(min(split.one.people, split.other.people) > 1 for split in main)
    return EffectRow(
        key=key,
        name=name,
        campaigns=has_both,
        left_out=len(campaigns) - len(used),
        written=everybody.people,
        held_out=sum(split.other.people for split in main),
        bought=effect(Outcome.BOUGHT, main),
        revenue=effect(Outcome.REVENUE, main),
        profit=effect(Outcome.PROFIT, main),
        agent_bought=effect(Outcome.BOUGHT, agent) if agent else None,
        agent_profit=effect(Outcome.PROFIT, agent) if agent else None,
        usual_bought=effect(Outcome.BOUGHT, usual) if usual else None,
        usual_profit=effect(Outcome.PROFIT, usual) if usual else None,
        discount=everybody.discount,
        cost=everybody.cost,
        final_on=draws[only].read_on if only else None,
        is_read=any(draws[one].is_read for one in used),
        is_mismatch=only in odd,
        without=len(used) - has_both,
        random=_beside(agent) if agent else None,
        is_too_few=not is_enough(*compared((split.one, split.other) for split in main)),
        final_as_of=max((row.read_at for group in used.values() for row in group if row.read_at), default=None),
        few_in_final=not is_enough(*compared(split.final for split in main if split.final is not None)),
    )


def _beside(splits: Sequence[Split]) -> Beside:
    """Return the size of an arm beside the agent's choice, and what it cost that it was not given that."""
    people, lost = sum(split.other.people for split in splits), effect(Outcome.PROFIT, splits).always
    return Beside(people, sum(split.one.people for split in splits), None if lost is None else lost.times(people))


def split_of(rows: Sequence[OutcomeRow], draw: CampaignDraw) -> SplitCheck:
    """Check whether written to and held out have the sizes they were drawn for; where nobody is held out, the arms."""
    arms: list[Collection[str]] = [set(draw.shares) - draw.control, draw.control]
    if not draw.control:
        arms = [[arm] for arm, share in sorted(draw.shares.items()) if share > 0]
    if not all(arms) or not arms:
        return check_split([0], [1.0])
    return check_split(
        [arm_sums(rows, group).drawn for group in arms], [sum(draw.shares[one] for one in group) for group in arms]
    )


def _everything(row: OutcomeRow) -> str:
    return By.ALL.value


def _campaign(row: OutcomeRow) -> str:
    return str(row.campaign_id)


def _segment(row: OutcomeRow) -> str:
    return row.segment_slug


def _playbook(row: OutcomeRow) -> str:
    return row.playbook


def _offer(row: OutcomeRow) -> str:
    return offer_label(row.offer_name, row.discount_pct) if row.offer_name else ""


_KEYS: dict[By, Callable[[OutcomeRow], str]] = {
    By.ALL: _everything, By.CAMPAIGN: _campaign, By.SEGMENT: _segment, By.PLAYBOOK: _playbook, By.OFFER: _offer,
}  # fmt: skip


async def _names(
    session: AsyncSession, rows: Sequence[OutcomeRow], draws: Mapping[UUID, CampaignDraw], by: By
) -> dict[str, str]:
    if by is By.ALL:
        return {By.ALL.value: By.ALL.label}
    if by is By.CAMPAIGN:
        return {str(campaign): draw.name for campaign, draw in draws.items()}
    if by is By.PLAYBOOK:
        return {row.playbook: spoken(row.playbook) for row in rows}
    if by is By.SEGMENT:
        found = await session.execute(text(_SEGMENTS), {"slugs": sorted({row.segment_slug for row in rows})})
        return {row.slug: row.name for row in found}
    return {}
