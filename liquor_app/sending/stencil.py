"""Rendering a thousand messages that differ in a name and a link: the template once, each name and link in its place.

A template is rendered with marks instead of what is personal, kept, and filled in for each recipient. That is only
done where it cannot show: every personal variable stands in the template by itself, at most with a `default`, or is
asked for (`{% if offer.code %}`); it is never compared, filtered or captured. All else is rendered one by one, as
ever. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow
from liquor_app.providers.bodies import Body, Filled, Parts, Stencil, Whole
from liquor_app.sending.tracking import click_url, is_own_page, pixel_url, tracked, wrapped
from liquor_app.templates.catalog import CurrentTemplate
from liquor_app.templates.context import (
    Context,
    OfferFacts,
    Recipient,
    build_context,
    personal_values,
    shown_terms,
)
from liquor_app.templates.render import MAX_OUTPUT, MAX_SUBJECT, Legal, render_message

PERSONAL = ("customer.first_name", "customer.name", "customer.city", "customer.favourite", "offer.code")
LINKS = ("unsubscribe_url", "preferences_url", "view_url")
"""Of `Legal`: each recipient's own."""
CLICK, PIXEL = "click.", "pixel"
"""Names of holes: a wrapped link by its number, and the picture that tells of an opening."""
KEPT = 512
FEW = 2
"""So many messages of a stencil are kept in full: most likely there will be no others."""

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([a-z_.0-9]+){_CLOSE}")
_TOKEN = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_PLAIN = re.compile(r"""{{-?\s*([a-z_]+\.[a-z_]+)\s*(?:\|\s*default:\s*(?:'[^']*'|"[^"]*")\s*)?-?}}""")
_ASKED = re.compile(r"{%-?\s*(?:if|elsif|unless)\s+[a-z_]+\.[a-z_]+\s*-?%}")
"""Whether it is known at all: so it is, or it would have no mark."""
_TAG = re.compile(r"{%-?\s*(\w+)")
_BRANCHES = frozenset({"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "assign"})
_GROWTH = 5
"""Characters one character becomes at most when it is escaped."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one message is about."""

    person: Recipient
    offer: OfferFacts
    brand: BrandRow


@dataclass(frozen=True, slots=True)
class Tracks:
    """Whose message it is, and what of it is tracked."""

    send_id: UUID
    clicks: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A message's subject and body."""

    subject: str | None
    body: Body


@dataclass(slots=True)
class _Kept:
    """A stencil, the subject's parts, its size without values, and how many messages it has served."""

    subject: Parts
    stencil: Stencil
    size: int
    uses: int = 0


class Stencils:
    """Rendered templates with holes, least recently used forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept | None] = OrderedDict()

    def render(self, template: CurrentTemplate, facts: Facts, legal: Legal, tracks: Tracks) -> Letter:
        """What `render_message` and `tracked` give, byte for byte.

        Raises:
            Incomplete, Invalid: as `render_message`.
        """
        source = template.source
        plain = _plain_paths(source.html, source.subject, source.text)
        own = personal_values(facts.person, facts.offer)
        values = {path: value for path, value in own.items() if path in plain}
        links = {f"legal.{name}": getattr(legal, name) for name in LINKS}
        if (
            source.channel is not Channel.EMAIL
            or not plain.issuperset(links)
            or not all(is_own_page(link) and _is_clean(link) for link in links.values())
            or not all(map(_is_clean, values.values()))
        ):
            return _whole(template, facts, legal, tracks)
        key = (
            template.version_id, facts.brand, legal.disclaimer, legal.minimum_age, facts.offer.text,
            facts.offer.message, *map(repr, shown_terms(facts.offer)), tuple(values), tracks.clicks, tracks.opens,
            tuple(own.get(path) for path in PERSONAL if path not in plain),
        )  # fmt: skip
        if key not in self._kept:
            self._kept[key] = _cut(template, facts, values, legal, tracks)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        kept = self._kept[key]
        if kept is None:
            return _whole(template, facts, legal, tracks)
        subject = _joined(kept.subject, values | links)
        grown = _GROWTH * len(kept.stencil.html) * max(map(len, (*values.values(), *links.values())))
        if len(subject) > MAX_SUBJECT or kept.size + grown > MAX_OUTPUT // 4:
            return _whole(template, facts, legal, tracks)
        filled = Filled(kept.stencil, values | links | tracked_links(tracks.send_id, kept.stencil))
        kept.uses += 1
        return Letter(subject, filled if kept.uses > FEW else Whole(filled.text, filled.html))


def tracked_links(send_id: UUID, stencil: Stencil) -> dict[str, str]:
    """What goes into a stencil's holes for links and the pixel."""
    made = {f"{CLICK}{number}": click_url(send_id, address) for number, address in enumerate(stencil.links)}
    if PIXEL in stencil.html:
        made[PIXEL] = pixel_url(send_id)
    return made


def own_values(filled: Filled) -> dict[str, str]:
    """Of what fills a stencil, all that does not follow from the message's id."""
    return {name: filled.values[name] for name in PERSONAL if name in filled.values}


def _whole(template: CurrentTemplate, facts: Facts, legal: Legal, tracks: Tracks) -> Letter:
    made = render_message(template.compile(), _context(facts), legal)
    html = made.html
    if html is not None and (tracks.clicks or tracks.opens):
        html = tracked(html, tracks.send_id, clicks=tracks.clicks, opens=tracks.opens)
    return Letter(made.subject, Whole(made.text, html))


def _context(facts: Facts) -> Context:
    return build_context(facts.person, facts.offer, facts.brand)


@lru_cache(maxsize=256)
def _plain_paths(*sources: str | None) -> frozenset[str]:
    """Personal variables that are only ever shown as they are."""
    personal = {*PERSONAL, *(f"legal.{name}" for name in LINKS)}
    for source in sources:
        if source and _OPEN in source:
            return frozenset()
        for token in _TOKEN.findall(source or ""):
            if _PLAIN.fullmatch(token) or _ASKED.fullmatch(token):
                continue
            if token.startswith("{%"):
                tag = _TAG.match(token)
                if tag is None or tag[1] not in _BRANCHES:
                    return frozenset()
            personal -= _mentioned(token, personal)
    return frozenset(personal)


def _mentioned(token: str, personal: set[str]) -> set[str]:
    """Paths a tag or an expression may look at; all of a group that is named without a member."""
    found: set[str] = set()
    for path in personal:
        group, _, name = path.partition(".")
        for mention in re.finditer(rf"\b{group}\b(?:\s*\.\s*(\w+))?", token):
            if mention[1] is None or mention[1] == name:
                found.add(path)
    return found


def _is_clean(value: str) -> bool:
    """Rendering tidies white space, which must make no difference to it."""
    return value == " ".join(value.split()) and _OPEN not in value


def _mark(path: str) -> str:
    return f"{_OPEN}{path}{_CLOSE}"


def _cut(
    template: CurrentTemplate, facts: Facts, values: Mapping[str, str], legal: Legal, tracks: Tracks
) -> _Kept | None:
    """The template with holes. None if its subject is cut short, or a link leads somewhere personal: for then what
    goes in decides more than one place."""
    marked = _context(facts)
    for path in values:
        group, _, name = path.partition(".")
        marked[group] = {**marked[group], name: _mark(path)}
    away, wishes, view = (_mark(f"legal.{name}") for name in LINKS)
    blank = replace(legal, unsubscribe_url=away, preferences_url=wishes, view_url=view)
    made = render_message(template.compile(), marked, blank)
    if made.subject is None or made.html is None or len(made.subject) >= MAX_SUBJECT:
        return None
    addresses: dict[str, int] = {}

    def door(address: str) -> str:
        return _mark(f"{CLICK}{addresses.setdefault(address, len(addresses))}")

    html = wrapped(made.html, door if tracks.clicks else None, _mark(PIXEL) if tracks.opens else "")
    if any(_OPEN in address for address in addresses):
        return None
    subject, parts, plain = (tuple(_MARK.split(part)) for part in (made.subject, html, made.text))
    links = tuple(addresses)
    named = hashlib.blake2b("\0".join((*parts, "", *plain, "", *links)).encode(), digest_size=16)
    return _Kept(subject, Stencil(UUID(bytes=named.digest()), parts, plain, links), len(html) + len(made.text))


def _joined(parts: Parts, values: Mapping[str, str]) -> str:
    made = list(parts)
    made[1::2] = [values[name] for name in parts[1::2]]
    return "".join(made)
