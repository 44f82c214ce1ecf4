"""Rendering a thousand messages that differ in a name and a link: the template once, each name and link in its place.

A template is rendered with marks instead of what is personal, kept, and filled in for each recipient. That is only
done where it cannot show: every personal variable stands in the template by itself, at most with a `default`, or is
asked for (`{% if offer.code %}`); it is never compared, filtered or captured. All else is rendered one by one, as
ever. Pure.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from markupsafe import escape

from liquor_app.organization.models import Channel
from liquor_app.templates.bounds import MAX_OUTPUT
from liquor_app.templates.catalog import CurrentTemplate
from liquor_app.templates.context import Context
from liquor_app.templates.render import MAX_SUBJECT, Legal, Rendered, render_message

PERSONAL = ("customer.first_name", "customer.name", "customer.city", "customer.favourite", "offer.code")
LINKS = ("unsubscribe_url", "preferences_url", "view_url")
"""Of `Legal`: each recipient's own."""
KEPT = 512

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([a-z_.]+){_CLOSE}")
_TOKEN = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_PLAIN = re.compile(r"""{{-?\s*([a-z_]+\.[a-z_]+)\s*(?:\|\s*default:\s*(?:'[^']*'|"[^"]*")\s*)?-?}}""")
_ASKED = re.compile(r"{%-?\s*(?:if|elsif|unless)\s+[a-z_]+\.[a-z_]+\s*-?%}")
"""Whether it is known at all: so it is, or it would have no mark."""
_TAG = re.compile(r"{%-?\s*(\w+)")
_BRANCHES = frozenset({"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "assign"})

Parts = tuple[str, ...]
"""Literal, name, literal, name, …, literal."""


class Stencils:
    """Rendered templates with holes, least recently used forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Parts, Parts, Parts] | None] = OrderedDict()

    def render(self, template: CurrentTemplate, context: Context, legal: Legal) -> Rendered:
        """What `render_message` gives, byte for byte.

        Raises:
            Incomplete, Invalid: as `render_message`.
        """
        plain = _plain_paths(template.source.html, template.source.subject, template.source.text)
        links = {f"legal.{name}": getattr(legal, name) for name in LINKS}
        if template.source.channel is not Channel.EMAIL or not plain.issuperset(links) or not all(links.values()):
            return render_message(template.compile(), context, legal)
        values = {path: value for path in plain if (value := _value(context, path)) is not None}
        values |= links
        if not all(_is_clean(value) for value in values.values()):
            return render_message(template.compile(), context, legal)
        marked = _marked(context, values)
        key = (
            template.version_id,
            replace(legal, unsubscribe_url="", preferences_url="", view_url=""),
            _frozen(marked),
        )
        if key not in self._kept:
            self._kept[key] = _cut(template, marked, legal)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        stencil = self._kept[key]
        made = None if stencil is None else _fill(stencil, values)
        return made or render_message(template.compile(), context, legal)


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


def _value(context: Context, path: str) -> str | None:
    group, _, name = path.partition(".")
    values = context.get(group)
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, str) and value else None


def _is_clean(value: str) -> bool:
    """Rendering tidies white space, which must make no difference to it."""
    return value == " ".join(value.split()) and _OPEN not in value


def _marked(context: Context, values: Mapping[str, str]) -> Context:
    made = dict(context)
    for path in values:
        group, _, name = path.partition(".")
        if group in made:
            made[group] = {**made[group], name: f"{_OPEN}{path}{_CLOSE}"}
    return made


def _frozen(value: Any) -> Hashable:
    return tuple((name, _frozen(value[name])) for name in value) if isinstance(value, dict) else value


def _cut(template: CurrentTemplate, marked: Context, legal: Legal) -> tuple[Parts, Parts, Parts] | None:
    """The template with holes; None if its subject is cut short, for then it depends on what goes in."""
    away, wishes, view = (f"{_OPEN}legal.{name}{_CLOSE}" for name in LINKS)
    blank = replace(legal, unsubscribe_url=away, preferences_url=wishes, view_url=view)
    made = render_message(template.compile(), marked, blank)
    if made.subject is None or made.html is None or len(made.subject) >= MAX_SUBJECT:
        return None
    subject, html, text = (tuple(_MARK.split(part)) for part in (made.subject, made.html, made.text))
    return subject, html, text


def _fill(stencil: tuple[Parts, Parts, Parts], values: Mapping[str, str]) -> Rendered | None:
    escaped = {path: str(escape(value)) for path, value in values.items()}
    subject, text = _joined(stencil[0], values), _joined(stencil[2], values)
    html = _joined(stencil[1], escaped)
    if len(subject) > MAX_SUBJECT or max(len(html), len(text)) > MAX_OUTPUT // 4:
        return None
    return Rendered(subject, html, text)


def _joined(parts: Parts, values: Mapping[str, str]) -> str:
    made = list(parts)
    made[1::2] = [values[name] for name in parts[1::2]]
    return "".join(made)
