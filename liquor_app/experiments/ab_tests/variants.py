"""What the variants of a test are, and which of them somebody gets. Pure.

The draw is a keyed one (`core.holdout_draw`): whoever it is about keeps their variant whatever is sent again, and it
has nothing to do with arm, offer or segment, so what the agent learns of these is not tilted by a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from liquor_app.actions.send_window import clock
from liquor_app.core.errors import Invalid
from liquor_app.core.holdout_draw import number_of
from liquor_app.experiments.ab_tests.models import AbTopic
from liquor_app.organization.guidance import Guidance
from liquor_app.organization.models import Channel
from liquor_app.templates.custom_copy import MAX_EMAIL, MAX_SUBJECT, check_copy
from liquor_app.ui.words import listed

KEYS = "ABCD"
MOST = len(KEYS)
CONTROL = KEYS[0]
_SHOWS_OFFER = "{{ offer.text }}"


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs from what was planned; of A, the control, nothing. `hour` is when it may first leave, 0 to 23."""

    key: str
    subject: str | None = None
    text: str | None = None
    hour: int | None = None
    offer: str | None = None
    """Name of an offer of the campaign's playbooks."""
    channel: str | None = None

    @property
    def words(self) -> str:
        """What it is, for people."""
        if self.hour is not None:
            return f"from {clock(self.hour * 60)}"
        if self.channel is not None:
            return f"by {Channel(self.channel).label}"
        return self.offer or self.subject or self.text or "as planned"

    @property
    def given(self) -> str:
        """What somebody typed or chose to make it; "" of A."""
        if self.hour is not None:
            return str(self.hour)
        return self.channel or self.offer or self.subject or self.text or ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What variants must keep to. `hours`: from which, and before which, the shop sends."""

    topic: AbTopic
    channel: Channel
    guidance: Guidance
    hours: tuple[int, int]
    offers: tuple[str, ...] = ()
    """Names of what the campaign's playbooks offer."""


def clean_variants(given: Sequence[str], bounds: Bounds) -> tuple[Variant, ...]:
    """Return the variants, A, the control, before those that were given.

    Args:
        given: of each variant but the control, in order, its subject, its words, its hour ("17") or the name of its
            offer; empty ones are left out. A test of channels has the other one as B, whatever is given.

    Raises:
        Invalid: none or too many, two alike, a subject of a text message, words that may not be used, an hour outside
            the shop's, an offer of no playbook; `field` is `variant_b`, `variant_c` or `variant_d`.
    """
    if bounds.topic is AbTopic.SUBJECT and bounds.channel is Channel.SMS:
        raise Invalid("A text message has no subject: test its words.", field="topic")
    if bounds.topic is AbTopic.CHANNEL:
        (other,) = (one for one in Channel if one is not bounds.channel)
        return Variant(CONTROL), Variant(KEYS[1], channel=other.value)
    made = [Variant(CONTROL)]
    for place, words in enumerate(given):
        if place >= MOST - 1:
            raise Invalid(f"A test has at most {MOST} variants with what was planned.", field="variant_d")
        text = " ".join(words.split())
        if not text:
            continue
        field = f"variant_{KEYS[place + 1].lower()}"
        one = _variant(KEYS[len(made)], text, field, bounds)
        if any(one.given == other.given for other in made):
            raise Invalid("Two variants are alike: there is nothing to compare.", field=field)
        made.append(one)
    if len(made) == 1:
        raise Invalid("Give at least one variant beside what is planned.", field="variant_b")
    return tuple(made)


def _variant(key: str, words: str, field: str, bounds: Bounds) -> Variant:
    if bounds.topic is AbTopic.OFFER:
        if words not in bounds.offers:
            known = listed([f"“{one}”" for one in bounds.offers]) or "none yet"
            raise Invalid(f"No playbook of this campaign has that offer. They have {known}.", field=field)
        return Variant(key, offer=words)
    if bounds.topic is AbTopic.HOUR:
        first, last = bounds.hours
        if not words.isascii() or not words.isdigit() or len(words) > 2 or not first <= int(words) < last:
            raise Invalid(f"Choose a whole hour from {first} to {last - 1}: the shop sends within these.", field=field)
        return Variant(key, hour=int(words))
    subject = words if bounds.topic is AbTopic.SUBJECT else None
    try:
        copy = check_copy(subject, _SHOWS_OFFER if subject else words, bounds.channel.value, bounds.guidance)
    except Invalid as error:
        said = error.message.partition(": ")[2] or error.message
        raise Invalid(said[:1].upper() + said[1:], field=field) from error
    return Variant(key, subject=copy.subject) if subject else Variant(key, text=copy.text)


def as_documents(variants: Sequence[Variant]) -> list[dict[str, Any]]:
    """Return variants as the table keeps them."""
    return [asdict(one) for one in variants]


def from_documents(documents: Sequence[Mapping[str, Any]]) -> tuple[Variant, ...]:
    """Return variants as the table keeps them."""
    kept = ("subject", "text", "hour", "offer", "channel")
    return tuple(Variant(str(one["key"]), **{name: one.get(name) for name in kept}) for one in documents)


def variant_of(seed: str, customer_id: UUID, variants: Sequence[str]) -> str:
    """Draw somebody's variant, each as likely."""
    return variants[number_of(f"ab:{seed}", customer_id) * len(variants) >> 56]


LONGEST = max(MAX_SUBJECT, MAX_EMAIL)
"""Characters of a variant at most."""
