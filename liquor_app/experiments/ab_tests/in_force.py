"""What the way of a message must know of its campaign's test. Corridors of `sending`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.send_window import clock
from liquor_app.core.holdout_draw import number_of
from liquor_app.experiments.ab_tests.models import AbStatus, AbTopic
from liquor_app.experiments.ab_tests.variants import Variant, as_documents, from_documents, variant_of

_OPEN = f"""
SELECT name, topic, channel, variants, seed, decide_on, harmful FROM ab_tests
 WHERE campaign_id = :campaign AND status = '{AbStatus.OPEN}'
"""

OWN_WORDS = "a.offer_terms ?| ARRAY['edited_by', 'variant']"
"""Of an action `a`: somebody, or the AI planner, gave it words of its own; it is in no test."""

TRIAL = f"""
LEFT JOIN ab_tests t ON t.campaign_id = s.campaign_id AND t.channel = s.channel AND t.status <> '{AbStatus.STOPPED}'
      AND NOT COALESCE({OWN_WORDS}, false)
LEFT JOIN LATERAL (
    SELECT v ->> 'subject' AS subject, v ->> 'text' AS words, CAST(v ->> 'hour' AS integer) AS hour
      FROM jsonb_array_elements(t.variants) v WHERE v ->> 'key' = COALESCE(s.variant, t.winner)
) trial ON true"""
"""SQL: the variant a send `s` of an action `a` gets, as `trial.subject`, `trial.words` and `trial.hour`: its own, else
the one that has won."""


TRIAL_WINDOW = """
CASE WHEN trial.hour IS NULL THEN a.send_window
     ELSE jsonb_build_object('start', left(CAST(make_time(trial.hour, 0, 0) AS text), 5), 'end', '23:59') END"""
"""SQL: when it may leave, by the recipient's clock (`trial_window`); law and shop have the last word, as ever."""


def trial_window(hour: int) -> dict[str, str]:
    """Return the window of a variant that leaves from an hour on."""
    return {"start": clock(hour * 60), "end": "23:59"}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A campaign's open test, as launching draws by it."""

    channel: str
    keys: tuple[str, ...]
    hours: dict[str, int]
    seed: str
    decide_on: date | None
    is_planned: bool = False
    """It was drawn as the plan was made: of an offer, or of a channel."""

    def draw(self, row: Any) -> str | None:
        """Return the variant of a chosen action; None if it is in no test.

        Args:
            row: with `customer_id`, `channel`, `scheduled_date`, `offer_terms`, and of the plan `drawn_variant` and
                `drawn_for`.
        """
        if self.is_planned:  # by intention: whatever somebody made of the message since
            is_of_this = row.drawn_for == self.seed and row.drawn_variant in self.keys
            return row.drawn_variant if is_of_this else None
        own = row.offer_terms or {}
        if row.channel != self.channel or "edited_by" in own or "variant" in own:
            return None
        if self.decide_on is not None and row.scheduled_date >= self.decide_on:
            return None
        return variant_of(self.seed, row.customer_id, self.keys)


async def drawing_of(session: AsyncSession, campaign_id: UUID) -> Drawing | None:
    """Return a campaign's open test; None without one."""
    row = (await session.execute(text(_OPEN), {"campaign": campaign_id})).first()
    if row is None:
        return None
    able = [one for one in row.variants if one["key"] not in row.harmful]
    return Drawing(
        row.channel,
        tuple(one["key"] for one in able),
        {one["key"]: int(one["hour"]) for one in able if one.get("hour") is not None},
        row.seed,
        row.decide_on,
        AbTopic(row.topic).is_planned,
    )


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """A campaign's open test of offers or channels, as planning draws by it: the variants that do no harm, A first."""

    name: str
    topic: AbTopic
    channel: str
    variants: tuple[Variant, ...]
    seed: str

    @property
    def document(self) -> dict[str, Any]:
        """What a plan keeps of it, to be compared with the test as it stands when the plan is approved."""
        variants = as_documents(self.variants)
        return {"topic": self.topic.value, "channel": self.channel, "variants": variants, "seed": self.seed}

    def draw(self, customer_id: UUID) -> str:
        """Return somebody's variant."""
        return variant_of(self.seed, customer_id, [one.key for one in self.variants])

    def seat(self, customer_id: UUID) -> int:
        """Return somebody's turn where there is room for some only; independent of their variant."""
        return number_of(f"ab-seat:{self.seed}", customer_id)


async def planned_test_of(session: AsyncSession, campaign_id: UUID) -> PlannedTest | None:
    """Return a campaign's open test of offers or channels; None without one, or with A alone left of it."""
    row = (await session.execute(text(_OPEN), {"campaign": campaign_id})).first()
    if row is None or not (topic := AbTopic(row.topic)).is_planned:
        return None
    able = tuple(one for one in from_documents(row.variants) if one.key not in row.harmful)
    return PlannedTest(row.name, topic, row.channel, able, row.seed) if len(able) > 1 else None
