"""What a rule may ask about: the fields of a customer, the operators of each kind, the events.

The registry is data: the rule builder draws its menus from it, the validator its messages, the compiler its columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from liquor_app.customers.ages.birth_dates import LEGAL_AGE, AgeBand
from liquor_app.customers.labels.custom_values import FieldKind, split_name


class Kind(StrEnum):
    """How a field behaves in rules."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    """0 to 1, shown as a percentage."""
    FLAG = "flag"
    MOMENT = "moment"
    """A time, asked about relative to today."""
    BIRTHDAY = "birthday"
    """A day of every year."""
    DAY = "day"
    """A calendar day, asked about relative to today."""
    REACHED = "reached"
    """A day that is come to once, asked about relative to today."""
    LIST = "list"


OPS: dict[Kind, dict[str, str]] = {
    Kind.TEXT: {
        "eq": "is", "ne": "is not", "in": "is one of", "not_in": "is none of", "contains": "contains",
        "starts_with": "starts with", "known": "is known", "unknown": "is not known",
    },
    Kind.CHOICE: {
        "eq": "is", "ne": "is not", "in": "is one of", "not_in": "is none of", "known": "is known",
        "unknown": "is not known",
    },
    Kind.FLAG: {"eq": "is"},
    Kind.MOMENT: {
        "within_days": "in the last … days", "older_than_days": "more than … days ago",
        "next_days": "in the next … days", "before": "before", "after": "on or after", "known": "is known",
        "unknown": "is not known",
    },
    Kind.BIRTHDAY: {
        "next_days": "in the next … days", "within_days": "in the last … days", "this_month": "in this month",
        "known": "is known", "unknown": "is not known",
    },
    Kind.REACHED: {
        "within_days": "in the last … days", "older_than_days": "more than … days ago",
        "next_days": "comes in the next … days",
    },
    Kind.LIST: {"has_any": "include any of", "has_all": "include all of", "has_none": "include none of"},
}  # fmt: skip
"""Operators by kind, with the words the rule builder shows."""

for _kind in (Kind.NUMBER, Kind.MONEY, Kind.SHARE):
    OPS[_kind] = {
        "eq": "is", "ne": "is not", "lt": "is under", "lte": "is at most", "gt": "is over", "gte": "is at least",
        "between": "is between", "known": "is known", "unknown": "is not known",
    }  # fmt: skip

OPS[Kind.DAY] = OPS[Kind.MOMENT]

LIST_OPS = frozenset({"in", "not_in", "has_any", "has_all", "has_none"})
DAY_OPS = frozenset({"within_days", "older_than_days", "next_days"})
BARE_OPS = frozenset({"known", "unknown", "this_month"})
"""Operators that take no value."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a rule may ask about. `label` reads well at the start of a sentence."""

    name: str
    label: str
    kind: Kind
    options: tuple[str, ...] = ()
    hint: str = ""


def _registry(*fields: Field) -> dict[str, Field]:
    return {field.name: field for field in fields}


OF_AGE = tuple(band.value for band in AgeBand if band is not AgeBand.MINOR)
"""Nobody is looked for because they are too young."""
_CONSENT = ("given", "withdrawn", "pending")

