"""Rules to SQL: SQLAlchemy expressions over `customers`, every value bound, none spliced into text."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Numeric,
    Select,
    SmallInteger,
    Text,
    Uuid,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.schema import Table
from sqlmodel import SQLModel

from liquor_app.catalog.models import Product
from liquor_app.customers.ages.birth_dates import AgeBand, legal_day
from liquor_app.customers.labels.custom_values import CUSTOM, split_name
from liquor_app.customers.labels.models import CustomerTag, ProductLabel, Tag
from liquor_app.customers.labels.product_labels import NO_CATEGORY
from liquor_app.customers.models import Customer, Purchase, PurchaseLine
from liquor_app.events.models import AnalyticsEvent, EventType
from liquor_app.segments.models import Segment, SegmentMember
from liquor_app.segments.rule_fields import Kind
from liquor_app.segments.rules import All, AnyOf, Condition, Happened, InSegment, Not, Rule, profiles


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


CUSTOMERS = _table(Customer)
PRODUCTS = _table(Product)
PURCHASES, LINES, LABELS = _table(Purchase), _table(PurchaseLine), _table(ProductLabel)
EVENTS = _table(AnalyticsEvent)
TAGS, TAGGED = _table(Tag), _table(CustomerTag)
SEGMENTS, MEMBERS = _table(Segment), _table(SegmentMember)
c = CUSTOMERS.c

_FLAGS: dict[str, ColumnElement[bool]] = {
    "is_night_buyer": c.is_night_buyer.is_(true()),
    "has_email": c.email_key.is_not(None),
    "has_phone": c.phone.is_not(None),
    "age_verified": c.age_verified_at.is_not(None),
    "objected_to_profiling": c.profiling_objected_at.is_not(None),
}

_LOGGED: dict[str, tuple[EventType, ...]] = {
    "contacted": (EventType.EMAIL_SENT, EventType.SMS_SENT),
    "opened": (EventType.EMAIL_OPEN,),
    "clicked": (EventType.LINK_CLICK,),
    "converted": (EventType.CONVERSION,),
    "visited": (EventType.PAGE_VIEW,),
}


def matching(rule: Rule, now: datetime) -> Select[Any]:
    """`SELECT id` of the customers (not deleted) a rule matches at `now`, which is told in the shop's time zone:
    its days are the rule's days. Who objects to being profiled is matched by no rule that profiles."""
    whom = [c.deleted_at.is_(None), *([c.profiling_objected_at.is_(None)] if profiles(rule) else [])]
    return select(c.id).where(*whom, predicate(rule, now))


