"""Take purchases as a till or a shop tells them, thousands a call."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Invalid, Meanwhile
from liquor_app.core.listing.told_rows import RefusedRow, RowFields, RowOutcome, counted, refused
from liquor_app.customers.baskets import baskets_made, write_baskets
from liquor_app.imports.cleaning.line_rows import Line
from liquor_app.imports.orders import basket_lines
from liquor_app.imports.orders.store_orders import called_as_known
from liquor_app.imports.readers.formats import READING
from liquor_app.imports.single_purchases import NewOrder, ToldEvent, lines_of, reckon_anew
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit


def unknown(told: NewOrder | ToldEvent) -> RefusedRow:
    """Return the refusal of a row about nobody we know, which blames what names them."""
    field = next((name for name in ("email", "external_id", "phone") if getattr(told, name, None)), "email")
    return RefusedRow("unknown_customer", field, "There is no such customer.")


async def record_purchases(
    session: AsyncSession, actor: Actor, orders: Sequence[NewOrder | RefusedRow]
) -> list[RowFields]:
    """Take baskets in, each as `record_purchase` does; the same again changes nothing. Of several rows of one order the
    last one that can be taken counts.

    Raises:
        Forbidden: the actor may only read.
        Conflict: somebody else kept writing the same orders.
    """
    require(actor, Permission.PURCHASES_WRITE)
    zone = ZoneInfo((await load_settings(session, GeneralSettings)).timezone)
    told, lines, row_of = await READING.run(_read, orders, zone)
    lines = await called_as_known(session, lines)
    rows, rejected = await basket_lines.recognise(session, None, lines)
    for at, why in rejected:
        row = row_of[lines[at].number]
        order = orders[row - 1]
        assert isinstance(order, NewOrder)
        is_unknown = why.code == "unknown_customer"
        reason = unknown(order) if is_unknown else RefusedRow(why.code, why.field, why.reason)
        told.setdefault(row, refused(row, reason))
    counts: dict[str, int] = {}
    for number, order_id, *_ in rows:
        if (row := row_of[number]) not in told:
            counts[order_id] = max(row, counts.get(order_id, 0))
    standing = [one for one in rows if counts.get(one[1]) == row_of[one[0]]]
    await basket_lines.stage_rows(session, standing)
    try:
        written = await write_baskets(session, zone, keep=False)
    except IntegrityError as error:
        raise Meanwhile("Somebody else kept changing these orders. Please try again.") from error
    made = await baskets_made(session)
    await reckon_anew(session, written.since)
    for order_id, row in counts.items():
        basket = made[order_id]
        told[row] = RowFields(row, RowOutcome(basket.outcome), basket.id)
    for number, order_id, *_ in rows:
        if (row := row_of[number]) not in told:
            later = f"Row {counts[order_id]} tells this order anew; that one counts."
            told[row] = RowFields(row, RowOutcome.SUPERSEDED, made[order_id].id, reason=later)
    answer = [told[row] for row in sorted(told)]
    await audit(session, actor, "purchases.recorded", "purchase", None, rows=len(answer), counts=counted(answer))
    facts = [
        {"purchase_id": one.id, "order_id": order_id, "customer_id": one.customer_id, "total": one.total}
        for order_id, one in made.items()
        if one.outcome == RowOutcome.CREATED
    ]
    await emit(session, Happened.PURCHASE_CREATED, facts)
    return answer


def _read(
    orders: Sequence[NewOrder | RefusedRow], zone: ZoneInfo
) -> tuple[dict[int, RowFields], list[Line], dict[int, int]]:
    """Return what is refused already by its row, and the lines of all others, with the row of each line's number. For
    a thread."""
    told: dict[int, RowFields] = {}
    lines: list[Line] = []
    row_of: dict[int, int] = {}
    for row, order in enumerate(orders, 1):
        if isinstance(order, RefusedRow):
            told[row] = refused(row, order)
            continue
        try:
            own = lines_of(order, zone, first=len(lines) + 1)
        except Invalid as why:
            told[row] = refused(row, RefusedRow(why.code, why.field or "", why.message))
            continue
        lines += own
        row_of |= dict.fromkeys((line.number for line in own), row)
    return told, lines, row_of
