"""Rendering a thousand messages that differ in a name and a link: the template once, each name and link in its place.

A template is rendered with marks instead of what is personal, kept, and filled in for each recipient. That is only
done where it cannot show: every personal variable stands in the template by itself, at most with a `default`, or is
asked for (`{% if offer.code %}`); it is never compared, filtered or captured. All else is rendered one by one, as
ever. Where the links stand is found in the same go (`tracking.links` says what becomes of them). Pure.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow
from liquor_app.providers.kit.message_bodies import Body, Filled, Parts, Stencil, Whole
from liquor_app.sending.tracking.links import (
    Tracker,
    each_html_link,
    each_text_link,
    link_of,
    picture,
    track_message,
    with_pixel,
)
from liquor_app.templates.liquid_tokens import liquid_tokens
from liquor_app.templates.rendering.render import MAX_SUBJECT, Incomplete, Legal, render_message
from liquor_app.templates.rendering.render_limits import MAX_OUTPUT
from liquor_app.templates.rendering.text_part import unescape_attribute
from liquor_app.templates.rendering.variables import (
    OWN_WORDS,
    OfferFacts,
    Recipient,
    build_context,
    personal_values,
    shown_terms,
)
from liquor_app.templates.template_catalog import CurrentTemplate

PERSONAL = ("customer.first_name", "customer.name", "customer.city", "customer.favourite", "offer.code")
LINKS = ("unsubscribe_url", "preferences_url", "view_url")
"""Of `Legal`: each recipient's own."""
TRACK, PIXEL = "track.", "track.pixel"
"""Names of holes: a wrapped link by its place, and the picture that tells of an opening."""
KEPT = 512
FEW = 2
"""So many messages of a stencil are kept in full: most likely there will be no others."""

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([a-z0-9_.-]+){_CLOSE}")
_CUSTOM = re.compile(r"\bcustom\b")
"""The shop's own fields have no marks: what names them, however it does, is rendered one by one."""
_PLAIN = re.compile(r"""{{-?\s*([a-z_]+\.[a-z_]+)\s*(?:\|\s*default:\s*(?:'[^']*'|"[^"]*")\s*)?-?}}""")
_ASKED = re.compile(r"{%-?\s*(?:if|elsif|unless)\s+[a-z_]+\.[a-z_]+\s*-?%}")
"""Whether it is known at all: so it is, or it would have no mark."""
_BRANCHES = frozenset({"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "assign"})
_IN_LINK = re.compile(r"[A-Za-z0-9_-]*")
"""What a personal value in a link may look like, so that the link ends where it would without it."""
_GROWTH = 5
"""Characters one character becomes at most when it is escaped."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one message is about."""

    person: Recipient
    offer: OfferFacts
    brand: BrandRow


@dataclass(frozen=True, slots=True)
class Letter:
    """A message's subject and body."""

    subject: str | None
    body: Body


@dataclass(slots=True)
class _Kept:
    """A stencil, what it takes to fill it, and how many messages it has served.

    Attributes:
        size: characters without the values.
        personal: links whose address is each recipient's own, by their holes. A stencil with such is not kept beyond
            this worker: what goes into its links does not follow from a message's id.
    """

    subject: Parts
    stencil: Stencil
    size: int
    personal: dict[str, Parts]
    uses: int = 0


class Stencils:
    """Rendered templates with holes, least recently used forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept | None] = OrderedDict()

    def render(self, template: CurrentTemplate, facts: Facts, legal: Legal, tracker: Tracker | None = None) -> Letter:
        """Tell what `render_message` gives, and then `track_message` if there is a `tracker`, byte for byte.

        Raises:
            Incomplete, Invalid: as `render_message`.
        """
        made = self._filled(template, facts, legal, tracker)
        if made is not None:
            return made
        rendered = render_message(template.compile(), build_context(facts.person, facts.offer, facts.brand), legal)
        if tracker is not None and rendered.html is not None:
            rendered = track_message(rendered, tracker)
        return Letter(rendered.subject, Whole(rendered.text, rendered.html))

    def _filled(self, template: CurrentTemplate, facts: Facts, legal: Legal, tracker: Tracker | None) -> Letter | None:
        """Return the stencil filled in; None where it would show."""
        source = template.source
        plain = _plain_paths(source.html, source.subject, source.text)
        links = {f"legal.{name}": getattr(legal, name) for name in LINKS}
        if source.channel is not Channel.EMAIL or not plain.issuperset(links) or not all(links.values()):
            return None
        own = personal_values(facts.person, facts.offer)
        values = {path: value for path, value in own.items() if path in plain}
        if any("://" in value for value in values.values()):
            return None
        if not all(map(_is_clean, [*values.values(), *links.values()])):
            return None
        if tracker is not None and not all(map(tracker.is_own, links.values())):
            return None
        key = (
            template.version_id, facts.brand, legal.masthead, legal.disclaimer, legal.disclosure, legal.minimum_age,
            facts.offer.text, facts.offer.message, bool(facts.offer.terms.get(OWN_WORDS)),
            *map(repr, shown_terms(facts.offer)), tuple(values),
            tracker is not None and (tracker.clicks, tracker.opens),
            tuple(own.get(path) for path in PERSONAL if path not in plain),
        )  # fmt: skip
        if key not in self._kept:
            self._kept[key] = _cut(template, facts, values, legal, tracker)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        kept = self._kept[key]
        return None if kept is None else _fill(kept, values | links, tracker)


def track_values(stencil: Stencil, tracker: Tracker) -> dict[str, str]:
    """Tell what goes into a stencil's holes for links and the pixel."""
    made = {f"{TRACK}{place}": tracker.click(link) for place, link in stencil.links.items()}
    if PIXEL in stencil.html:
        made[PIXEL] = tracker.pixel()
    return made


def own_values(filled: Filled) -> dict[str, str]:
    """Of what fills a stencil, all that does not follow from the message's id."""
    return {name: filled.values[name] for name in PERSONAL if name in filled.values}


@lru_cache(maxsize=256)
def _plain_paths(*sources: str | None) -> frozenset[str]:
    """Personal variables that are only ever shown as they are."""
    personal = {*PERSONAL, *(f"legal.{name}" for name in LINKS)}
    for source in sources:
        if source and (_OPEN in source or _CUSTOM.search(source)):
            return frozenset()
        for token, tag in ((one.text, one.tag) for one in liquid_tokens(source or "")):
            if "[" in token:  # a name made up as it is rendered: whose, nobody can tell from here
                return frozenset()
            if _PLAIN.fullmatch(token) or _ASKED.fullmatch(token):
                continue
            if token.startswith("{%") and tag not in _BRANCHES:
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
    template: CurrentTemplate, facts: Facts, values: Mapping[str, str], legal: Legal, tracker: Tracker | None
) -> _Kept | None:
    """Return the template with holes; None if its subject is cut short, for then it depends on what goes in, if an
    author has put a recipient's own page into another link, or if a mark was cut or changed."""
    # nobody's own fields: whatever finds a way to name them, none of them is ever kept for somebody else
    marked = build_context(replace(facts.person, custom={}), facts.offer, facts.brand)
    for path in values:
        group, _, name = path.partition(".")
        marked[group] = {**marked[group], name: _mark(path)}
    away, wishes, view = (_mark(f"legal.{name}") for name in LINKS)
    blank = replace(legal, unsubscribe_url=away, preferences_url=wishes, view_url=view)
    try:
        made = render_message(template.compile(), marked, blank)
    except Incomplete:
        return None  # for want of such a field, or of what rendering one by one will name
    if made.subject is None or made.html is None or len(made.subject) >= MAX_SUBJECT:
        return None
    links: dict[str, str] = {}
    personal: dict[str, Parts] = {}

    def punch(place: str, address: str, raw: str) -> str:
        parts = tuple(_MARK.split(raw))
        if len(parts) > 1:
            personal[f"{TRACK}{place}"] = parts
        elif (link := link_of(place, address)) is not None:
            links[place] = link
        else:
            return raw
        return _mark(f"{TRACK}{place}")

    html, plain = made.html, made.text
    if tracker is not None and tracker.clicks:
        html, plain = each_html_link(html, punch), each_text_link(plain, punch)
    if tracker is not None and tracker.opens:
        html = with_pixel(html, picture(_mark(PIXEL)))
    if any(name.startswith("legal.") for parts in personal.values() for name in parts[1::2]):
        return None
    subject, html_parts, text_parts = (tuple(_MARK.split(part)) for part in (made.subject, html, plain))
    left = "".join([*links.values(), *(part for parts in (subject, html_parts, text_parts) for part in parts[::2])])
    if _OPEN in left or _CLOSE in left:
        return None  # something was done to a mark: it is none any more, and would be sent as it is
    content = json.dumps([html_parts, text_parts, links]).encode()
    stencil = Stencil(UUID(bytes=hashlib.blake2b(content, digest_size=16).digest()), html_parts, text_parts, links)
    return _Kept(subject, stencil, len(html) + len(plain), personal)


def _fill(kept: _Kept, values: dict[str, str], tracker: Tracker | None) -> Letter | None:
    subject = _joined(kept.subject, values)
    stencil = kept.stencil
    holes = len(stencil.html) + len(stencil.text)
    if len(subject) > MAX_SUBJECT or kept.size + _GROWTH * holes * max(map(len, values.values())) > MAX_OUTPUT // 4:
        return None
    if tracker is not None:
        values = values | track_values(stencil, tracker)
        for hole, parts in kept.personal.items():
            if not all(_IN_LINK.fullmatch(values[path]) for path in parts[1::2]):
                return None
            raw, place = _joined(parts, values), hole.removeprefix(TRACK)
            link = link_of(place, unescape_attribute(raw) if place.startswith("link") else raw)
            values[hole] = raw if link is None else tracker.click(link)
    kept.uses += 1
    filled = Filled(stencil, values)
    is_kept = kept.uses > FEW and not kept.personal
    return Letter(subject, filled if is_kept else Whole(filled.text, filled.html))


def _joined(parts: Parts, values: Mapping[str, str]) -> str:
    made = list(parts)
    made[1::2] = [values[name] for name in parts[1::2]]
    return "".join(made)
