"""Shapes of the analytics' routes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from liquor_app.actions.offering.belief_basis import Basis
from liquor_app.actions.offering.cell_rules import LONGEST_REASON, CellRuleRow, RuleEffect
from liquor_app.analytics.cohorts import CohortMonth
from liquor_app.analytics.metrics import Unit
from liquor_app.analytics.service import ChurnRow, Day, ShownDays
from liquor_app.api.schemas import Body, Row
from liquor_app.experiments.contrasts import Effect
from liquor_app.experiments.effects import By, EffectRow
from liquor_app.experiments.off_policy import OffPolicy
from liquor_app.experiments.rule_cost import RuleCostFields

PLACES = 6


def _short(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    exact = not isinstance(exponent, int) or exponent >= -PLACES
    return format(value if exact else value.quantize(Decimal(1).scaleb(-PLACES)), "f")


Figure = Annotated[Decimal, PlainSerializer(_short, return_type=str)]
"""Money or a share; a quotient's endless digits end at the sixth."""

RecordedFrom = Annotated[
    date | None,
    Field(description="The first day of which purchases are on record, where others lie before it; else null."),
]


class KpiOut(Row):
    """A figure, null if it was not measured, and the same of the period before, null if there was nothing. Rates are
    shares (0 to 1). What each means: `GET /analytics/metrics`."""

    name: str
    value: Figure | None
    previous: Figure | None
    series: list[Figure | None]


class DashboardOut(Row, ShownDays):
    """Finished days from `start` to `end`; `today` is not over, and in none of their figures. `against` says with what
    they are compared."""

    kpis: list[KpiOut]
    days: list[Day]
    today: Day
    recorded_from: RecordedFrom


class MetricOut(Row):
    """A figure: what it means, how it is worked out, and which rows are counted. `rows` lists exactly those (of a rate,
    those above its line), over all days: its filters of a first and a last day narrow them. Where there is no such
    list, `rows` is empty and `no_rows` says why. `summed` is the field that is added up; empty: rows are counted."""

    key: str
    label: str
    unit: Unit
    words: str
    formula: str
    source: str
    rows: str
    summed: str
    no_rows: str


class MetricsOut(Row):
    items: list[MetricOut]


class RevenueOut(Row):
    """Every finished day of the period in the store's calendar; `today` is not over, and in none of the sums."""

    start: date
    end: date
    revenue: Decimal
    orders: int
    days: list[Day]
    today: Day
    recorded_from: RecordedFrom


class CohortOut(Row):
    """Customers who bought first in the month of `cohort`, and each month since. `expected_spend` is what one of them
    is expected to spend in the next year, on average over the `scored`; null where nobody is."""

    cohort: date
    customers: int
    scored: int
    expected_spend: Decimal | None
    months: list[CohortMonth]


class CohortsOut(Row):
    """Null while cohorts were never counted; they are each night and after imports. Cohorts of the months that follow
    `recorded_from` hold people who had bought before it, too."""

    counted_at: datetime | None
    items: list[CohortOut]
    recorded_from: RecordedFrom


class ChurnBand(Row):
    churn_risk: str
    customers: int


class ChurnOut(Row):
    """How many are in each band, and who at high risk is worth keeping most."""

    bands: list[ChurnBand]
    customers: list[ChurnRow]


class LiftOut(Row):
    """Everybody else minus left out, per person, with an interval that stays valid while people look (null too
    early)."""

    difference: float
    low: float | None
    high: float | None


class MoneyLiftOut(Row):
    """The same of money."""

    difference: Figure
    low: Figure | None
    high: Figure | None


class HoldoutOut(Row):
    """The people left out of every campaign beside everybody else who may be written to. `missing` says what the
    comparison waits for: until it is empty conclude nothing. `share` is 0 to 1; money is per person since `from_at`.
    Means and lifts are null before the first reading."""

    share: float
    since: datetime | None
    from_at: datetime | None
    read_at: datetime | None
    days: int
    missing: list[str]
    is_conclusive: bool
    is_mismatch: bool | None
    contacted: int | None
    held_out: int | None
    revenue_contacted: Figure | None
    revenue_held_out: Figure | None
    revenue: MoneyLiftOut | None
    bought: LiftOut | None


class BelievedOut(Row):
    """An uplift: the share of people written to who buy within the week and would not have, with its 80 % interval.
    `learned_from` counts messages of just this while others were held out of it (who got several counts with each),
    `basis` says what the belief rests on: that, once they are a hundred messages; what other messages showed; or what
    was assumed. `before` is that of a week ago."""

    mean: float
    low: float
    high: float
    learned_from: int
    basis: Basis
    before: float


class BelievedCellOut(BelievedOut):
    """What is believed of one kind of message."""

    segment: str
    offer: str
    channel: str


