"""What a rendered design leaves open when it ends, so that nothing of it reaches into what the law wants below. Pure.

An author's Liquid decides message by message which tags there are, so that only what was rendered tells. Tags are read
as browsers read them (HTML, 13.2): a quote begins a value behind `=` alone, an end tag does not reach out of its table
cell, and `<b>` goes on behind the block it was opened in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PLAIN = re.compile(r"""<(/?)([a-zA-Z][\w:-]*+)((?:\s++[\w:-]++(?:="[^"]*+"|='[^']*+')?+)*+)\s*+/?>""")
_NAME = re.compile(r"</?([a-zA-Z][^\s/>]*+)")
_GAP, _ATTRIBUTE, _EQUALS, _BARE = (
    re.compile(one) for one in (r"[\s/]*+", r"=?+[^\s/>=]*+", r"\s*+=\s*+", r"[^\s>]*+")
)
_COMMENT_ENDS = re.compile(r"--!?>")

_VOID = frozenset(
    {
        "area", "base", "basefont", "bgsound", "br", "col", "embed", "hr", "img", "input", "keygen", "link", "meta",
        "param", "source", "track", "wbr",
    }
)  # fmt: skip
_WORDS = frozenset(["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"])
"""Elements whose content is no markup, up to their own end tag."""
_FORMATS = frozenset(["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"])
_CELLS = frozenset(["applet", "caption", "html", "marquee", "object", "table", "td", "th"])
"""What an end tag of something else does not reach out of."""
_TABLES = frozenset(["caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"])
UNREADABLE = frozenset(["frameset", "math", "noscript", "plaintext", "svg", "template"])
"""What is read in one way here and in another there, or never ends."""


class Unclosed(Exception):
    """A design that cannot be closed; `args` say why."""


class Closing(NamedTuple):
    """What closes a design, and the start tags of its frame (`html`, `body`), the first of each."""

    markup: str
    frame: dict[str, str]


def closing_of(html: str) -> Closing:
    """Return the end tags of everything a design leaves open, its `html` and `body` left out.

    Raises:
        Unclosed: it ends inside a comment, a tag or a text without markup, or holds an element nobody can close.
    """
    opened: list[str] = []
    formats: list[str] = []
    frame: dict[str, str] = {}
    at = 0
    while (at := html.find("<", at)) >= 0:
        plain = _PLAIN.match(html, at)
        if plain is not None:
            name, ends, end = plain[2].lower(), bool(plain[1]), plain.end()
        elif (named := _NAME.match(html, at)) is not None:
            name, ends, end = named[1].lower(), html[at + 1] == "/", _end_of_tag(html, named.end())
        elif html.startswith(("<!", "<?", "</"), at):
            at = _end_of_comment(html, at)
            continue
        else:
            at += 1
            continue
        if ends:
            _close(name, opened, formats)
        elif name in UNREADABLE:
            raise Unclosed(f"<{name}> has no place in a mail. Take it out.")
        elif name in ("html", "body"):
            frame.setdefault(name, html[at:end])
        elif name in _WORDS:
            end = _end_of_words(html, name, end)
        elif name not in _VOID:
            opened.append(name)
        at = end
    # </p> alone would make a paragraph, and what follows ends one by itself
    left = [*reversed(opened), *reversed(formats)]
    return Closing("".join(f"</{name}>" for name in left if name != "p"), frame)


def _close(name: str, opened: list[str], formats: list[str]) -> None:
    for place in range(len(opened) - 1, -1, -1):
        if opened[place] == name:
            formats += [one for one in opened[place + 1 :] if one in _FORMATS]
            del opened[place:]
            return
        if opened[place] in _CELLS and not (name in _TABLES and opened[place] in _TABLES):
            return
    if name in formats:
        formats.remove(name)


def _end_of_tag(html: str, at: int) -> int:
    while True:
        at = _past(_GAP, html, at)
        if at >= len(html):
            raise Unclosed("It ends inside of a tag.")
        if html[at] == ">":
            return at + 1
        at = _past(_ATTRIBUTE, html, at)
        equals = _EQUALS.match(html, at)
        if equals is None:
            continue
        at = equals.end()
        quote = html[at : at + 1]
        if quote in ('"', "'"):
            at = html.find(quote, at + 1) + 1
            if not at:
                raise Unclosed("It ends inside of a tag: a quotation mark is missing.")
        elif quote != ">":
            at = _past(_BARE, html, at)


def _past(pattern: re.Pattern[str], html: str, at: int) -> int:
    found = pattern.match(html, at)
    return at if found is None else found.end()


def _end_of_comment(html: str, at: int) -> int:
    if not html.startswith("<!--", at):
        end = html.find(">", at) + 1
    elif html.startswith((">", "->"), at + 4):
        end = html.index(">", at + 4) + 1
    else:
        ending = _COMMENT_ENDS.search(html, at + 4)
        end = ending.end() if ending else 0
    if not end:
        raise Unclosed("It ends inside of a comment.")
    return end


def _end_of_words(html: str, name: str, at: int) -> int:
    ending = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(html, at)
    if ending is None:
        raise Unclosed(f"<{name}> is never closed.")
    return _end_of_tag(html, ending.end())
