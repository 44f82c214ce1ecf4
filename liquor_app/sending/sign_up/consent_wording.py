"""What people are told and tick when they sign up. Pure.

A shop writes the headline, the introduction, what it writes about and how often. What carriers and the law want beside
the boxes (CTIA Messaging Principles 5.1; 47 CFR 64.1200(f)(9)) is put there by us and cannot be left out: who writes,
that it goes on, how often, what it costs, the ways out and to help, the terms, and that nothing has to be bought.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from liquor_app.core.errors import Invalid
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.organization.models import Channel
from liquor_app.ui.words import figure, plural

MAX_ORIGINS = 5
MOST_A_MONTH = 30
_LIMITS = {"headline": 80, "intro": 300, "programme": 120, "terms_url": 500, "privacy_url": 500}
_NEEDED = {
    "headline": "Say in a line what people get.",
    "programme": "Say what you write about, such as offers and news about wine and spirits.",
}
_ORIGIN = re.compile(r"https://[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?(:\d{1,5})?")


@dataclass(frozen=True)
class PolicyLinks:
    """The two pages carriers want named beside the box for texts; empty until the shop names them."""

    terms_url: str = ""
    privacy_url: str = ""


@dataclass(frozen=True)
class WordingFields(PolicyLinks):
    """What people are told and tick. Version 0 is ours, before a shop has written any."""

    version: int = 0
    headline: str = "Be the first to hear"
    intro: str = "New arrivals, tastings and offers, now and then."
    programme: str = "offers and news about wine, beer and spirits"
    messages_a_month: int = 4


@dataclass(frozen=True, slots=True)
class Wording(WordingFields):
    """One version of it."""

    @property
    def lacks(self) -> str:
        """Return what carriers want before anybody may be asked for a phone number; empty if nothing is missing."""
        pages = {"terms": self.terms_url, "privacy policy": self.privacy_url}
        return " and ".join(f"a link to your {name}" for name, address in pages.items() if not address)


EDITABLE = (*_LIMITS, "messages_a_month")


def changed(wording: Wording, changes: Mapping[str, Any]) -> Wording:
    """Return the wording with some of it written anew.

    Raises:
        Invalid: a field that cannot be as it is; `field` names it.
    """
    values: dict[str, Any] = {}
    mistakes = Mistakes()
    for name, given in changes.items():
        with mistakes.noted():
            values[name] = _how_often(given) if name == "messages_a_month" else _text(name, given)
    mistakes.refuse()
    return replace(wording, **values)


def _how_often(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST_A_MONTH:
        raise Invalid(f"Say how many messages a month at most: 1 to {MOST_A_MONTH}.", field="messages_a_month")
    return given


def box_words(channel: Channel, brand: str, wording: Wording) -> str:
    """Return what stands beside the box of a channel, to the letter as it is kept with the consent."""
    often = f"up to {plural(wording.messages_a_month, 'message')} a month"
    if channel is Channel.EMAIL:
        return (
            f"Yes, send me marketing e-mails from {brand}: {wording.programme}, {often}."
            " I can unsubscribe in every one of them."
        )
    return (
        f"Yes, send me recurring automated marketing texts from {brand} at the number above: {wording.programme},"
        f" {often}. Consent is not a condition of any purchase. Message and data rates may apply. Reply STOP to end,"
        f" HELP for help.{_links(wording)}"
    )


def _links(wording: Wording) -> str:
    """Return each label with its address; one that has none is left out whole."""
    pages = (("Terms", wording.terms_url), ("Privacy", wording.privacy_url))
    return "".join(f" {name}: {address}" for name, address in pages if address)


def clean_origins(given: object) -> list[str]:
    """Return the web sites that may show the page in a frame.

    Raises:
        Invalid: too many, or one that is no origin.
    """
    if not isinstance(given, list | tuple) or len(given) > MAX_ORIGINS:
        raise Invalid(f"Name at most {MAX_ORIGINS} web sites.", field="origins")
    found = []
    for one in given:
        origin = str(one).strip().lower().rstrip("/")
        if not _ORIGIN.fullmatch(origin):
            raise Invalid(
                f"A web site is https:// and its name, such as https://shop.example.com, no page: {origin[:80]!r}",
                field="origins",
            )
        found.append(origin)
    return sorted(set(found))


def _text(name: str, given: object) -> str:
    value = " ".join(str(given if given is not None else "").split())
    if not value.isprintable():
        raise Invalid("Leave out control characters.", field=name)
    if len(value) > _LIMITS[name]:
        raise Invalid(f"At most {figure(_LIMITS[name])} characters.", field=name)
    if not value and name in _NEEDED:
        raise Invalid(_NEEDED[name], field=name)
    if value and name.endswith("_url") and not _is_page(value):
        raise Invalid("Give the whole address, such as https://shop.example.com/terms.", field=name)
    return value


def _is_page(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme == "https" and "." in parts.netloc and not set(value) & set(" \"'<>\\")