class TriedNextOut(Row):
    """What somebody usual of a segment will most likely get next (`is_worth` false: nothing, for it is not believed to
    be worth its cost), why, and what of the playbook is known least: of that chance draws."""

    segment: str
    most: BelievedCellOut
    is_worth: bool
    is_pinned: bool
    why: str
    least_known: list[BelievedCellOut]


class LearningOut(Row):
    """What the agent believes messages change. Version 0 is what is assumed before anything was learned. `changed` are
    the cells believed otherwise than a week ago, most first; `next` what is tried next in each segment. `messages` is
    from how many it was learned, one a campaign and person (`people` is its older name), `distinct_people` to whom they
    went (null before that was counted), `held_out` how many times somebody was held out."""

    version: int
    learned_at: datetime | None
    until: date | None
    messages: int
    distinct_people: int | None
    people: int
    held_out: int
    overall: BelievedOut
    cells: list[BelievedCellOut]
    changed: list[BelievedCellOut]
    next: list[TriedNextOut]


class MoneySpanOut(Row):
    """An estimate of money with its 95 % interval."""

    mean: Figure
    low: Figure
    high: Figure


class MoneyEffectOut(Row, Effect):
    """What an outcome in money changed by, a person and (`total`) of everybody written to."""

    always: MoneySpanOut | None  # type: ignore[assignment]
    total: MoneySpanOut | None  # type: ignore[assignment]
    final: MoneySpanOut | None  # type: ignore[assignment]
    final_total: MoneySpanOut | None  # type: ignore[assignment]


class ByChanceOut(Row):
    """People of an arm that got something else than the agent's choice, beside how many who got that, and what that
    cost in profit."""

    people: int
    agent: int
    cost: MoneySpanOut | None


class SpentOut(Row):
    """What those written to took off by coupons, and what sending to them cost."""

    discount: Figure
    cost: Figure


class EffectOut(SpentOut, EffectRow):
    """What messages of a kind changed; money in the shop's currency, of people a share and how many. Nothing is told of
    fewer than 30 people in either group (`is_too_few`; `few_in_final`: in the final read). Purchases and refunds after
    `final_as_of` are not in the final read."""

    revenue: MoneyEffectOut
    profit: MoneyEffectOut
    agent_profit: MoneyEffectOut | None
    usual_profit: MoneyEffectOut | None
    random: ByChanceOut | None  # type: ignore[assignment]


class EffectsOut(Row):
    """What messages changed, as it was summed up at `read_at`: a person and of everybody written to, with an interval
    that may be looked at every day (`always`, `total`) and the one read at a date fixed in advance (`final`), from so
    many `campaigns` and, whose date is past, `final_campaigns`. Null where nothing was measured."""

    by: By
    read_at: datetime | None
    effects: list[EffectOut]


class CellRuleIn(Body):
    """A kind of message: a segment's slug, an offer as its playbook names it, a channel of it; `due` (`not_yet_due`,
    `due`, `overdue`, `no_rhythm`) narrows it, empty is everybody."""

    effect: RuleEffect
    segment: Annotated[str, Field(max_length=80)]
    offer: Annotated[str, Field(max_length=200)]
    channel: Annotated[str, Field(max_length=20)]
    due: Annotated[str, Field(max_length=20)] = ""
    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]


class CellRulesOut(Row):
    rules: list[CellRuleRow]


class RuleCostOut(Row, RuleCostFields):
    """What a rule is expected to lose beside the rules in force, money, of what a plan goes by (profit and value kept):
    `each` of a person of the segment and a plan with room for all, `total` the most any plan may lose. `touched` of its
    `people` would get something else, most of them `instead` with the rule, `free` without it; null is nothing. Larger
    segments than can be priced one by one are estimated (`is_sampled`). `basis` says what the belief in the rule's own
    offer rests on."""

    each: Figure
    total: Figure
    words: str


class PolicyOut(Row):
    """What a policy would have brought: shares of decisions after which the person buys within the week, three
    ways, with 95 % intervals over people (`people`, each with all their `decisions`).
    `logged` is what the policy that ran did bring, `left_out` are decisions of too small a chance, `effective` the
    effective sample size in people, `lost` the share of what it would do that the log could not have done; below 30,
    or with more than .05 lost (`is_reliable` false), do not rely on it. `believed` is judged in each half of the people
    by what the other half taught."""

    policy: str
    label: str
    is_reliable: bool
    estimate: OffPolicy


class AnalyticsMessage(Row):
    """The dashboard's figures of the last 30 finished days and of today so far, on connecting and whenever they may
    have changed."""

    type: Literal["analytics"] = "analytics"
    start: date
    end: date
    kpis: list[KpiOut]
    today: Day
    at: datetime
