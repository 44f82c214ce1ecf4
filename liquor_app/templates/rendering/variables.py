"""The variables a template may use, from what is known of customer, offer and brand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from liquor_app.customers.person_names import called_by, clean_person_name
from liquor_app.ui.words import show_weekday

if TYPE_CHECKING:
    from liquor_app.organization.service import BrandRow

Context = dict[str, Any]

VARIABLES: dict[str, str] = {
    "customer.first_name": "Marguerite",
    "customer.name": "Marguerite Okafor",
    "customer.city": "Portland",
    "customer.favourite": "craft beer",
    "offer.text": "10% off craft beer",
    "offer.name": "Favourite category",
    "offer.discount": "10",
    "offer.category": "craft beer",
    "offer.ends": "Sunday 29 November",
    "offer.code": "KV7Q-2MRT",
    "message": "It has been a while. 10% off craft beer, until 29 November.",
    "own_words": "Your craft beer waits for you: 10% off craft beer.",
    "brand.name": "Harbor & Vine",
    "brand.color": "#995a07",
    "brand.logo": "https://shop.example.com/logo.png",
    "brand.address": "14 Wharf St, Portland, ME 04101",
    "links.shop": "https://shop.example.com",
}
"""Every variable with an example; `customer.*` and `offer.code` may be unknown, so give them a `default`."""

OWN_WORDS = "own_words"
"""Words that a person, the AI planner or an A/B test gave just this message; most have none, so ask for them first:
`{% if own_words %}{{ own_words }}{% else %}…{% endif %}`. The same key of an offer's terms says that it has some."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What templates may know of a person."""

    name: str | None
    city: str | None
    favourite: str | None
    custom: Mapping[str, str] = field(default_factory=dict)
    """Custom fields: `{{ custom.favorite_grape }}`."""
    given: str | None = None
    """Their given name, where it was told apart."""


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """The action's offer; `terms` as `actions.offer_terms` keeps them."""

    text: str
    message: str | None
    terms: dict[str, Any]
    code: str | None = None


def build_context(person: Recipient, offer: OfferFacts, brand: BrandRow) -> Context:
    """Nested variables; what is not known is left out, so that strict rendering notices."""
    name, discount, category, ends = shown_terms(offer)
    own = personal_values(person, offer)
    return {
        "customer": {path.removeprefix("customer."): own[path] for path in own if path.startswith("customer.")},
        "offer": _known(
            text=offer.text,
            name=name,
            discount=_plain_number(discount),
            category=in_sentence(category),
            ends=_day(ends),
            code=offer.code,
        ),
        "custom": dict(person.custom),
        **_known(message=offer.message, own_words=offer.message if offer.terms.get(OWN_WORDS) else None),
        **brand_context(brand),
    }


def brand_context(brand: BrandRow) -> Context:
    """Return the part of the variables that is the brand's."""
    return {
        "brand": _known(
            name=brand.name,
            color=brand.primary_color,
            logo=brand.logo_url,
            address=brand.postal_address,
        ),
        "links": {"shop": brand.website_url},
    }


def shown_terms(offer: OfferFacts) -> tuple[Any, Any, Any, Any]:
    """Of an offer's terms, all that a template can show: name, discount, category and last day."""
    terms = offer.terms
    return terms.get("name"), terms.get("discount_pct"), terms.get("category"), terms.get("expires_on")


def personal_values(person: Recipient, offer: OfferFacts) -> dict[str, str]:
    """Return the variables that are one recipient's own, by their paths; the others are the same for all who get the
    offer."""
    return _known(
        **{
            "customer.first_name": called_by(person.given, person.name),
            "customer.name": clean_person_name(person.name or ""),
            "customer.city": person.city,
            "customer.favourite": in_sentence(person.favourite),
            "offer.code": offer.code,
        }
    )


def example_context() -> Context:
    """Return the examples of `VARIABLES`, nested, but for words of its own, which most messages have not."""
    made: Context = {}
    for path, example in VARIABLES.items():
        if path == OWN_WORDS:
            continue
        group, _, name = path.partition(".")
        if name:
            made.setdefault(group, {})[name] = example
        else:
            made[group] = example
    return made


def in_sentence(category: str | None) -> str | None:
    """`domestic wine` of `Domestic wine`; `IPA` stays."""
    if not category:
        return None
    return category if category.isupper() and len(category) <= 4 else category[:1].lower() + category[1:]


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _plain_number(value: Any) -> str | None:
    if value in (None, "", "0"):
        return None
    return str(value).rstrip("0").rstrip(".") if "." in str(value) else str(value)


def _day(value: Any) -> str | None:
    """`Sunday 29 November` of `2026-11-29`."""
    if not value:
        return None
    day = date.fromisoformat(str(value))
    return show_weekday(day, long=True)
