"""Links and the pixel of a message: signed, so that they lead nowhere else and tell nobody's address. Pure.

A token is `message.link.proof`. What is the same for everybody (place and address, as `link`) is made once per
template and kept by its stencil; a message then costs one HMAC per link.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus
from uuid import UUID

from liquor_app.core.config import get_settings
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import parse_id
from liquor_app.core.security.crypto import is_keyed_hash, keyed_hash, unsign
from liquor_app.templates.rendering.render import Rendered
from liquor_app.templates.rendering.sms_length import text_links
from liquor_app.templates.rendering.text_part import unescape_attribute

CLICK_PATH, OPEN_PATH = "/c", "/o"
_LINK, _PIXEL = "tracked link", "open pixel"
_OLD_LINK, _OLD_PIXEL = "click", "open"
"""Purposes of the tokens `crypto.sign` made for messages that are still in mailboxes; links do not expire."""

LONGEST_LINK = 1_900
"""Characters of `link`: addresses beyond are left as they are, for mail programs cut long ones off."""

_ID_LETTERS, _PROOF_BYTES = 22, 12

_HREF = re.compile(
    r"""<(?:a|area)\b(?:[^<>"']|"[^"]*"|'[^']*')*?\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s<>"']+))""", re.IGNORECASE
)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A transparent GIF of one point."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link of a message leads. `place` is `link-2` or `text-1`; empty for links of old."""

    send_id: UUID
    address: str
    place: str = ""


class Tracker:
    """Makes the tracked addresses of one message."""

    __slots__ = ("_base", "_send", "clicks", "opens")

    def __init__(self, send_id: UUID, *, clicks: bool, opens: bool) -> None:
        self.clicks, self.opens = clicks, opens
        self._base, self._send = get_settings().base_url, _letters(send_id.bytes)

    def is_own(self, address: str) -> bool:
        """Tell whether it leads to one of our own pages, which are never wrapped."""
        return address.startswith(f"{self._base}/")

    def click(self, link: str) -> str:
        """Return the address of what `link_of` has made."""
        return f"{self._base}{CLICK_PATH}/{self._send}.{link}.{_proof(_LINK, f'{self._send}.{link}')}"

    def pixel(self) -> str:
        """Tell where the picture is."""
        return f"{self._base}{OPEN_PATH}/{self._send}.{_proof(_PIXEL, self._send)}.gif"


def link_of(place: str, address: str) -> str | None:
    """Place and address as they stand in a token; None if they are too long for one."""
    link = _letters(f"{place} {address}".encode())
    return link if len(link) <= LONGEST_LINK else None


def track_message(made: Rendered, tracker: Tracker) -> Rendered:
    """Return an e-mail with its links wrapped, in both parts, and a pixel at its end. What a stencil does faster."""

    def wrap(place: str, address: str, raw: str) -> str:
        link = link_of(place, address) if tracker.clicks else None
        return raw if link is None else tracker.click(link)

    html = None if made.html is None else each_html_link(made.html, wrap)
    if html is not None and tracker.opens:
        html = with_pixel(html, picture(tracker.pixel()))
    return replace(made, html=html, text=each_text_link(made.text, wrap))


def tracked(html: str, send_id: UUID, *, clicks: bool, opens: bool) -> str:
    """`track_message` for an HTML part alone."""
    made = track_message(Rendered(None, html, ""), Tracker(send_id, clicks=clicks, opens=opens))
    return made.html or ""


Wrap = Callable[[str, str, str], str]
"""What stands in the body instead, of a link's place, its address, and how it stood there."""


def each_html_link(html: str, wrap: Wrap) -> str:
    """Each web address an `a` leads to replaced; the way out and our other own pages stay as they are."""
    return _each(html, _html_spans(html), wrap, "link", unescape_attribute)


def each_text_link(text: str, wrap: Wrap) -> str:
    """Return the same for plain text."""
    return _each(text, text_links(text), wrap, "text", str)


def picture(source: str) -> str:
    """Return the pixel itself."""
    return f'<img src="{source}" width="1" height="1" alt="">'


