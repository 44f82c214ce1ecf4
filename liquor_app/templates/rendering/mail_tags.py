"""The tags of HTML as an author wrote it, and those that no mail program lets through. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from liquor_app.templates.rendering.unclosed_markup import UNREADABLE

FORM_PARTS = frozenset({"form", "input", "select", "option", "textarea"})
"""Mail programs take them out, and some put the whole message under suspicion: they never leave the house."""
NEVER_SENT = FORM_PARTS | UNREADABLE

_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_COMMENT, _COMMENT_ENDS = "<!--", "-->"


class HtmlTag(NamedTuple):
    """`inside` is what stands between the name and the end."""

    start: int
    end: int
    name: str
    closes: bool
    inside: str


def html_tags(text: str) -> Iterator[HtmlTag]:
    """Yield the tags of HTML outside of comments; names in lower case."""
    at, last_end = 0, text.rfind(_COMMENT_ENDS)
    while (at := text.find("<", at)) >= 0:
        if text.startswith(_COMMENT, at) and at + len(_COMMENT) <= last_end:
            at = text.find(_COMMENT_ENDS, at + len(_COMMENT))
        elif (tag := _TAG.match(text, at)) is not None:
            yield HtmlTag(at, tag.end(), tag[2].lower(), bool(tag[1]), tag[3])
            at = tag.end()
        else:
            at += 1


def without_unsent(html: str) -> str:
    """Return HTML without the tags that never leave the house; what stands between them stays."""
    kept, at = [], 0
    for tag in html_tags(html):
        if tag.name in NEVER_SENT:
            kept.append(html[at : tag.start])
            at = tag.end
    return "".join([*kept, html[at:]])
