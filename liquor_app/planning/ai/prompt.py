"""What the AI planner is told: aggregates, playbooks and guidance, never a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.actions.models import UNDECIDED
from liquor_app.actions.offers import Offer, Playbook
from liquor_app.campaigns.brief import CHANNELS, CampaignBrief
from liquor_app.core.states import sql_list
from liquor_app.organization.guidance import Guidance
from liquor_app.planning.ai.redaction import known_names, scrub_document, strings_in
from liquor_app.planning.optimizer.problem import Floats
from liquor_app.ui.words import show_weekday_name

SMALLEST = 10
"""Fewer people than this are not counted out: a cell of three is almost a person."""
SHOWN_CELLS = 40


@dataclass(frozen=True, slots=True)
class Option:
    """An offer a segment may be made; `segment` is its place in the campaign's target segments."""

    key: str
    segment: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Question:
    """The document that is sent, and what its keys stand for.

    `room` holds the messages the plan may use, shape (days, channels); `most` how many it can hold in all.
    """

    document: dict[str, Any]
    segments: tuple[str, ...]
    """Keys of the target segments, in the campaign's order; the first is `s1`."""
    names: tuple[str, ...]
    options: tuple[Option, ...]
    channels: tuple[frozenset[str], ...]
    """Channels with anybody to reach, by segment."""
    days: tuple[date, ...]
    room: npt.NDArray[np.int64]
    most: int
    guidance: Guidance

    def option(self, key: str) -> Option | None:
        return next((option for option in self.options if option.key == key), None)


async def build_question(
    session: AsyncSession,
    brief: CampaignBrief,
    playbooks: Sequence[Playbook],
    *,
    weight: Floats,
    room: npt.NDArray[np.int64],
    baseline: dict[str, Any],
) -> Question:
    """Return everything the AI planner may know of a campaign.

    Args:
        weight: what each day is worth beside an average one.
        room: messages left, shape (days, channels).
        baseline: the optimiser's own summary, so that there is something to do better.
    """
    figures = await _figures(session, brief)
    strategies = await _strategies(session, brief)
    keys = tuple(f"s{index + 1}" for index in range(len(playbooks)))
    options = tuple(
        Option(f"{keys[index]}o{number + 1}", index, offer)
        for index, playbook in enumerate(playbooks)
        for number, offer in enumerate(playbook.offers)
    )
    by_segment = tuple(
        frozenset(channel for channel in CHANNELS if figures.get((book.slug, channel), {}).get("people", 0))
        for book in playbooks
    )
    people = await session.execute(
        text(
            "SELECT count(DISTINCT customer_id) FROM actions WHERE campaign_id = :id"
            f" AND status IN {sql_list(*UNDECIDED)}"
        ),
        {"id": brief.id},
    )
    most = min(int(room.sum()), int(people.scalar_one()) * brief.limits.max_per_customer)
    document = {
        "campaign": {"name": brief.name, "wish": (brief.llm_prompt or "").strip()[:4000]},
        "messages_the_plan_can_hold": most,
        "days": [
            {
                "day": day.isoformat(),
                "weekday": show_weekday_name(day, long=True),
                "email_room": int(room[index, 0]),
                "sms_room": int(room[index, 1]),
                "trade_beside_average": round(float(weight[index]), 3),
            }
            for index, day in enumerate(brief.days)
        ],
        "limits": {
            "discount_budget": str(brief.limits.discount_budget),
            "margin_pct": str(brief.limits.margin_pct),
            "most_discount_pct": str(brief.guidance.max_discount_pct),
            "messages_a_customer": brief.limits.max_per_customer,
        },
        "segments": [
            {
                "key": keys[index],
                "name": book.name,
                "strategy": strategies.get(book.slug, ""),
                "channels": {
                    channel: _told(figures[book.slug, channel]) for channel in CHANNELS if channel in by_segment[index]
                },
                "offers": [
                    {
                        "key": option.key,
                        "name": option.offer.name,
                        "text": option.offer.text,
                        "discount_pct": str(option.offer.discount_pct),
                    }
                    for option in options
                    if option.segment == index
                ],
            }
            for index, book in enumerate(playbooks)
        ],
        "guidance": {
            "tone": brief.guidance.tone,
            "never_say": [phrase for phrases in brief.guidance.banned.values() for phrase in phrases],
        },
        "optimiser": _baseline(baseline, {book.slug: key for book, key in zip(playbooks, keys, strict=True)}),
    }
    names = await known_names(session, strings_in(document))
    return Question(
        document=scrub_document(document, names),
        segments=keys,
        names=tuple(book.name for book in playbooks),
        options=options,
        channels=by_segment,
        days=brief.days,
        room=room,
        most=most,
        guidance=brief.guidance,
    )


async def _figures(session: AsyncSession, brief: CampaignBrief) -> dict[tuple[str, str], dict[str, Any]]:
    found = await session.execute(
        text(
            "SELECT segment_slug, channel, count(*) AS people, avg(expected_response) AS response,"
            " avg(CAST(offer_terms ->> 'basket' AS double precision)) AS basket, avg(expected_profit) AS profit,"
            " avg(value_points) AS value_points FROM actions WHERE campaign_id = :id"
            f" AND status IN {sql_list(*UNDECIDED)} GROUP BY 1, 2"
        ),
        {"id": brief.id},
    )
    return {(row["segment_slug"], row["channel"]): dict(row) for row in found.mappings()}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    if row["people"] < SMALLEST:
        return {"people": f"fewer than {SMALLEST}"}
    return {
        "people": row["people"],
        "likely_to_act_on_offer": round(float(row["response"] or 0), 4),
        "usual_basket": round(float(row["basket"] or 0), 2),
        "expected_profit_each": round(float(row["profit"] or 0), 4),
    }


async def _strategies(session: AsyncSession, brief: CampaignBrief) -> dict[str, str]:
    found = await session.execute(
        text("SELECT slug, messaging_strategy FROM segments WHERE slug = ANY(:slugs)"),
        {"slugs": list(brief.target_segments)},
    )
    return {row.slug: row.messaging_strategy or "" for row in found}


def _baseline(summary: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    profit = summary["simulation"]["incremental_profit"]
    cells = [
        {
            "segment": keys.get(cell["segment"], "other"),
            "day": cell["date"],
            "channel": cell["channel"],
            "offer": cell["offer"],
            "messages": cell["sends"] if cell["sends"] >= SMALLEST else f"fewer than {SMALLEST}",
        }
        for cell in summary.get("cells", [])[:SHOWN_CELLS]
    ]
    return {"messages": summary["totals"]["sends"], "expected_incremental_profit": profit["mean"], "plan": cells}