def with_pixel(html: str, pixel: str) -> str:
    """At the end of the body, whatever stands for it."""
    head, found, tail = html.rpartition("</body>")
    return f"{head}{pixel}{found}{tail}" if found else html + pixel


def read_link(token: str) -> Target:
    """Tell where a wrapped link leads.

    Raises:
        Invalid: the link is not ours.
    """
    parts = token.split(".")
    if len(parts) == 2:
        return _read_old(token)
    if len(parts) != 3 or len(parts[0]) != _ID_LETTERS or not _is_proof(_LINK, f"{parts[0]}.{parts[1]}", parts[2]):
        raise _damaged()
    place, _, address = _bytes(parts[1]).decode().partition(" ")
    return Target(UUID(bytes=_bytes(parts[0])), address, place)


def read_pixel(token: str) -> UUID:
    """Tell whose pixel it is.

    Raises:
        Invalid: it is not ours.
    """
    send, _, proof = token.partition(".")
    if len(send) != _ID_LETTERS:
        given = unsign(_OLD_PIXEL, token)
        return parse_id(str(given.get("s", "")) if isinstance(given, Mapping) else "", "token")
    if not _is_proof(_PIXEL, send, proof):
        raise _damaged()
    return UUID(bytes=_bytes(send))


def with_tags(address: str, *, source: str, medium: str, campaign: str, content: str) -> str:
    """Return the address with UTM tags appended, where the author has set none. What the author wrote stays to the
    letter: a query may be signed, and what reads it may not take `%20` for `+`.

    Names as Google Analytics documents them; all values are slugs.
    """
    tags = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign, "utm_content": content}
    body, mark, fragment = address.partition("#")
    _, asked, query = body.partition("?")
    own = {unquote_plus(part.partition("=")[0]).lower() for part in query.split("&")}
    added = "&".join(f"{name}={slug}" for name, value in tags.items() if name not in own and (slug := slug_of(value)))
    if not added:
        return address
    joint = "?" if not asked else "" if not query or query.endswith("&") else "&"
    return f"{body}{joint}{added}{mark}{fragment}"


def slug_of(words: str | None) -> str:
    """`autumn-win-back` of `Autumn: Win-back!`."""
    return _SLUG.sub("-", (words or "").lower()).strip("-")[:60]


def _html_spans(html: str) -> list[Span]:
    spans = []
    for match in _HREF.finditer(html):
        start, end = match.span(match.lastindex or 0)
        raw = html[start:end]
        spans.append((start + len(raw) - len(raw.lstrip()), end - len(raw) + len(raw.rstrip())))
    return spans


def _each(body: str, spans: Iterable[Span], wrap: Wrap, part: str, plain: Callable[[str], str]) -> str:
    own, at, count = f"{get_settings().base_url}/", 0, 0
    made: list[str] = []
    for start, end in spans:
        raw = body[start:end]
        address = plain(raw)
        if not _WEB.match(address) or address.startswith(own):
            continue
        count += 1
        made += [body[at:start], wrap(f"{part}-{count}", address, raw)]
        at = end
    return "".join([*made, body[at:]])


def _read_old(token: str) -> Target:
    given = unsign(_OLD_LINK, token)
    if not isinstance(given, Mapping) or not {"s", "u"} <= set(given):
        raise _damaged()
    return Target(parse_id(str(given["s"]), "token"), str(given["u"]))


def _proof(purpose: str, words: str) -> str:
    return _letters(keyed_hash(purpose, words)[:_PROOF_BYTES])


def _is_proof(purpose: str, words: str, proof: str) -> bool:
    try:
        given = _bytes(proof)
    except ValueError:
        return False
    # the same bytes in other letters are another link: nobody makes a thousand of one
    return len(given) == _PROOF_BYTES and _letters(given) == proof and is_keyed_hash(purpose, words, given)


def _letters(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(letters: str) -> bytes:
    return urlsafe_b64decode(letters + "=" * (-len(letters) % 4))


def _damaged() -> Invalid:
    return Invalid("This link is damaged or incomplete. Please open it again from the message.", field="token")
