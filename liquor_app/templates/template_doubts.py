"""What is well formed in a template and goes wrong in the mail: money off that no offer stands behind, what mail
programs take out or block, links that lead nowhere. Pure; told as warnings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import NamedTuple

from liquor_app.compliance.offer_words import seen_words, told_money_off
from liquor_app.templates.liquid_tokens import blanked, liquid_tokens, style_sheets
from liquor_app.templates.rendering.mail_tags import NEVER_SENT, html_tags

SHOWN = 60
"""Letters of an address that are told."""

_ATTRIBUTE = re.compile(r"""(?<![\w-])([A-Za-z][\w-]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
_STYLE_PICTURE = re.compile(r"\burl\(\s*+[\"']?+\s*+(http://[^\"'()\s]*+)", re.IGNORECASE)
_PICTURES = {"src", "background", "background-url", "srcset"}
_LEADS = {"a": False, "area": False, "mj-button": True, "mj-navbar-link": True}
"""What leads somewhere; True where it is nothing without an address: an <a> without one is a place to go to."""
_UNSEEN = re.compile(r"[\x00-\x20]+")
_RUNS = ("javascript:", "vbscript:", "data:")


class Doubt(NamedTuple):
    """`field` and `line` as in `template_lint.Problem`."""

    field: str
    line: int
    message: str


def find_doubts(parts: Sequence[tuple[str, str]]) -> list[Doubt]:
    """Return what to warn of, each once for a part, in the order of the parts."""
    found: dict[tuple[str, str], Doubt] = {}
    for field, part in parts:
        for line, message in (*_written_offers(field, part), *(_of_html(part) if _is_html(field) else ())):
            found.setdefault((field, message), Doubt(field, line, message))
    return list(found.values())


def _is_html(field: str) -> bool:
    return field == "body_html_template"


def _written_offers(field: str, part: str) -> Iterator[tuple[int, str]]:
    """Tell of money off that is written by hand. What an offer says stands in Liquid, and is not looked at."""
    plain = blanked(part, liquid_tokens(part))
    plain = blanked(plain, style_sheets(plain)) if _is_html(field) else plain
    if not (promise := _promised(plain, field)):
        return
    lines = plain.splitlines()
    line = next((at for at, words in enumerate(lines, 1) if _promised(words, field) == promise), 0)
    yield (
        line,
        f"It says “{promise}” to everybody; the offer decides what is off. Write {{{{ offer.text }}}} in its place.",
    )


def _promised(words: str, field: str) -> str:
    told = told_money_off(seen_words(words) if _is_html(field) else words)
    return told.words or told.unreadable


def _of_html(part: str) -> Iterator[tuple[int, str]]:
    # a mark in place of Liquid: an address that is put in by the offer is none that is missing
    tokens = [token._replace(text=re.sub(r"[^\n]", "x", token.text)) for token in liquid_tokens(part)]
    html = _put(part, [(token.start, token.text) for token in tokens])
    is_preset = False
    for tag in html_tags(html):
        if tag.name == "mj-attributes":  # what all buttons have in common, none of them a button
            is_preset = not tag.closes
        if tag.closes or is_preset:
            continue
        line = html.count("\n", 0, tag.start) + 1
        if tag.name in NEVER_SENT:
            yield line, f"Mail programs take <{tag.name}> out, so it is left out of the mail. Link to a page instead."
        values = {one[1].lower(): unescape(one[2] or one[3] or one[4] or "") for one in _ATTRIBUTE.finditer(tag.inside)}
        for name, value in values.items():
            address = _UNSEEN.sub("", value) if name in _PICTURES else ""
            if address.lower().startswith("http://"):
                yield line, _blocked(address)
        if tag.name in _LEADS and (_LEADS[tag.name] or "href" in values):
            yield from ((line, words) for words in _leads_nowhere(_UNSEEN.sub("", values.get("href", ""))))
    for picture in _STYLE_PICTURE.finditer(html):
        yield html.count("\n", 0, picture.start()) + 1, _blocked(picture[1])


def _put(part: str, pieces: Sequence[tuple[int, str]]) -> str:
    made, at = [], 0
    for start, piece in pieces:
        made += [part[at:start], piece]
        at = start + len(piece)
    return "".join([*made, part[at:]])


def _blocked(address: str) -> str:
    """Names the place alone: what follows may be a link that acts for somebody whose message was copied."""
    host = re.split(r"[/?#]", address[len("http://") :], maxsplit=1)[0]
    shown = f"http://{host[:SHOWN]}/…"
    return f"Mail programs block the picture {shown}: its address must begin with https://."


def _leads_nowhere(address: str) -> Iterator[str]:
    if address in ("", "#"):
        yield "A link leads nowhere: its address is empty."
    elif address.lower().startswith(_RUNS):
        scheme = address.partition(":")[0].lower()
        yield f"A link begins with {scheme}: and leads nowhere in a mail. Link to a page instead."
