"""One A/B/n test of a campaign's messages."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from liquor_app.core.columns import choice, day, document, moment, pk, ref, stamped, texts, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.states import Transitions
from liquor_app.organization.models import Channel


class AbTopic(StrEnum):
    """What differs between the variants of a test: one thing, so that a difference has one cause."""

    SUBJECT = "subject"
    WORDS = "words"
    HOUR = "hour"
    OFFER = "offer"
    """Another offer of the same playbook; drawn as the plan is made (`planning.drawing.ab_draw`)."""
    CHANNEL = "channel"
    """The same offer by the other channel; drawn as the plan is made, too."""

    @property
    def label(self) -> str:
        return {
            "subject": "Subject line", "words": "Words", "hour": "Hour of sending", "offer": "Offer",
            "channel": "Channel",
        }[self.value]  # fmt: skip

    @property
    def is_planned(self) -> bool:
        """Whether its variants are part of the plan, with their cost and room: what was approved is what leaves."""
        return self in (AbTopic.OFFER, AbTopic.CHANNEL)

    @property
    def runs_to_the_end(self) -> bool:
        """Whether nothing can take the rest: a message has its hour, its offer and its channel before anything is
        known."""
        return self is AbTopic.HOUR or self.is_planned


PLANNED = tuple(one for one in AbTopic if one.is_planned)


class Measure(StrEnum):
    """By what a test is won. Openings are not among them: mail programs open messages by themselves."""

    CLICKED = "clicked"
    """Who clicked, machines left out."""
    BOUGHT = "bought"
    """Who bought within a week of their own message."""
    PROFIT = "profit"
    """What that left: margin of what they bought, less coupons and what sending cost."""

    @property
    def label(self) -> str:
        return {"clicked": "Clicks", "bought": "Buyers in a week", "profit": "Profit in a week"}[self.value]

    @property
    def window_days(self) -> int:
        """Days after a message until what it did is read for good."""
        return 3 if self is Measure.CLICKED else 7


class AbStatus(StrEnum):
    OPEN = "open"
    """Each message gets a variant."""
    DECIDED = "decided"
    """One has won; what has not left yet gets it."""
    STOPPED = "stopped"
    """Somebody ended it without a winner; what has not left yet gets what was planned."""


AB_TEST = Transitions("test", {AbStatus.OPEN: [AbStatus.DECIDED, AbStatus.STOPPED]})


class AbTest(SQLModel, table=True):
    """`variants` are `{"key": "B", "subject", "text", "hour", "offer", "channel"}`; A, the control, is always what the
    plan says.

    With `decide_on` whoever's message is planned for that day or later is not drawn, but gets what has won by then.
    `reading` is the one final read as it was on `read_on`.
    """

    __tablename__ = "ab_tests"
    __table_args__ = (UniqueConstraint("campaign_id"), Index("ix_ab_tests_created_at", "created_at", "id"))

    id: UUID = pk()
    campaign_id: UUID = ref("campaigns.id")
    name: str = words()
    hypothesis: str = words(default="")
    topic: AbTopic = choice("topic", AbTopic)
    channel: Channel = choice("channel", Channel)
    measure: Measure = choice("measure", Measure)
    variants: list[dict[str, Any]] = document(nullable=False, empty="[]")
    seed: str = words()
    decide_on: date | None = day(nullable=True)
    status: AbStatus = choice("status", AbStatus, AbStatus.OPEN)
    harmful: list[str] = texts()
    """Variants a guardrail ended: what of them has not left gets what was planned."""
    winner: str | None = words(nullable=True)
    why: str = words(default="")
    reading: dict[str, Any] | None = document()
    learned: str = words(default="")
    """What somebody wrote down for whoever tries the next one."""
    created_at: datetime = stamped()
    decided_at: datetime | None = moment()


MENTIONS = (
    named_in("ab_tests", ("name", "hypothesis", "learned", "why"), ("variants", "reading"), ("harmful",), name="name"),
)
"""Where the shop's own words may name somebody."""
