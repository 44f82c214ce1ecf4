"""Take single purchases and events as tills and shops tell them, at the moment they happen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import Conflict, Invalid, Meanwhile, NotFound
from liquor_app.core.pubsub import publish
from liquor_app.core.queue import Job, enqueue
from liquor_app.customers.addresses import normalise_email, normalise_phone
from liquor_app.customers.baskets import write_baskets
from liquor_app.customers.labels.product_labels import NO_CATEGORY
from liquor_app.events.models import EventType
from liquor_app.events.service import NewEvent, record_events
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.cleaning.moment_cells import EARLIEST, When
from liquor_app.imports.cleaning.number_cells import MAX_NUMBER
from liquor_app.imports.cleaning.orders.store_numbers import BESIDE, of_store
from liquor_app.imports.orders import basket_lines
from liquor_app.imports.orders.store_orders import called_as_known
from liquor_app.imports.people.known_people import KEYS
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.ui.words import figure
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit

MAX_LINES = 500
MAX_PROPERTIES = 8_192
"""Characters of an event's properties as JSON."""
OLDEST_EVENT = timedelta(days=400)
RESERVED = frozenset(EventType) - {EventType.PAGE_VIEW}
"""Event types our own sending and attribution write; a stranger's word must not count among them."""

_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]{1,59}")


@dataclass(frozen=True, slots=True)
class NewLine:
    """What was bought. `amount` is what was paid for the line, discount taken off; `coupon_discount` is the part of the
    discount that coupons took."""

    amount: Decimal
    product: str | None = None
    sku: str | None = None
    category: str | None = None
    brand: str | None = None
    quantity: Decimal = Decimal(1)
    discount: Decimal = Decimal(0)
    coupon_discount: Decimal = Decimal(0)
    is_alcohol: bool = True


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A basket. The buyer is named by e-mail, external id or phone, whichever is given. An `at_register` numbers its
    receipts by itself: number, store and register are the order's then (`1001 · MAIN / 2`), as in files (ADR 139)."""

    order_id: str
    occurred_at: datetime
    lines: Sequence[NewLine]
    email: str | None = None
    external_id: str | None = None
    phone: str | None = None
    store: str | None = None
    at_register: str | None = None
    coupon_code: str | None = None


@dataclass(frozen=True)
class OrderFields:
    """A basket and what became of it."""

    id: UUID
    order_id: str
    customer_id: UUID
    occurred_at: datetime
    lines: int
    outcome: str


@dataclass(frozen=True, slots=True)
class OrderRow(OrderFields):
    """A basket as recorded; `outcome` is created, updated or unchanged."""

    total: Decimal
    discount: Decimal


async def record_purchase(session: AsyncSession, actor: Actor, order: NewOrder) -> OrderRow:
    """Take a basket in: a new one, or the till's later word on one it told before, whose lines it replaces.

    The same again changes nothing. The buyer is scored soon after; what has been attributed stays attributed.

    Raises:
        Forbidden: the actor may only read.
        Invalid: a value out of bounds, or nothing that says who bought.
        NotFound: nobody known bought it.
        Conflict: the order is another customer's, or somebody else kept writing it.
    """
    require(actor, Permission.PURCHASES_WRITE)
    zone = ZoneInfo((await load_settings(session, GeneralSettings)).timezone)
    lines = await called_as_known(session, lines_of(order, zone))
    for _, why in await basket_lines.stage_basket(session, lines):
        if why.code == "unknown_customer":
            raise NotFound("There is no such customer.")
        raise Conflict(why.reason, field=why.field)
    try:
        written = await write_baskets(session, zone, keep=False)
    except IntegrityError as error:
        raise Meanwhile("Somebody else kept changing this order. Please try again.") from error
    (outcome,) = written.lines
    await reckon_anew(session, written.since)
    found = await session.execute(
        text(
            "SELECT id, external_id AS order_id, customer_id, occurred_at, total, discount FROM purchases"
            " WHERE external_id = :order"
        ),
        {"order": lines[0].order_id},
    )
    row = OrderRow(**found.mappings().one(), lines=len(lines), outcome=outcome)
    if written.since is not None:
        await audit(
            session, actor, f"purchase.{row.outcome}", "purchase", row.id, order=row.order_id, lines=row.lines,
            total=row.total,
        )  # fmt: skip
    if row.outcome == "created":
        fact = {"purchase_id": row.id, "order_id": row.order_id, "customer_id": row.customer_id, "total": row.total}
        await emit(session, Happened.PURCHASE_CREATED, [fact])
    return row