FIELDS: dict[str, Field] = _registry(
    Field("rfm_segment", "RFM segment", Kind.TEXT, hint="Named by recency, frequency and money, such as Champions"),
    Field("r_score", "Recency score", Kind.NUMBER, hint="1 (long ago) to 5 (just now)"),
    Field("f_score", "Frequency score", Kind.NUMBER, hint="1 (seldom) to 5 (often)"),
    Field("m_score", "Money score", Kind.NUMBER, hint="1 (little) to 5 (much)"),
    Field("churn_risk", "Churn risk band", Kind.CHOICE, ("low", "medium", "high")),
    Field("churn_probability", "Churn risk", Kind.SHARE, hint="Chance of no purchase within 60 days"),
    Field("response_likelihood", "Likelihood to act on an offer", Kind.SHARE),
    Field("clv_score", "Expected spend", Kind.MONEY, hint="Over the next 12 months"),
    Field("value_at_risk", "Value at risk", Kind.MONEY, hint="Chance of losing them times what a return brings"),
    Field("total_spent", "Total spent", Kind.MONEY),
    Field("avg_order_value", "Average order", Kind.MONEY),
    Field("purchase_frequency", "Number of purchases", Kind.NUMBER),
    Field(
        "success_rate_pct",
        "Success rate",
        Kind.NUMBER,
        hint="Contacts answered, of 100 in a year",
    ),
    Field("avg_purchase_hour", "Usual hour", Kind.NUMBER, hint="0 to 23, local time"),
    Field(
        "last_purchase_at",
        "Last purchase",
        Kind.MOMENT,
        hint="Whole days of the shop: the last 1 day is yesterday and today",
    ),
    Field(
        "first_purchase_at",
        "First purchase",
        Kind.MOMENT,
        hint="Whole days of the shop: the last 1 day is yesterday and today",
    ),
    Field("next_purchase_at", "Next expected purchase", Kind.MOMENT),
    Field("created_at", "Added", Kind.MOMENT),
    Field("primary_category", "Favourite category", Kind.TEXT),
    Field("secondary_category", "Second category", Kind.TEXT),
    Field("favorite_brands", "Favourite brands", Kind.LIST),
    Field("tags", "Tags", Kind.LIST),
    Field("city", "City", Kind.TEXT),
    Field("state", "State", Kind.TEXT),
    Field("postal_code", "Postal code", Kind.TEXT),
    Field("country", "Country", Kind.TEXT),
    Field("language", "Language", Kind.TEXT),
    Field("is_night_buyer", "Night buyer", Kind.FLAG, hint="Buys mostly between 20:00 and 03:59"),
    Field("email_consent", "E-mail consent", Kind.CHOICE, _CONSENT),
    Field("sms_consent", "SMS consent", Kind.CHOICE, _CONSENT),
    Field("has_email", "E-mail address", Kind.FLAG),
    Field("has_phone", "Phone number", Kind.FLAG),
    Field("birthday", "Birthday", Kind.BIRTHDAY, hint="Today counts; 29 February is kept on 1 March in other years"),
    Field(
        "turned_21",
        f"Turned {LEGAL_AGE}",
        Kind.REACHED,
        hint="Of ages in no doubt; nobody is written to before the day",
    ),
    Field("age_band", "Age", Kind.CHOICE, OF_AGE, hint="Of those whose date of birth is known"),
    Field("age_verified", "Age verified", Kind.FLAG),
    Field("objected_to_profiling", "Objection to profiling", Kind.FLAG),
)


PLAIN = frozenset({
    "created_at", "tags", "city", "state", "postal_code", "country", "language", "email_consent", "sms_consent",
    "has_email", "has_phone", "birthday", "turned_21", "age_band", "age_verified", "objected_to_profiling",
})  # fmt: skip
"""Fields that hold what people told, or the shop noted, of them: asking for one is no profiling. All others, and all
events, are of what people did (GDPR art. 4(4))."""


def is_plain(name: str) -> bool:
    """Tell whether a field holds what somebody told, as custom fields do."""
    return name in PLAIN or split_name(name) is not None


_CUSTOM = {
    FieldKind.TEXT: Kind.TEXT, FieldKind.NUMBER: Kind.NUMBER, FieldKind.DATE: Kind.DAY, FieldKind.FLAG: Kind.FLAG,
}  # fmt: skip


def field_named(name: str) -> Field | None:
    """Return what a rule's field is: one of `FIELDS`, or a custom field by its full name (`custom.text.grape`),
    whether the shop has it or not: a rule about one that is gone finds nobody."""
    if (known := FIELDS.get(name)) is not None:
        return known
    if (custom := split_name(name)) is None:
        return None
    kind, key = custom
    label = key.replace("_", " ")
    return Field(name, f"{label[:1].upper()}{label[1:]}", _CUSTOM[kind])


@dataclass(frozen=True, slots=True)
class EventKind:
    """Something customers do, countable in a window. `past` completes "… at least 2 times"."""

    name: str
    label: str
    past: str
    has_category: bool = False
    """Whether it can be narrowed to a category, or to a product."""


EVENTS: dict[str, EventKind] = {
    kind.name: kind
    for kind in (
        EventKind("purchased", "Bought", "bought", has_category=True),
        EventKind("contacted", "Was sent a message", "was sent a message"),
        EventKind("opened", "Opened an e-mail", "opened an e-mail"),
        EventKind("clicked", "Clicked a link", "clicked a link"),
        EventKind("converted", "Bought after a message", "bought after a message"),
        EventKind("visited", "Visited the shop's site", "visited the site"),
    )
}
