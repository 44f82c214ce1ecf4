"""The playbook half of a segment, validated: what to offer, in which voice, by which channel, when, within what."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.core.storable_text import said
from liquor_app.organization.models import Channel

TEMPLATE_CATEGORIES = ("win_back", "loyalty", "bundle_offer", "discovery", "second_purchase")
COLORS = ("c1", "c2", "c3", "c4", "c5", "c6")
MAX_OFFERS = 8

_TIME = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
_PLACEHOLDER = re.compile(r"\{[^}]*\}?")
_ALLOWED_PLACEHOLDERS = {"{category}", "{discount}", "{product}"}


def clean_text(value: object, field: str, limit: int, *, required: bool = True) -> str | None:
    """Trimmed printable text.

    Raises:
        Invalid: not text, empty though required, too long, or with control characters.
    """
    if value is None and not required:
        return None
    if not isinstance(value, str):
        raise Invalid(f"{field} must be text", field=field)
    trimmed = said(value)
    if not trimmed:
        if required:
            raise Invalid(f"{field} must not be empty", field=field)
        return None
    if len(trimmed) > limit:
        raise Invalid(f"{field} must be at most {limit} characters", field=field)
    if any(not (letter.isprintable() or letter in "\n\t") for letter in trimmed):
        raise Invalid(f"{field} must not hold control characters", field=field)
    return trimmed


def as_offer_words(words: str, limit: int = 160) -> str:
    """Return somebody else's words, such as a product's name, fit to stand in an offer: braces are no placeholder."""
    kept = "".join(one if one.isprintable() else " " for one in words.replace("{", "(").replace("}", ")"))
    return " ".join(kept.split())[:limit].rstrip()


def clean_percent(value: object, field: str) -> Decimal:
    """Return a percentage with two places.

    Raises:
        Invalid: not a number from 0 to 100.
    """
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        percent = Decimal(str(value)).quantize(Decimal("0.01"))
        inside = percent.is_finite() and 0 <= percent <= 100
    except InvalidOperation:
        inside = False
    if not inside:
        raise Invalid(f"{field} must be a percentage from 0 to 100", field=field)
    return percent


def clean_offers(value: object) -> list[dict[str, Any]]:
    """Offers, best first: `{"name", "discount_pct" (text of a decimal), "text", "category"?, "product"?}`.

    `text` may use {category} (the customer's favourite), {discount} and {product}. An offer with a `category` is only
    for customers who buy it; one with a `product` (its SKU or UPC) is held to that product's margin, and made while it
    is in stock.

    Raises:
        Invalid: the message names the offer and the part to blame.
    """
    field = "recommended_offers"
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_OFFERS:
        raise Invalid(f"{field} must be a list of 1 to {MAX_OFFERS} offers", field=field)
    cleaned = []
    for index, raw in enumerate(value):
        where = f"{field}[{index}]"
        if not isinstance(raw, dict):
            raise Invalid(f"{where} must be an object with name, discount_pct and text", field=where)
        if unknown := set(raw) - {"name", "discount_pct", "text", "category", "product"}:
            raise Invalid(f"{where}: {sorted(map(str, unknown))[0]!r} does not belong to an offer", field=where)
        offer: dict[str, Any] = {
            "name": clean_text(raw.get("name"), f"{where}.name", 80),
            "discount_pct": str(clean_percent(raw.get("discount_pct", 0), f"{where}.discount_pct")),
            "text": clean_text(raw.get("text"), f"{where}.text", 160),
        }
        strange = set(_PLACEHOLDER.findall(str(offer["text"]))) - _ALLOWED_PLACEHOLDERS
        if strange:
            raise Invalid(
                f"{where}.text: {sorted(strange)[0]} is not known; use {{category}}, {{product}} or {{discount}}",
                field=f"{where}.text",
            )
        if category := clean_text(raw.get("category"), f"{where}.category", 80, required=False):
            offer["category"] = category
        if product := clean_text(raw.get("product"), f"{where}.product", 100, required=False):
            offer["product"] = product
        elif "{product}" in str(offer["text"]):
            raise Invalid(f"{where}.product: {{product}} needs the product's SKU or UPC", field=f"{where}.product")
        cleaned.append(offer)
    return cleaned


def clean_channels(value: object) -> list[str]:
    """Channels in the order of preference.

    Raises:
        Invalid: empty, unknown or repeated.
    """
    allowed = [channel.value for channel in Channel]
    if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
        raise Invalid("optimal_channels must be a list of channels, each once", field="optimal_channels")
    for channel in value:
        if channel not in allowed:
            raise Invalid(f"optimal_channels: use {' or '.join(allowed)}", field="optimal_channels")
    return [str(channel) for channel in value]


def clean_window(value: object) -> dict[str, str]:
    """`{"start": "17:00", "end": "21:00"}`, local to the recipient, at least an hour wide.

    Raises:
        Invalid: malformed, or shorter than an hour.
    """
    field = "optimal_send_window"
    if not isinstance(value, dict) or set(value) != {"start", "end"}:
        raise Invalid(f"{field} must have start and end, such as 17:00 and 21:00", field=field)
    if any(not isinstance(value[key], str) or not _TIME.match(value[key]) for key in ("start", "end")):
        raise Invalid(f"{field}: write times as 17:00", field=field)
    start, end = (int(value[key][:2]) * 60 + int(value[key][3:]) for key in ("start", "end"))
    if end - start < 60:
        raise Invalid(f"{field}: end must be at least an hour after start", field=field)
    return {"start": value["start"], "end": value["end"]}


def clean_choice(value: object, field: str, options: tuple[str, ...]) -> str:
    """Check, or raise Invalid: not one of `options`."""
    if value not in options:
        raise Invalid(f"{field} must be one of {', '.join(options)}", field=field)
    return str(value)
