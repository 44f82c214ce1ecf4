"""One body for each operation that takes JSON, as somebody would send it: for the description and the page of it.

A test sends each of them: what is shown is taken.
"""

from __future__ import annotations

from typing import Any

from liquor_app.customers.models import ConsentStatus

ID = "01990f6e-7c1a-7d2b-9a44-5f0e8c6b1a20"
PASSWORD = "kiln otter velvet 99"  # noqa: S105
_PASSKEY = {
    "id": "pM0c8w2n", "rawId": "pM0c8w2n", "type": "public-key",
    "response": {"clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4ifQ", "attestationObject": "o2NmbXRkbm9uZQ"},
}  # fmt: skip
_SIGNED = {
    **_PASSKEY,
    "response": {"clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4ifQ", "authenticatorData": "SZYN5Q", "signature": "MEUCIQ"},
}
_SEGMENT = {
    "name": "Rye, lapsing", "description": "Bought rye twice and stays away",
    "rules": {"all": [{"field": "churn_probability", "op": "gte", "value": 0.5}]},
    "optimal_channels": ["email"], "max_discount_pct": "15",
}  # fmt: skip
_CHOICES = {"kind": "customers", "policy": "fill", "mapping": {"email": "E-Mail"}, "options": {"date_order": "mdy"}}
_FOLDER = {"name": "Till", "folder": "till", "kind": "purchases", "policy": "fill", "every_minutes": 15}
_LETTER = {
    "subject_template": "For you, {{ first_name | default: 'friend' }}: {{ offer.text }}",
    "body_text_template": "Come by this week: {{ offer.text }}.",
}

