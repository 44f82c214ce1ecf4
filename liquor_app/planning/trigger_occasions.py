"""Find for whom a trigger's occasion came, and when: one query a kind of trigger. Pure."""

from __future__ import annotations

from typing import Any

from liquor_app.campaigns.triggers import Trigger, TriggerKind

LOOK_BACK_DAYS = 7
"""Occasions older than this are missed for good: after a long outage a late word does more harm than none."""

_OCCASIONS = {
    TriggerKind.SEGMENT_ENTERED: (
        "SELECT c.customer_id, c.at FROM segment_changes c JOIN segments s ON s.id = c.segment_id"
        " WHERE s.slug = :segment AND c.entered AND c.at > :since AND c.at <= :until"
    ),
    TriggerKind.EVENT: (
        "SELECT customer_id, occurred_at AS at FROM analytics_events"
        " WHERE event_type = :event AND occurred_at > :since AND occurred_at <= :until AND customer_id IS NOT NULL"
    ),
    TriggerKind.PURCHASE_OVERDUE: (
        "SELECT id AS customer_id, next_purchase_at + make_interval(days => :days) AS at FROM customers"
        " WHERE next_purchase_at > CAST(:since AS timestamptz) - make_interval(days => :days)"
        " AND next_purchase_at <= CAST(:until AS timestamptz) - make_interval(days => :days)"
    ),
    TriggerKind.AFTER_FIRST_PURCHASE: (
        "SELECT id AS customer_id, first_purchase_at + make_interval(days => :days) AS at FROM customers"
        " WHERE first_purchase_at > CAST(:since AS timestamptz) - make_interval(days => :days)"
        " AND first_purchase_at <= CAST(:until AS timestamptz) - make_interval(days => :days)"
    ),
}


def occasions_sql(trigger: Trigger) -> tuple[str, dict[str, Any]]:
    """Return a query of (customer_id, at) between `:since` and `:until`, and what else it binds."""
    binds: dict[TriggerKind, dict[str, Any]] = {
        TriggerKind.SEGMENT_ENTERED: {"segment": trigger.segment},
        TriggerKind.EVENT: {"event": trigger.event},
        TriggerKind.PURCHASE_OVERDUE: {"days": trigger.days},
        TriggerKind.AFTER_FIRST_PURCHASE: {"days": trigger.days},
    }
    return _OCCASIONS[trigger.kind], binds[trigger.kind]
