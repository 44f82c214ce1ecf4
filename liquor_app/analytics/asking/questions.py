"""Every question there is an answer to: in words, with what else people call it. Pure.

A question is asked by its key and a number of days, never by a statement: whoever asks, and whatever model picks, can
have nothing but these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from liquor_app.analytics.asking.spans import is_span
from liquor_app.core.errors import Invalid

PERIODS = (7, 30, 90, 365)
STANDARD_DAYS = 30


class QuestionKey(StrEnum):
    """What can be asked."""

    TAKINGS = "takings"
    CAMPAIGNS = "campaigns"
    SEGMENTS = "segments"
    WORTH = "worth"
    PLAYBOOKS = "playbooks"
    OFFERS = "offers"
    LEAVING = "leaving"
    CUSTOMERS = "customers"
    RETURNING = "returning"
    CATEGORIES = "categories"
    BRANDS = "brands"
    HOURS = "hours"
    SPAM = "spam"
    BOUNCES = "bounces"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    Attributes:
        words: as somebody would ask it.
        also: other words for what it is about, by which it is found.
        has_days: whether it is asked of a number of days.
    """

    key: QuestionKey
    words: str
    also: str
    has_days: bool = False


QUESTIONS: Mapping[QuestionKey, Question] = {
    one.key: one
    for one in (
        Question(QuestionKey.TAKINGS, "How much did we take, and how many orders were there?",
                 "takings revenue sales turnover money earned income orders baskets average day daily business going",
                 True),
        Question(QuestionKey.CAMPAIGNS, "Which campaigns brought most?",
                 "campaign best top winning performance newsletter mailing revenue attributed conversion rate worst",
                 True),
        Question(QuestionKey.SEGMENTS, "Which segments answer best?",
                 "segment group audience customers answer respond buy performance conversion rfm", True),
        Question(QuestionKey.WORTH, "Did our messages bring more than they cost?",
                 "lift uplift incremental holdout profit worth roi return effect marketing true earn pay off"),
        Question(QuestionKey.PLAYBOOKS, "Which playbooks work: winning back, second purchase, loyalty?",
                 "playbook win back winback second purchase loyalty reason why lift effect works"),
        Question(QuestionKey.OFFERS, "Which offers work best?",
                 "offer discount coupon percent deal promotion lift effect works profit"),
        Question(QuestionKey.LEAVING, "Who are we about to lose, and what are they worth?",
                 "churn leaving lose lost risk at-risk save keep retain valuable value lapsing"),
        Question(QuestionKey.CUSTOMERS, "How many new customers did we gain, and how many did we lose?",
                 "growth growing gained base lost lapsed won back active base net month"),
        Question(QuestionKey.RETURNING, "Do new customers come back?",
                 "cohort retention repeat return second come back first purchase loyalty again"),
        Question(QuestionKey.CATEGORIES, "Which categories sell, and which grow?",
                 "category wine beer spirits whiskey sells growing shrinking trend product type"),
        Question(QuestionKey.BRANDS, "Which brands sell, and which grow?",
                 "brand label producer maker sells growing shrinking trend product"),
        Question(QuestionKey.HOURS, "At which hours are our messages answered?",
                 "when send time hour day weekday best open click answer schedule"),
        Question(QuestionKey.SPAM, "How many of our messages are called spam?",
                 "complaint spam junk abuse sender health reputation deliverability gmail yahoo"),
        Question(QuestionKey.BOUNCES, "At which mail domains do our messages come back?",
                 "bounce bounced returned undelivered domain gmail outlook sender health deliverability"),
        Question(QuestionKey.WAITING, "What is waiting for us?",
                 "plan approval approve waiting todo to do next pending decide"),
    )
}  # fmt: skip
"""By key, in the order a list has them."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A question and the days it is asked of; None of one that has none, and of one that is asked of a span of the
    calendar (`spans`)."""

    key: QuestionKey
    days: int | None
    span: str = ""


def picked(key: str, days: object = None, span: str = "") -> Picked:
    """Return the question of a key, asked of so many days (thirty, if none are given) or of a span of the calendar; one
    that is asked of no days does not look at them.

    Raises:
        Invalid: no such question, or days or a span it cannot be asked of.
    """
    if key not in set(QuestionKey):
        raise Invalid("There is no such question.", field="question")
    question = QUESTIONS[QuestionKey(key)]
    if not question.has_days:
        return Picked(question.key, None)
    if span:
        if not is_span(span):
            raise Invalid("There is no such period.", field="period")
        return Picked(question.key, None, span)
    wanted = STANDARD_DAYS if days is None else days
    if isinstance(wanted, bool) or wanted not in PERIODS:
        raise Invalid(f"days is one of {', '.join(map(str, PERIODS))}", field="days")
    return Picked(question.key, int(str(wanted)))
