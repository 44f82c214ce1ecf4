"""What forms call their fields, and messages of services told in these words. Pure.

Services name fields as the API does (`every_minutes must be a whole number`), which is right for whoever wrote a
request; whoever typed into a form is told by the label that stands there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FIELD_LABELS: Mapping[str, str] = {
    "addresses": "Addresses",
    "admin_above_discount": "Discount above",
    "admin_above_recipients": "People above",
    "allowed_offers": "Allowed offers",
    "autopilot_max_discount": "Most discount",
    "autopilot_max_recipients": "Autopilot: most people",
    "autopilot_min_profit": "Least profit at the low end",
    "banned_excess": "Never invite to excess",
    "banned_health": "Never claim: health",
    "banned_other": "Never say, besides",
    "banned_youth": "Never appeal to youth",
    "body_html_template": "Design, in MJML",
    "body_text_template": "Text message",
    "born": "Date of birth",
    "category": "Kind of message",
    "citation": "Law",
    "areas": "Good for",
    "code": "SKU or UPC",
    "color": "Colour on charts",
    "counsel": "What counsel said",
    "current_password": "Present password",
    "date_of_birth": "Date of birth",
    "decide_on": "Winner takes the rest from",
    "discount_pct": "Discount, %",
    "email": "E-mail",
    "end_date": "Last day",
    "envelope": "Return path",
    "every_minutes": "Look every, minutes",
    "external_id": "Customer number",
    "footer_text": "Line in the footer",
    "from_email": "Sender's address",
    "from_name": "Sender's name",
    "full_name": "Name",
    "header": "Above every e-mail",
    "holdout_pct": "Held out, %",
    "intro": "Introduction",
    "is_standing": "Used for",
    "jurisdiction": "Place",
    "licence_state": "State of the licence",
    "llm_prompt": "What should it know?",
    "logo_alt": "Logo in words",
    "logo_url": "Logo",
    "low_water": "Tell me at",
    "margin_floor_pct": "Margin floor, %",
    "max_discount_pct": "Highest discount, %",
    "messages_a_month": "Messages a month, at most",
    "messaging_strategy": "Messaging strategy",
    "method": "Who gets them",
    "one_time": "One-time campaigns",
    "optimal_channels": "Reach them by",
    "optimal_time_window": "Best from",
    "origins": "Web sites that may frame it",
    "per_minute": "Requests a minute",
    "per_month": "Requests a month",
    "policy": "What is known already",
    "postal_address": "Postal address",
    "postal_code": "Postal code",
    "primary_color": "Colour",
    "privacy_url": "Privacy policy",
    "profile": "Read as",
    "programme": "What you write about",
    "proof": "Proof seen",
    "provider": "Through",
    "rate_per_second": "Rate, messages a second",
    "reason": "Why they are one person",
    "recommended_offers": "Offer",
    "reply_to": "Replies go to",
    "selectors": "DKIM selectors",
    "setup_code": "Set-up code",
    "silent_hours": "Tell me after hours of silence",
    "sms_sender": "SMS sender",
    "source": "Where it came from",
    "start_date": "First day",
    "subject_template": "Subject",
    "target_segments": "Segments",
    "template_category": "Kind of message",
    "terms_url": "Terms",
    "timezone": "Time zone",
    "track_clicks": "Count clicks",
    "track_opens": "Count opens",
    "trigger.days": "Days",
    "trigger.event": "Event",
    "trigger.kind": "Writes when",
    "trigger.segment": "Segment",
    "url": "Address",
    "unknown_customers": "Buyers who are not known",
    "valid_from": "Binds from",
    "variant_b": "Variant B",
    "variant_c": "Variant C",
    "variant_d": "Variant D",
    "warmup_first_day": "Messages on the first day",
    "warmup_from": "Warm-up from",
    "warmup_growth_pct": "More each day, %",
    "website_url": "Website",
    "weekly_plan": "Weekly plans",
}
"""Field, as services name it → what stands above it on the page. `tests/forms/test_field_labels.py` draws every page
and compares."""

_NAME = re.compile(r"[A-Za-z][\w]*(?:\[\d+\])?(?:\.\w+(?:\[\d+\])?)*", re.ASCII)
_STEP = re.compile(r"(\w+)(?:\[(\d{1,4})\])?", re.ASCII)


def label_of(name: str, labels: Mapping[str, str] = FIELD_LABELS) -> str:
    """Return what a field is called: `Discount, %` of `discount_pct`, `Offer 2, discount, %` of
    `recommended_offers[1].discount_pct`; a field without a label of its own by its name's own words."""
    if name in labels:
        return labels[name]
    said: list[str] = []
    for stem, place in _STEP.findall(name):
        words = labels.get(stem) or stem.replace("_", " ").strip()
        words = words[:1].lower() + words[1:] if said else words[:1].upper() + words[1:]
        said.append(f"{words} {int(place) + 1}" if place else words)
    return ", ".join(said)


def _begun(label: str) -> str:
    """Return a label as a sentence begins with it: in quotes if it holds more than words ("Discount, %")."""
    return label if label.replace(" ", "").isalpha() else f"“{label}”"


def in_labels(message: str, field: str | None = None, labels: Mapping[str, str] = FIELD_LABELS) -> str:
    """Return a service's message in the words of a form: names of fields become their labels, in quotes where they do
    not begin it; `field` is the one it is about, which may be one word ("folder must …")."""
    if field and message.startswith(f"{field}: "):
        message = message.removeprefix(f"{field}: ")  # the label stands above it
    elif field and message.startswith(f"{field} "):
        message = _begun(label_of(field, labels)) + message.removeprefix(field)

    def said(found: re.Match[str]) -> str:
        name, stem = found[0], re.split(r"[.\[]", found[0])[0]
        if name.isalpha() or not (name == field or name in labels or ("_" in stem and stem in labels)):
            return name  # an ordinary word, though a field may be named so
        return f"“{label_of(name, labels)}”" if found.start() else _begun(label_of(name, labels))

    message = _NAME.sub(said, message)
    return message[:1].upper() + message[1:]
