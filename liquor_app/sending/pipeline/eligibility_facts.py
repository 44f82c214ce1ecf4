"""Rows of the database as the facts `may_send` and the templates ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from liquor_app.actions.offers import facts_of, money_off
from liquor_app.campaigns.constraints import Overrides
from liquor_app.compliance.legal_rules import Span, parse_clock
from liquor_app.compliance.may_send import MessageFacts, PersonFacts
from liquor_app.compliance.recipient_place import place_of
from liquor_app.core.errors import Invalid
from liquor_app.coupons.coupon_codes import Wanted


def window_of(send_window: Mapping[str, Any]) -> Span | None:
    """Return the action's own hours; None if it has none that can be read."""
    try:
        span = parse_clock(send_window["start"], "start"), parse_clock(send_window["end"], "end")
    except (KeyError, Invalid):
        return None
    return span if span[0] < span[1] else None


def code_wanted(row: Any) -> Wanted | None:
    """Return the coupon code that goes with a message; None if it belongs to no action, or offers no money off.

    Args:
        row: with `action_id`, `customer_id`, `campaign_id`, `offer_terms`.
    """
    percent = money_off(row.offer_terms or {})
    if not row.action_id or not percent:
        return None
    return Wanted(row.action_id, row.campaign_id, row.customer_id, percent, last_day_of(row.offer_terms))


def has_coupon(offer_terms: Mapping[str, Any]) -> bool:
    """Tell whether the offer is money off; what cannot be read is held to the stricter rule."""
    return money_off(offer_terms) != 0


def last_day_of(offer_terms: Mapping[str, Any]) -> date | None:
    """Return the last day the offer holds; None if it has none that can be read."""
    try:
        return date.fromisoformat(str(offer_terms.get("expires_on")))
    except ValueError:
        return None


def message_facts(row: Any, licence: str | None) -> MessageFacts:
    """Of a row with `channel`, `send_window`, `offer`, `offer_terms`, `message`, `template_category` and the campaign's
    `constraints`; `licence` is the state of the brand's."""
    own, terms = row.constraints or {}, row.offer_terms or {}
    return MessageFacts(
        channel=row.channel,
        window=window_of(row.send_window or {}),
        has_coupon=has_coupon(terms),
        max_contacts_7_days=_cap(own, "max_contacts_7_days"),
        max_contacts_30_days=_cap(own, "max_contacts_30_days"),
        topic=row.template_category,
        licence=licence,
        offer=facts_of(terms, row.offer, row.message),
    )


def place_facts(row: Any) -> PersonFacts:
    """Tell where and when somebody can be reached; of a row with `address`, `phone`, `state`, `postal_code`,
    `timezone`."""
    return PersonFacts(
        has_address=bool(row.address),
        **_place(row),
    )


def person_facts(
    row: Any,
    *,
    suppressed: bool,
    contacts: tuple[int, int, int],
    unread_reply: bool = False,
    number_refused: bool = False,
) -> PersonFacts:
    """Return everything known of the recipient; `contacts` within 24 hours, 7 and 30 days."""
    return PersonFacts(
        has_address=bool(row.address),
        consent=row.consent,
        consent_at=row.consent_at,
        suppressed=suppressed,
        number_refused=number_refused,
        deleted=row.deleted,
        objected=row.objected,
        of_age_on=row.of_age_on,
        age_verified=row.age_verified,
        age_disputed=row.age_disputed,
        has_alcohol_purchases=bool(row.has_alcohol_purchases),
        **_place(row),
        unread_reply=unread_reply,
        paused_until=row.paused_until,
        own_cap_30_days=row.max_contacts_30_days,
        topics_off=tuple(row.topics_off),
        contacts_24h=contacts[0],
        contacts_7d=contacts[1],
        contacts_30d=contacts[2],
    )


def is_over(moment: datetime, expires_at: datetime | None) -> bool:
    """Tell whether a message is no longer worth sending."""
    return expires_at is not None and moment >= expires_at


def _place(row: Any) -> dict[str, Any]:
    return place_of(row.channel, state=row.state, postal_code=row.postal_code, timezone=row.timezone, phone=row.phone)


def _cap(constraints: Mapping[str, Any], name: str) -> int | None:
    value = constraints.get(name)
    return value if isinstance(value, int) and name in Overrides.model_fields else None
