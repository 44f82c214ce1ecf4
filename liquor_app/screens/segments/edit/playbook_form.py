"""The playbook half of the editor: what a form holds, as the service takes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquor_app.segments.playbook import MAX_OFFERS
from liquor_app.segments.service import PLAYBOOK_DEFAULTS, SegmentRow
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.words import plain_number

TEXTS = ("name", "description", "messaging_strategy", "color", "template_category")
PERCENTS = ("max_discount_pct", "margin_floor_pct")
CHANNELS = [
    ("email", "E-mail only"),
    ("sms", "SMS only"),
    ("email,sms", "E-mail, then SMS"),
    ("sms,email", "SMS, then e-mail"),
]
NOTHING: Mapping[str, Any] = {}
OFFER_PARTS = ("name", "discount_pct", "text", "category", "product")


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One offer in the form; `error` is what is wrong with it."""

    id: str
    name: str
    discount: str
    text: str
    category: str
    product: str = ""
    error: str = ""


def fields_of(row: SegmentRow | None, begun: Mapping[str, Any] = NOTHING) -> dict[str, str]:
    """Tell what the form starts with; a new segment starts from the defaults, or as a ready-made one has `begun`."""
    source: Mapping[str, Any] = (
        {**PLAYBOOK_DEFAULTS, **begun} if row is None else {name: getattr(row, name) for name in SegmentRow.__slots__}
    )
    window = source["optimal_send_window"]
    return {
        **{name: str(source.get(name) or "") for name in TEXTS},
        **{name: plain_number(float(source[name])) for name in PERCENTS},
        "color": str(source.get("color") or "c4"),
        "optimal_channels": ",".join(source["optimal_channels"]),
        "start": window.get("start", "17:00"),
        "end": window.get("end", "21:00"),
    }


def offers_of(row: SegmentRow | None, begun: Mapping[str, Any] = NOTHING) -> list[OfferLine]:
    """Return the offers, best first."""
    offers = {**PLAYBOOK_DEFAULTS, **begun}["recommended_offers"] if row is None else row.recommended_offers
    return [
        OfferLine(
            str(index), str(one["name"]), plain_number(float(one.get('discount_pct', 0))), str(one["text"]),
            str(one.get("category") or ""), str(one.get("product") or ""),
        )
        for index, one in enumerate(offers, start=1)
    ]  # fmt: skip


def another_offer(offers: Sequence[OfferLine]) -> list[OfferLine]:
    """With an empty one at the end, as long as the playbook may hold more."""
    if len(offers) >= MAX_OFFERS:
        return list(offers)
    number = max((int(one.id) for one in offers), default=0) + 1
    return [*offers, OfferLine(str(number), "", "10", "{discount}% off {category}", "")]


def typed_offers(form: Mapping[str, Any], offers: Sequence[OfferLine]) -> list[OfferLine]:
    """Return the offers as typed into the form, in which each part is called `offer_<part>_<id>`."""

    def part(name: str, line: OfferLine) -> str:
        return typed(form, f"offer_{name}_{line.id}").strip()

    return [OfferLine(line.id, *(part(name, line) for name in OFFER_PARTS)) for line in offers]


def changes_of(form: Mapping[str, Any], offers: Sequence[OfferLine]) -> dict[str, Any]:
    """Tell what the service is given; it checks every value."""
    recommended = []
    for one in offers:
        narrowed = {name: value for name in ("category", "product") if (value := getattr(one, name))}
        recommended.append({"name": one.name, "discount_pct": one.discount, "text": one.text, **narrowed})
    return {
        **{name: typed(form, name) for name in (*TEXTS, *PERCENTS)},
        "optimal_channels": typed(form, "optimal_channels").split(","),
        "optimal_send_window": {"start": typed(form, "start"), "end": typed(form, "end")},
        "recommended_offers": recommended,
    }


def blamed_offers(offers: Sequence[OfferLine], field: str, message: str) -> list[OfferLine] | None:
    """Return the offers with the one the field points at marked; None if it points at none of them."""
    found = next((n for n in range(len(offers)) if field.startswith(f"recommended_offers[{n}]")), None)
    if found is None:
        return None
    words = message.partition("]")[2].lstrip(".: ") or message
    return [
        OfferLine(one.id, one.name, one.discount, one.text, one.category, one.product, words if n == found else "")
        for n, one in enumerate(offers)
    ]
