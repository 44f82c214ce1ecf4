"""Segments that are ready to be made: a rule and a playbook to begin with, changed like any other.

They are by dates that few shops know of everybody, so no shop starts with them (`default_segments` has those).
"""

from __future__ import annotations

from typing import Any

from liquor_app.customers.ages.birth_dates import LEGAL_AGE

READY_MADE: dict[str, dict[str, Any]] = {
    "birthday_this_month": {
        "name": "Birthday this month",
        "description": "Keep their birthday in this calendar month, by the shop's day.",
        "color": "c5",
        "rules": {"all": [{"field": "birthday", "op": "this_month"}]},
        "recommended_offers": [
            {"name": "Birthday", "discount_pct": 10, "text": "{discount}% off {category}, for your birthday"},
            {"name": "A word from the shop", "discount_pct": 0, "text": "A happy birthday from all of us"},
        ],
        "messaging_strategy": "Congratulate first, offer second; once, and never by their age.",
        "optimal_channels": ["email"],
        "optimal_send_window": {"start": "16:00", "end": "20:00"},
        "template_category": "loyalty",
        "max_discount_pct": 10,
        "margin_floor_pct": 12,
    },
    "coming_of_age": {
        "name": "Coming of age in 30 days",
        "description": f"Turn {LEGAL_AGE} within 30 days. Nobody is written to before the day: to prepare a welcome.",
        "color": "c4",
        "rules": {"all": [{"field": "turned_21", "op": "next_days", "value": 30}]},
        "recommended_offers": [
            {"name": "Welcome", "discount_pct": 0, "text": "Welcome: a short tour of the shop, and what is new"},
        ],
        "messaging_strategy": "A welcome from the day on, in the shop's voice; no urgency.",
        "optimal_channels": ["email"],
        "optimal_send_window": {"start": "16:00", "end": "20:00"},
        "template_category": "second_purchase",
        "max_discount_pct": 5,
        "margin_floor_pct": 15,
    },
}  # fmt: skip
