"""The segments every shop starts with, and their playbooks.

Rules lean on scores and counts rather than on money, so they fit a corner shop and a chain alike; everything here
can be edited afterwards. Order is the order of the cards.
"""

from __future__ import annotations

from typing import Any


def _field(name: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": name, "op": op, "value": value}


def _offer(name: str, discount_pct: int, text: str) -> dict[str, Any]:
    return {"name": name, "discount_pct": discount_pct, "text": text}


def _window(start: str, end: str) -> dict[str, str]:
    return {"start": start, "end": end}


_BEST = [_field("r_score", "gte", 4), _field("f_score", "gte", 4), _field("m_score", "gte", 4)]

DEFAULT_SEGMENTS: list[dict[str, Any]] = [
    {
        "slug": "champions",
        "name": "Champions",
        "description": "Bought lately, often and much. They need news and thanks, not money off.",
        "color": "c1",
        "rules": {
            "all": _BEST,
        },
        "recommended_offers": [
            _offer("Early access", 0, "First pick of this week's new {category}"),
            _offer("Thank-you", 5, "{discount}% off {category}, with our thanks"),
        ],
        "messaging_strategy": "First pour is yours: new arrivals before anybody else, in a warm and short tone.",
        "optimal_channels": ["email"],
        "optimal_send_window": _window("16:00", "20:00"),
        "template_category": "loyalty",
        "max_discount_pct": 5,
        "margin_floor_pct": 20,
    },
    {
        "slug": "loyal",
        "name": "Loyal",
        "description": "Come back reliably; worth showing something beside their usual.",
        "color": "c3",
        "rules": {
            "all": [
                _field("f_score", "gte", 3),
                _field("r_score", "gte", 3),
                _field("purchase_frequency", "gte", 3),
                {"not": {"all": _BEST}},
            ],
        },
        "recommended_offers": [
            _offer("Something new", 8, "{discount}% off something new beside your usual {category}"),
            _offer("Favourite category", 5, "{discount}% off {category}"),
            _offer("Beside your usual", 0, "What is new this week beside your usual {category}"),
        ],
        "messaging_strategy": "If you like this, try that: one discovery beside what they already buy.",
        "optimal_channels": ["email", "sms"],
        "optimal_send_window": _window("17:00", "21:00"),
        "template_category": "discovery",
        "max_discount_pct": 10,
        "margin_floor_pct": 15,
    },
    {
        "slug": "high_value_at_risk",
        "name": "High value at risk",
        "description": "Big spenders whose next purchase is more likely missing than coming.",
        "color": "c2",
        "rules": {
            "all": [
                _field("m_score", "gte", 4),
                _field("purchase_frequency", "gte", 2),
                _field("churn_probability", "gte", 0.5),
            ],
        },
        "recommended_offers": [
            _offer("Personal win-back", 15, "{discount}% off {category}, kept for you"),
            _offer("Favourite category", 10, "{discount}% off {category}"),
            _offer("A word from the shop", 0, "What is new in {category} since your last visit"),
        ],
        "messaging_strategy": "We noticed, and we kept yours: name the category, one clear reason to come back.",
        "optimal_channels": ["email", "sms"],
        "optimal_send_window": _window("17:00", "21:00"),
        "template_category": "win_back",
        "max_discount_pct": 15,
        "margin_floor_pct": 10,
    },
    {
        "slug": "low_value_frequent",
        "name": "Low value, frequent",
        "description": "Come often, buy little: the basket can grow.",
        "color": "c4",
        "rules": {"all": [_field("f_score", "gte", 4), _field("avg_order_value", "lt", 15)]},
        "recommended_offers": [
            _offer("Buy 2", 10, "Buy 2, get {discount}% off {category}"),
            _offer("Bundle", 5, "{discount}% off when you make it a pair of {category}"),
            _offer("Pairing", 0, "This week's pairing for your {category}"),
        ],
        "messaging_strategy": "Make it a case: one more item, not one more visit.",
        "optimal_channels": ["sms", "email"],
        "optimal_send_window": _window("18:00", "22:00"),
        "template_category": "bundle_offer",
        "max_discount_pct": 10,
        "margin_floor_pct": 12,
    },
    {
        "slug": "very_frequent_buyers",
        "name": "Very frequent buyers",
        "description": "Six or more purchases in the last 90 days. Thank them, never push them.",
        "color": "c1",
        "rules": {"all": [{"event": "purchased", "at_least": 6, "within_days": 90}]},
        "recommended_offers": [
            _offer("Case price", 5, "{discount}% off a mixed case with {category}"),
            _offer("Members' shelf", 0, "A shelf of {category} set aside for you"),
        ],
        "messaging_strategy": "Fewer trips, better value; no urgency, no countdowns, no second reminder.",
        "optimal_channels": ["email"],
        "optimal_send_window": _window("17:00", "20:00"),
        "template_category": "loyalty",
        "max_discount_pct": 5,
        "margin_floor_pct": 18,
    },
    {
        "slug": "at_risk",
        "name": "At risk",
        "description": "Regulars who have gone quiet.",
        "color": "c2",
        "rules": {
            "all": [
                _field("purchase_frequency", "gte", 4),
                _field("last_purchase_at", "older_than_days", 30),
                _field("churn_probability", "gte", 0.4),
            ],
        },
        "recommended_offers": [
            _offer("Favourite category", 10, "{discount}% off {category} this week"),
            _offer("Welcome back", 5, "{discount}% off your next visit"),
            _offer("A word from the shop", 0, "What is new in {category} since your last visit"),
        ],
        "messaging_strategy": "We kept yours cold: recall the favourite, offer it once, with an end date.",
        "optimal_channels": ["email", "sms"],
        "optimal_send_window": _window("17:00", "20:00"),
        "template_category": "win_back",
        "max_discount_pct": 12,
        "margin_floor_pct": 12,
    },
    {
        "slug": "one_time_buyers",
        "name": "One-time buyers",
        "description": "Bought exactly once, two weeks to four months ago.",
        "color": "c5",
        "rules": {
            "all": [
                _field("purchase_frequency", "eq", 1),
                _field("last_purchase_at", "older_than_days", 14),
                _field("last_purchase_at", "within_days", 120),
            ],
        },
        "recommended_offers": [
            _offer("Second visit", 12, "{discount}% off your second visit, no minimum"),
            _offer("A word from the shop", 0, "What is new in {category} since your first visit"),
        ],
        "messaging_strategy": "Good to meet you: say what they bought, make the second visit easy.",
        "optimal_channels": ["email"],
        "optimal_send_window": _window("17:00", "21:00"),
        "template_category": "second_purchase",
        "max_discount_pct": 15,
        "margin_floor_pct": 10,
    },
    {
        "slug": "new_customers",
        "name": "New customers",
        "description": "First purchase within the last 30 days.",
        "color": "c3",
        "rules": {"all": [_field("first_purchase_at", "within_days", 30)]},
        "recommended_offers": [
            _offer("Welcome", 8, "{discount}% off your next {category}, and a short tour of the shop"),
            _offer("A short tour", 0, "A short tour of the shop, and what is new in {category}"),
        ],
        "messaging_strategy": "Welcome in: who we are, what we are good at, one small reason to return.",
        "optimal_channels": ["email"],
        "optimal_send_window": _window("17:00", "20:00"),
        "template_category": "second_purchase",
        "max_discount_pct": 10,
        "margin_floor_pct": 12,
    },
    {
        "slug": "hibernating",
        "name": "Hibernating",
        "description": "Bought more than once, nothing for four months. One polite attempt, then silence.",
        "color": "c6",
        "rules": {
            "all": [
                _field("purchase_frequency", "gte", 2),
                _field("last_purchase_at", "older_than_days", 120),
            ],
        },
        "recommended_offers": [
            _offer("Come back", 15, "{discount}% off {category}, if you would like to come back"),
            _offer("A word from the shop", 0, "What is new in {category} since your last visit"),
        ],
        "messaging_strategy": "It has been a while: honest, brief, with an easy way to say no more.",
        "optimal_channels": ["email"],
        "optimal_send_window": _window("17:00", "20:00"),
        "template_category": "win_back",
        "max_discount_pct": 15,
        "margin_floor_pct": 10,
    },
]  # fmt: skip
