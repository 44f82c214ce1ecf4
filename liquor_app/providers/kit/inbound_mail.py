"""E-mail people wrote back, as providers hand it on: who wrote it and in which words, what they quoted left out. Pure.

Automatic answers are nobody's words: an absence, a bounce and another machine's mail ask for nothing (RFC 3834).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from liquor_app.core.errors import Invalid
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.kit.callbacks import clean
from liquor_app.providers.kit.mail_proof import answered

MOST_FIELDS, MOST_HEAD = 200, 2_000
"""Fields of a form, and bytes of what stands above each: a letter's has thirty, and a name and a type."""
MOST_LINES = 400
MOST_WORDS = 2_000
"""Letters of an answer that are kept; what somebody wants of us stands at its top."""

_QUOTED = re.compile(
    r"^\s*(?:>|-{2,} ?(?:original|forwarded) message|_{10,}|on .{4,200}\bwrote:?$|el .{4,200}\bescribi[oó]:?$"
    r"|(?:from|de|sent|enviado(?: el)?):\s)",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"^(?:--\s*|sent from my .{1,40}|get outlook for .{1,40}|enviado desde mi .{1,40})$", re.IGNORECASE
)
_OWN_SUBJECT = re.compile(r"^\s*(?:re|aw|sv|fwd?|rv)\s*:", re.IGNORECASE)
_ABSENCE = re.compile(
    r"^\s*(?:auto(?:matic)?[- ]?(?:reply|response|mated)|out of (?:the )?office|undeliver|delivery status|mail delivery"
    r"|returned mail|respuesta autom)",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"^(?:mailer-daemon|postmaster|bounces?|no-?reply|do-?not-?reply)(?:[+_=@-]|$)", re.IGNORECASE)


def form_of(body: bytes, content_type: str) -> dict[str, str]:
    """Return the text fields of a form, sent as an address or in parts (files left out); the first of each name counts.
    Read before anybody has proved anything: in one pass, and no further than a letter's form goes.

    Raises:
        Invalid: it is no form, or one of more fields or longer heads than a letter's.
    """
    if content_type.lower().startswith("multipart/form-data"):
        if read := _Parts().read(body, content_type):
            return dict(clean(read))
        raise Invalid("This form has no fields.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Invalid("E-mail comes as a form; this is none.") from error
    return dict(clean(dict(reversed(pairs))))


class _Parts:
    """A form in parts (RFC 7578), read by python-multipart. Not by `email`: its headers take memory by the square of
    their length, and a hundred thousand empty parts half a minute."""

    def __init__(self) -> None:
        self._fields: dict[str, bytearray] = {}
        self._begun = 0
        self._name, self._said = bytearray(), bytearray()
        self._into: bytearray | None = None

    def read(self, body: bytes, content_type: str) -> dict[str, str]:
        boundary = parse_options_header(content_type.splitlines()[0][:MOST_HEAD])[1].get(b"boundary", b"")
        try:
            parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._said.extend(data[start:end]),
                    "on_header_end": self._head,
                    "on_part_data": self._keep,
                },
                max_header_size=MOST_HEAD,
            )
            parser.write(body)
            parser.finalize()
        except FormParserError as error:
            raise Invalid("E-mail comes as a form; this is none.") from error
        return {name: value.decode("utf-8", "replace") for name, value in self._fields.items()}

    def _begin(self) -> None:
        self._begun += 1
        if self._begun > MOST_FIELDS:
            raise Invalid(f"A letter's form has at most {MOST_FIELDS} fields.")
        self._into = None

    def _head(self) -> None:
        if self._name.lower() == b"content-disposition":
            said = parse_options_header(bytes(self._said))[1]
            name = said.get(b"name", b"").decode("utf-8", "replace")
            # a file is nobody's words, and a name that came already has its value
            if name and b"filename" not in said and name not in self._fields:
                self._into = self._fields[name] = bytearray()
        self._name, self._said = bytearray(), bytearray()

    def _keep(self, data: bytes, start: int, end: int) -> None:
        if self._into is not None:
            self._into += data[start:end]


def answer_event(
    sender: str,
    subject: str,
    words: str,
    headers: Mapping[str, str],
    *,
    event_id: str,
    at: datetime,
    proved: bool | None = None,
) -> WebhookEvent:
    """Return what somebody wrote as an event; automatic answers are kept and counted, and mean nothing.

    Args:
        sender: as in From, with or without a name.
        words: the letter's plain text; what it quotes is left out here.
        headers: the letter's own, by names in lower case.
        proved: as `WebhookEvent.is_proved`.
    """
    address = parseaddr(sender[:1000])[1].strip()
    is_person = "@" in address and not is_automatic(address, subject, headers)
    kind = EventKind.INBOUND_MAIL if is_person else EventKind.OTHER
    text = own_words(words)
    # whoever writes anew says it in the subject; under an answer stands ours
    if not _OWN_SUBJECT.match(subject) and subject.strip():
        text = f"{subject.strip()[:200]}\n{text}"
    named = answered(headers.get("in-reply-to", ""), headers.get("references", ""))
    return WebhookEvent(kind, event_id, at, recipient=address[:320] or None, text=text[:MOST_WORDS],
                        is_proved=proved, answers=named,
                        raw={"from": address[:320], "subject": subject[:300]})  # fmt: skip


def is_automatic(address: str, subject: str, headers: Mapping[str, str]) -> bool:
    """Tell whether a machine wrote it (RFC 3834 § 5, and what is sent in its place)."""
    auto = headers.get("auto-submitted", "no").strip().lower()
    return (
        auto.split(";")[0].strip() != "no"
        or headers.get("precedence", "").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(name in headers for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress-reply"))
        or headers.get("return-path", "x").strip() == "<>"
        or _ABSENCE.match(subject) is not None
        or _NOBODY.match(address) is not None
    )


def own_words(letter: str) -> str:
    """Return what somebody wrote themselves: above the first quoted line and their signature."""
    kept: list[str] = []
    for line in letter[:200_000].splitlines()[:MOST_LINES]:
        if _QUOTED.match(line[:300]) or _SIGNED.match(line.strip()[:80]):
            if "".join(kept).strip():
                break
            continue
        kept.append(line.strip()[:1000])
    return "\n".join(kept).strip()