async def reckon_anew(session: AsyncSession, since: date | None) -> None:
    """Have buyers scored and figures added up from a day on, and open dashboards look; nothing if nothing changed. A
    corridor."""
    if since is not None:
        await enqueue(session, Job.SCORE_CUSTOMERS, {"touched": True, "then_segments": True}, dedupe_key="touched")
        await enqueue(session, Job.ROLL_UP, {"since": since.isoformat()}, dedupe_key=since.isoformat())
        publish(session, "dashboard", {"purchases_since": since.isoformat()})  # today's are read live


def lines_of(order: NewOrder, zone: ZoneInfo, *, first: int = 1) -> list[Line]:
    """Return the lines of a basket as an import has them, numbered from `first`.

    Raises:
        Invalid: a value out of bounds, or nothing that says who bought.
    """
    keys = _keys(order)
    when = _moment(order.occurred_at, zone)
    if not 1 <= len(order.lines) <= MAX_LINES:
        raise Invalid(f"A purchase has 1 to {MAX_LINES} lines.", field="lines")
    return [_line(number, line, order, when, keys) for number, line in enumerate(order.lines, first)]


def _keys(order: NewOrder) -> dict[str, str]:
    keys = {}
    if order.email:
        keys["email_key"] = normalise_email(order.email)
    if order.external_id:
        keys["external_id"] = order.external_id
    if order.phone:
        keys["phone"] = normalise_phone(order.phone, is_given_out=False)
    if not keys:
        raise Invalid("Say who bought: email, external_id or phone.", field="email")
    return keys


def _moment(at: datetime, zone: ZoneInfo, oldest: datetime | None = None) -> When:
    moment = at.replace(tzinfo=zone) if at.tzinfo is None else at.astimezone(zone)
    too_old = moment < oldest if oldest else moment.year < EARLIEST
    if too_old or moment > now() + timedelta(days=1):
        since = oldest.date().isoformat() if oldest else EARLIEST
        raise Invalid(f"occurred_at must lie between {since} and now.", field="occurred_at")
    return When(moment.astimezone(now().tzinfo), moment.hour)


def _line(number: int, line: NewLine, order: NewOrder, when: When, keys: Mapping[str, str]) -> Line:
    for name in ("amount", "quantity", "discount", "coupon_discount"):
        value = getattr(line, name)
        if not (value.is_finite() and 0 <= value <= MAX_NUMBER):
            raise Invalid(f"{name} must lie between 0 and {figure(MAX_NUMBER)}; returns are not recorded.", field=name)
    place = BESIDE.join(filter(None, (order.store, order.at_register)))
    order_id = of_store(order.order_id, place) if order.at_register else order.order_id
    return Line(
        number, order_id, keys.get("email_key"), keys.get("external_id"), keys.get("phone"), when, order.store,
        order.at_register, order.coupon_code, line.product, line.sku, line.category or NO_CATEGORY, line.brand,
        line.quantity, line.amount, max(line.discount, line.coupon_discount), line.coupon_discount, line.is_alcohol,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """Something a customer did, known by e-mail or external id."""

    event_type: str
    occurred_at: datetime | None = None
    email: str | None = None
    external_id: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


def checked_event(event: ToldEvent, zone: ZoneInfo) -> tuple[str, str, When]:
    """Return by which key the customer is known, its value, and when it was.

    Raises:
        Invalid: a reserved or malformed type, properties too large, a time out of bounds, nobody named.
    """
    if not _EVENT_TYPE.fullmatch(event.event_type) or event.event_type in RESERVED:
        raise Invalid(
            "event_type must be page_view or a name of your own (small letters, digits, underscores) that is none of"
            f" ours: {', '.join(sorted(RESERVED))}.",
            field="event_type",
        )
    if len(json.dumps(dict(event.properties))) > MAX_PROPERTIES:
        raise Invalid(f"properties may have {figure(MAX_PROPERTIES)} characters as JSON.", field="properties")
    when = _moment(event.occurred_at or now(), zone, now() - OLDEST_EVENT)
    if event.email:
        return "email_key", normalise_email(event.email), when
    if event.external_id:
        return "external_id", event.external_id, when
    raise Invalid("Say who did it: email or external_id.", field="email")


async def record_event(session: AsyncSession, actor: Actor, told: ToldEvent) -> None:
    """Append something a customer did (a page view, or an event of the shop's own) to the log.

    Raises:
        Forbidden: the actor may only read.
        Invalid: see `checked_event`.
        NotFound: nobody known did it.
    """
    require(actor, Permission.EVENTS_WRITE)
    zone = ZoneInfo((await load_settings(session, GeneralSettings)).timezone)
    key, value, when = checked_event(told, zone)
    known = await basket_lines.load_buyers(session, {**{one: [] for one in KEYS}, key: [value]})
    if (customer := known.owner(key, value)) is None:
        raise NotFound("There is no such customer.")
    await record_events(session, [NewEvent(told.event_type, customer.id, occurred_at=when.at,
                                           properties=dict(told.properties))])  # fmt: skip