EXAMPLES: dict[str, Any] = {
    "POST /auth/login": {"email": "ann@shop.example", "password": PASSWORD},
    "POST /auth/refresh": {"refresh_token": "qK3…"},
    "POST /auth/logout": {"refresh_token": "qK3…"},
    "POST /auth/register": {
        "email": "ann@shop.example", "password": PASSWORD, "full_name": "Ann Sample", "setup_code": "K7QF-2M9D",
        "licence_state": "ME",
    },
    "POST /auth/password": {"token": "dyjQq6DlTP8M25L1jy12c2k5", "password": PASSWORD},
    "POST /auth/forgotten": {"email": "ann@shop.example"},
    "POST /auth/passkeys/finish": {"credential": _SIGNED},
    "PATCH /users/me": {"full_name": "Ann B. Sample"},
    "POST /users/me/passkeys/begin": {"current_password": PASSWORD},
    "POST /users/me/passkeys": {"name": "Laptop", "credential": _PASSKEY},
    "PATCH /users/me/passkeys/{id}": {"name": "Old laptop"},
    "POST /users/me/two-steps": {"current_password": PASSWORD},
    "POST /users/me/two-steps/confirm": {"code": "492039"},
    "POST /users/me/two-steps/off": {"current_password": PASSWORD, "code": "492039"},
    "POST /users": {"email": "bo@shop.example", "full_name": "Bo Sample", "role": "manager"},
    "PATCH /users/{id}": {"role": "user"},
    "PATCH /settings/access": {"two_steps_for_admins": False},
    "POST /api-keys": {"name": "Till", "role": "manager", "areas": ["purchases:write", "customers:read"], "days": 365},
    "PATCH /api-keys/{id}": {"per_minute": 600, "per_month": None},
    "POST /customers": {
        "external_id": "C-1001", "email": "ann@example.com", "phone": "+12075550142", "name": "Ann Sample",
        "city": "Portland", "state": "ME", "postal_code": "04101", "date_of_birth": "1984-05-17",
    },
    "PATCH /customers/{id}": {"city": "Bath", "no_tracking": True},
    "POST /customers/export": {"filters": {"churn_risk": "high"}, "sort": "-clv_score", "columns": ["email", "name"]},
    "POST /customers/bulk": {"action": "tag", "value": "rye lover", "filters": {"churn_risk": "high"}, "at_most": 250},
    "POST /customers/{id}/age": {"date_of_birth": "1984-05-17", "proof": "driving licence, at the counter"},
    "POST /customers/{id}/consents": {
        "channel": "email", "status": ConsentStatus.GIVEN.value, "source": "sign-up sheet at the counter",
        "wording_version": "2026-03",
        "ip": "203.0.113.7",
    },
    "POST /customers/{id}/messages": {"kind": "confirm", "channel": "email"},
    "POST /custom-fields": {"label": "Favorite grape", "kind": "text"},
    "PATCH /customers/{id}/labels": {"tags": ["rye lover"], "custom": {"favorite_grape": "Riesling"}},
    "POST /customers/{id}/merge": {"other": ID, "reason": "Showed both cards at the counter"},
    "POST /customers/{id}/erasure": {"ground": "asked", "confirm": True},
    "PUT /customers/{id}/objection": {"objects": True},
    "POST /suppressions": {"channel": "email", "addresses": ["ann@example.com", "bo@example.com"]},
    "POST /suppressions/{id}/lift": {"why": "Asked for it on the telephone, in writing since"},
    "POST /saved-views": {"list": "customers", "name": "At risk", "query": {"churn_risk": "high"}, "is_shared": True},
    "POST /imports/{id}/preview": _CHOICES,
    "POST /imports/{id}/start": _CHOICES,
    "POST /drop-folders": _FOLDER,
    "PUT /drop-folders/{id}": _FOLDER,
    "PUT /products": {
        "items": [{"sku": "OHB750", "name": "Harbor Bourbon", "category": "Whiskey", "price": "24.99", "stock": "12"}]
    },
    "POST /products/{id}/interests": {"customer_ids": [ID]},
    "POST /allocations": {"product_id": ID, "bottles": 6, "method": "draw"},
    "POST /allocations/{id}/entries": {"number": 3, "claimed": True},
    "POST /segments": {**_SEGMENT, "kind": "rule"},
    "PATCH /segments/{id}": {"description": "Bought rye twice, and none for 90 days", "max_discount_pct": "10"},
    "POST /campaigns": {
        "name": "Rye week", "target_segments": ["champions"], "type": "one_time", "start_date": "2030-03-04",
        "end_date": "2030-03-10", "holdout_pct": "10", "target_kpis": ["incremental_revenue"],
    },
    "PATCH /campaigns/{id}": {"description": "With the new ryes", "holdout_pct": "5"},
    "POST /campaigns/export": {"filters": {"type": "one_time"}, "sort": "-start_date"},
    "POST /campaigns/bulk": {"action": "pause", "ids": [ID]},
    "POST /campaigns/generate": {"name": "Next week", "start_date": "2030-03-04", "end_date": "2030-03-10"},
    "POST /campaigns/{id}/codes": {"discount_pct": "10", "pool_id": ID},
    "POST /campaigns/{id}/approve": {"plan_id": ID, "fingerprint": "7d2b9a445f0e8c6b"},
    "POST /campaigns/{id}/play": {"seconds": 60},
    "POST /campaigns/{id}/pause": {"reason": "The delivery is late"},
    "POST /campaigns/{id}/skip": {"segment": "champions", "day": "2030-03-05", "note": "Stock is short"},
    "PUT /campaigns/{id}/ab-test": {
        "name": "A date in the subject", "topic": "subject", "channel": "email", "measure": "clicked",
        "given": ["Until Sunday: {{ offer.text }}"], "hypothesis": "A date hurries.",
    },
    "PATCH /campaigns/{id}/ab-test": {"learned": "A date in the subject brings no more clicks."},
    "POST /campaigns/{id}/ab-test/winner": {"winner": "B"},
    "POST /actions/generate": {"campaign_id": ID},
    "POST /actions/{id}/move": {"day": "2030-03-06"},
    "POST /actions/{id}/skip": {"note": "Told at the counter already"},
    "POST /actions/{id}/offer": {"text": "10% off your next bottle of rye", "discount_pct": "10"},
    "POST /actions/{id}/copy": {"subject": "Your rye is back", "message": "It came in this morning: come by."},
    "POST /coupon-pools": {"name": "Ten off, spring", "discount_pct": "10", "low_water": 100},
    "PATCH /coupon-pools/{id}": {"low_water": 250},
    "POST /coupon-pools/{id}/codes": {"codes": ["RYE-7Q2M", "RYE-9KD4"]},
    "POST /sends/again": {"campaign_id": ID, "whom": "failed"},
    "POST /sends/{id}/settle": {"was_sent": True},
    "POST /replies/{id}/settle": {"is_no": True},
    "POST /replies/note": {"address": "ann@example.com", "words": "Please take me off the list"},
    "POST /webhook-endpoints": {"url": "https://hooks.example.com/liquor", "events": ["customer.created"]},
    "PATCH /webhook-endpoints/{id}": {"is_active": False},
    "POST /analytics/learning/rules": {
        "effect": "forbid", "segment": "champions", "offer": "Ten off", "channel": "email", "reason": "Sold out",
    },
    "POST /analytics/ask": {"question": "Who stopped buying?", "days": 30},
    "POST /reports/export": {"report": "campaigns", "format": "csv", "start": "2026-10-01", "end": "2026-10-31"},
    "POST /settings/templates": {
        "name": "Rye is back", "channel": "sms", "category": "win_back",
        "body_text_template": "Your rye is back: {{ offer.text }}",
    },
    "PATCH /settings/templates/{id}": {"name": "Rye is back, short"},
    "POST /settings/templates/{id}/preview": {**_LETTER, "customer_id": ID},
    "POST /settings/templates/{id}/test": {"customer_id": ID},
    "PATCH /settings/channels": {"channel": "email", "provider": "sandbox", "is_enabled": True, "rate_per_second": 10},
    "PATCH /settings/channels/senders": {"domain": "shop.example", "selectors": "mx"},
    "PATCH /settings/compliance": {"minimum_age": 21, "max_contacts_7_days": 2},
    "POST /settings/compliance/rules": {
        "jurisdiction": "WA", "kind": "hours", "channel": "sms", "value": {"start": "09:00", "end": "19:00"},
        "citation": "H.B. 1 (2030)", "valid_from": "2030-07-01",
    },
    "POST /settings/compliance/rules/{id}/end": {"on": "2030-07-01"},
    "PATCH /settings/guidance": {"tone": "Warm and plain", "max_discount_pct": "20", "admin_above_recipients": 5000},
    "PATCH /settings/brands/{id}": {"name": "Harbor & Vine", "primary_color": "#6b2230", "track_opens": False},
    "PATCH /settings/sign-up/{id}": {"is_open": True, "headline": "Be told first", "messages_a_month": 4},
}  # fmt: skip
"""By operation, as `rule_codes` names them."""