def predicate(rule: Rule, now: datetime) -> ColumnElement[bool]:
    """Return the rule as a condition over `customers`. Never NULL, so that `not` is the complement."""
    match rule:
        case All(parts):
            return and_(true(), *(predicate(part, now) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(predicate(part, now) for part in parts))
        case Not(part):
            return not_(predicate(part, now).self_group())
        case Condition():
            return _condition(rule, now)
        case Happened():
            return _happened(rule, now)
        case InSegment(slug):
            return _in_segment(slug)


def _in_segment(slug: str) -> ColumnElement[bool]:
    """By the other segment's kept membership: its own rule is not run again for each segment that builds on it."""
    members = (
        select(MEMBERS.c.customer_id)
        .join(SEGMENTS, SEGMENTS.c.id == MEMBERS.c.segment_id)
        .where(SEGMENTS.c.slug == literal(slug, Text))
    )
    return type_coerce(c.id, Uuid).in_(members)


def _condition(rule: Condition, now: datetime) -> ColumnElement[bool]:
    kind, op, value = rule.field.kind, rule.op, rule.value
    if (custom := split_name(rule.field.name)) is not None:
        return _custom(custom[1], kind, op, value, now.date())
    if kind is Kind.FLAG:
        flag = _FLAGS[rule.field.name]
        return flag if value else not_(flag)
    if kind is Kind.LIST:
        return _list(rule.field.name, op, [str(item) for item in _items(value)])
    if rule.field.name in _BY_AGE:
        return _BY_AGE[rule.field.name](op, value, now.date())
    column: ColumnElement[Any] = c[rule.field.name]
    if op == "known":
        return column.is_not(None)
    if op == "unknown":
        return column.is_(None)
    if kind is Kind.MOMENT:
        return _moment(column, op, value, now)
    if kind in (Kind.TEXT, Kind.CHOICE):
        words = type_coerce(column, Text)
        typed = kind is Kind.TEXT and rule.field.name not in _OURS
        return _text(words, op, value) if typed else _exact(words, op, value)
    return _number(column, op, value)


_OURS = frozenset({"rfm_segment"})
"""Words of our own making, which nobody types."""


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _text(column: ColumnElement[str], op: str, value: object) -> ColumnElement[bool]:
    """By words as people and tills write them: BOSTON, Boston and boston are one city."""
    lowered = [str(item).lower() for item in _items(value)]
    return _exact(func.lower(column), op, tuple(lowered) if isinstance(value, tuple) else lowered[0])


def _exact(column: ColumnElement[str], op: str, value: object) -> ColumnElement[bool]:
    bound = [literal(str(item), Text) for item in _items(value)]
    match op:
        case "eq" | "in":
            return and_(column.is_not(None), column.in_(bound))
        case "ne" | "not_in":
            return or_(column.is_(None), column.not_in(bound))
        case "contains":
            return and_(column.is_not(None), column.icontains(str(value), autoescape=True))
        case _:
            return and_(column.is_not(None), column.istartswith(str(value), autoescape=True))


def _number(column: ColumnElement[Any], op: str, value: object) -> ColumnElement[bool]:
    # A count is compared with a NUMERIC, not with its own type: "over 2.5 purchases" must not be rounded to 3.
    kind = column.type if isinstance(column.type, Double) else Numeric()
    bound = [literal(float(str(item)) if isinstance(kind, Double) else item, kind) for item in _items(value)]
    match op:
        case "eq":
            matched = column == bound[0]
        case "ne":
            return or_(column.is_(None), column != bound[0])
        case "lt":
            matched = column < bound[0]
        case "lte":
            matched = column <= bound[0]
        case "gt":
            matched = column > bound[0]
        case "gte":
            matched = column >= bound[0]
        case _:
            matched = column.between(bound[0], bound[1])
    return and_(column.is_not(None), matched)


def _at(moment: datetime) -> ColumnElement[datetime]:
    return literal(moment, DateTime(timezone=True))


def _days_on(now: datetime, days: int) -> ColumnElement[datetime]:
    """Return where the shop's day begins that lies so many days after today's."""
    return _day(now.date() + timedelta(days=days), now)


def _day(day: date, now: datetime) -> ColumnElement[datetime]:
    return _at(datetime.combine(day, time.min, now.tzinfo))


def _moment(column: ColumnElement[Any], op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    """By the shop's calendar, as `_iso_day`: the last 1 day is yesterday and today, not 24 hours."""
    match op:
        case "within_days":
            matched = and_(column >= _days_on(now, -value), column <= _at(now))
        case "older_than_days":
            matched = column < _days_on(now, -value)
        case "next_days":
            matched = and_(column > _at(now), column < _days_on(now, value + 1))
        case "before":
            matched = column < _day(value, now)
        case _:
            matched = column >= _day(value, now)
    return and_(column.is_not(None), matched)


def _custom(key: str, kind: Kind, op: str, value: Any, today: date) -> ColumnElement[bool]:
    """By a custom field's value, which is kept as text: see `custom_values`."""
    held: ColumnElement[str] = c.raw_data[CUSTOM][literal(key, Text)].astext
    if op == "known":
        return held.is_not(None)
    if op == "unknown":
        return held.is_(None)
    if kind is Kind.FLAG:
        yes = and_(held.is_not(None), held == literal("yes", Text))
        return yes if value else not_(yes)
    if kind is Kind.NUMBER:
        return _number(cast(case((held.op("~")(literal(_NUMBER, Text)), held)), Numeric()), op, value)
    if kind is Kind.DAY:
        return and_(held.is_not(None), _iso_day(held, op, value, today))
    return _text(held, op, value)


_NUMBER = r"^-?\d{1,13}(\.\d{1,6})?$"


def _iso_day(held: ColumnElement[str], op: str, value: Any, today: date) -> ColumnElement[bool]:
    """Days in ISO form stand in the order of their text."""

    def day(one: date) -> ColumnElement[str]:
        return literal(one.isoformat(), Text)

    match op:
        case "within_days":
            return held.between(day(today - timedelta(days=value)), day(today))
        case "older_than_days":
            return held < day(today - timedelta(days=value))
        case "next_days":
            return held.between(day(today), day(today + timedelta(days=value)))
        case "before":
            return held < day(value)
        case _:
            return held >= day(value)


def _birthday(op: str, value: Any, today: date) -> ColumnElement[bool]:
    """Return whose birthday lies among the days from today to `value` days on, or back; over the end of the year too.
    In a year without it, somebody born on 29 February keeps 1 March."""
    if op == "unknown":
        return c.birthday_md.is_(None)
    if op == "this_month":
        return _birthday_in(today)
    if op == "known" or value >= 365:
        return c.birthday_md.is_not(None)
    span = timedelta(days=value)
    first, last = (today, today + span) if op == "next_days" else (today - span, today)
    start, end = (day.month * 100 + day.day for day in (first, last))
    if start == 301 and not isleap(first.year):
        start = 229
    after, until = (literal(day, SmallInteger) for day in (start, end))
    if first.year == last.year:
        within: ColumnElement[bool] = c.birthday_md.between(after, until)
    else:
        within = or_(c.birthday_md >= after, c.birthday_md <= until)
    return and_(c.birthday_md.is_not(None), within)


def _birthday_in(today: date) -> ColumnElement[bool]:
    """Return whose birthday is kept in the month of `today`."""
    first, last = today.month * 100 + 1, today.month * 100 + 31
    if not isleap(today.year) and today.month in (2, 3):
        first, last = (201, 228) if today.month == 2 else (229, 331)
    after, until = (literal(day, SmallInteger) for day in (first, last))
    return and_(c.birthday_md.is_not(None), c.birthday_md.between(after, until))


def _turned(op: str, value: Any, today: date) -> ColumnElement[bool]:
    """Return who came of age, or will; whose age is in doubt did not."""
    if op == "next_days":
        until = literal(today + timedelta(days=value), Date)
        return and_(c.age_disputed_at.is_(None), c.of_age_on > literal(today, Date), c.of_age_on <= until)
    since = literal(today - timedelta(days=value), Date)
    came = c.of_age_on.between(since, literal(today, Date)) if op == "within_days" else c.of_age_on < since
    return and_(c.of_age_on.is_not(None), c.age_disputed_at.is_(None), came)


def _age_band(op: str, value: Any, today: date) -> ColumnElement[bool]:
    if op == "known":
        return c.of_age_on.is_not(None)
    if op == "unknown":
        return c.of_age_on.is_(None)
    bands = list(AgeBand)
    spans = []
    for band in map(AgeBand, map(str, _items(value))):
        parts = [c.of_age_on <= literal(legal_day(today, band.first_age), Date)]
        if band is not bands[-1]:
            older = bands[bands.index(band) + 1]
            parts.append(c.of_age_on > literal(legal_day(today, older.first_age), Date))
        spans.append(and_(*parts))
    inside = and_(c.of_age_on.is_not(None), or_(false(), *spans))
    return not_(inside) if op in ("ne", "not_in") else inside


_BY_AGE: dict[str, Callable[[str, Any, date], ColumnElement[bool]]] = {
    "birthday": _birthday,
    "turned_21": _turned,
    "age_band": _age_band,
}


def _list(name: str, op: str, values: list[str]) -> ColumnElement[bool]:
    if name == "tags":
        tagged = (
            select(TAGGED.c.customer_id)
            .join(TAGS, TAGS.c.id == TAGGED.c.tag_id)
            .where(func.lower(TAGS.c.name).in_([literal(value.lower(), Text) for value in values]))
        )
        if op == "has_all":
            wanted = len({value.lower() for value in values})
            tagged = tagged.group_by(TAGGED.c.customer_id).having(func.count() == wanted)
        matched: ColumnElement[bool] = c.id.in_(tagged)
    else:
        held = cast(func.lower(cast(c[name], Text)), postgresql.JSONB)
        matched = held.op("?&" if op == "has_all" else "?|", return_type=Boolean())(
            cast(literal([value.lower() for value in values], ARRAY(Text)), ARRAY(Text))
        )
    return not_(matched) if op == "has_none" else matched


def _happened(rule: Happened, now: datetime) -> ColumnElement[bool]:
    """Return counts are taken once for all customers and semi-joined: cost grows with the window, not with people ×
    window."""
    low, high = rule.at_least, rule.at_most
    parts: list[ColumnElement[bool]] = []
    if low is not None:
        parts.append(_people(rule, now, at_least=low))
    if high is not None:
        parts.append(not_(_people(rule, now, at_least=high + 1)))
    return and_(*parts)


def _names_of(product: str) -> Any:
    """Every way a till may have written a product, in lower case: what was asked for, and its SKU, UPC and name, where
    the catalogue knows it."""
    asked = func.lower(literal(product, Text))
    known = or_(func.lower(PRODUCTS.c.sku) == asked, PRODUCTS.c.upc == asked, func.lower(PRODUCTS.c.name) == asked)
    ways = [select(func.lower(PRODUCTS.c[name])).where(known) for name in ("sku", "upc", "name")]
    return union_all(select(asked), *ways)


def _category_of_a_line() -> ColumnElement[str]:
    """What its till said, else what the catalogue calls the product; as `LABELLED_LINES` has it."""
    code = func.lower(func.coalesce(LINES.c.sku, LINES.c.product))
    called = select(LABELS.c.category).where(LABELS.c.code == code).scalar_subquery()
    said = LINES.c.category
    return case((said == literal(NO_CATEGORY, Text), func.coalesce(called, said)), else_=said)


def _people(rule: Happened, now: datetime, at_least: int) -> ColumnElement[bool]:
    since = None if rule.within_days is None else _days_on(now, -rule.within_days)
    if rule.event == "purchased":
        person, at = PURCHASES.c.customer_id, PURCHASES.c.occurred_at
        query = select(person).where(PURCHASES.c.total > 0)  # one refunded in full is told as 0.00
        if rule.category is not None:
            query = query.where(
                exists().where(
                    LINES.c.purchase_id == PURCHASES.c.id,
                    func.lower(_category_of_a_line()) == func.lower(literal(rule.category, Text)),
                )
            )
        if rule.product is not None:
            # from the lines to their purchases: what few bought is found by its name
            ways = [
                select(LINES.c.purchase_id).where(
                    written.is_not(None), func.lower(written).in_(_names_of(rule.product))
                )
                for written in (LINES.c.product, LINES.c.sku)
            ]
            query = query.where(PURCHASES.c.id.in_(union_all(*ways)))
    else:
        person, at = EVENTS.c.customer_id, EVENTS.c.occurred_at
        kinds = [literal(kind.value, Text) for kind in _LOGGED[rule.event]]
        # opens and clicks made by scanners are recorded, and marked
        human = func.coalesce(EVENTS.c.properties["machine"].astext, literal("false", Text)) != literal("true", Text)
        query = select(person).where(EVENTS.c.event_type.in_(kinds), person.is_not(None), human)
    query = query.where(at <= _at(now))
    if since is not None:
        query = query.where(at >= since)
    if at_least > 1:
        query = query.group_by(person).having(func.count() >= at_least)
    return type_coerce(c.id, Uuid).in_(query)
