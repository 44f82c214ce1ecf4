"""A message as staff may read it: what it says, without what would let a reader act as its recipient. Pure.

The links of a message are its recipient's own hand: they unsubscribe, give consent, count as clicks, and the picture at
the end counts as an open. In the copy for staff nothing leads anywhere, no picture of ours is fetched, and a coupon
code shows its first letters only.
"""

from __future__ import annotations

import html as html_lib
import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from urllib.parse import unquote

from liquor_app.templates.rendering.sms_length import CODE_LENGTH, CODE_LETTERS
from liquor_app.templates.rendering.text_part import unescape_attribute

MASK = "…"
SHOWN_LETTERS = 2

# One letter is the page, then a signed token (`a.b` or `a.b.c`), or a short link's code; on any host, for the shop's
# address may have been another one when the message went.
_SIGNED = r"[\w-]{10,2000}(?:\.[\w-]{10,2000}){1,2}(?:\.gif)?"
_SHORT = rf"[{CODE_LETTERS}]{{{CODE_LENGTH}}}(?![\w-])"
_OWN = re.compile(rf"(?P<base>https?://[^\s\"'<>/]{{1,255}}/)(?P<page>[a-z])/(?:(?P<token>{_SIGNED})|{_SHORT})", re.I)
_PICTURE = re.compile(r"<img\b[^<>]{0,4000}/o/[^<>]{0,4000}>", re.I)
_LEADS = re.compile(
    r"""(?P<gap>\s)(?:href|action|formaction|ping|xlink:href)\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+)""", re.I
)


def inert_html(html: str | None, code: str | None = None) -> str | None:
    """Return an HTML part in which nothing leads anywhere; None if there is none, or if it hides a link too well."""
    if html is None:
        return None
    copy = _LEADS.sub(_told, _PICTURE.sub("", html))
    copy = mask_code(_OWN.sub(_masked, copy), code) or ""
    # written so that only a mail program reads it as a link: rather show nothing
    return None if _OWN.search(html_lib.unescape(unquote(html_lib.unescape(copy)))) else copy


def inert_text(text: str | None, code: str | None = None) -> str | None:
    """Return a text part, a subject or a header with its links masked; where they lead is told where a token tells
    it."""
    return None if text is None else mask_code(_OWN.sub(_masked, text), code)


def inert_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`List-Unsubscribe` is one click away from unsubscribing somebody."""
    return {name: inert_text(value) or "" for name, value in headers.items()}


def mask_code(words: str | None, code: str | None) -> str | None:
    """Return the words with a coupon code's first letters only."""
    if not words or not code:
        return words
    wanted = {re.escape(code), re.escape(html_lib.escape(code))}
    pattern = rf"(?<![A-Za-z0-9])(?:{'|'.join(sorted(wanted))})(?![A-Za-z0-9])"
    return re.sub(pattern, code[:SHOWN_LETTERS] + MASK, words, flags=re.I)


def harmless(subject: str | None, html: str | None, words: str, base: str) -> tuple[str | None, str | None, str]:
    """Return the parts of a message made up for staff, without what acts for somebody: a template may have been copied
    from a message that was sent. Its other links stay as they are. `base` is our own address."""

    def masked(found: re.Match[str]) -> str:
        return _masked(found) if _acts(found, base) else found[0]

    copy = None if html is None else _OWN.sub(masked, _PICTURE.sub("", html))
    if copy is not None and holds_own_links(copy, base):
        copy = None
    return None if subject is None else _OWN.sub(masked, subject), copy, _OWN.sub(masked, words)


def holds_own_links(words: str, base: str) -> bool:
    """Tell whether links of somebody's own message stand in it, however they are written. On other hosts than `base`
    only signed ones count: a short code may be the name of any shop's page."""
    read = (words, html_lib.unescape(unquote(html_lib.unescape(words))))
    return any(_acts(found, base) for one in read for found in _OWN.finditer(one))


def _acts(found: re.Match[str], base: str) -> bool:
    return found["token"] is not None or found["base"].lower() == f"{base}/".lower()


def _told(found: re.Match[str]) -> str:
    address = unescape_attribute(found.group(2).strip("\"'"))
    told = _OWN.sub(_masked, address)
    return f'{found["gap"]}title="{html_lib.escape(told[:300])}"'


def _masked(found: re.Match[str]) -> str:
    """Tell where a click leads, else whose page it is without the token."""
    if found["page"].lower() == "c" and (target := _target(found["token"])):
        return target
    return f"{found['base']}{found['page']}/{MASK}"


def _target(token: str | None) -> str:
    """Return the address in the middle of a click's token; empty if there is none to read."""
    parts = (token or "").split(".")
    if len(parts) != 3:
        return ""
    try:
        told = urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)).decode()
    except (NotBase64, ValueError):
        return ""
    address = told.partition(" ")[2]
    return address if address.startswith(("http://", "https://")) and not _OWN.search(address) else ""
