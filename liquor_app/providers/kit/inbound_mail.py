"""E-mail people wrote back, as providers hand it on: who wrote it and in which words, what they quoted left out. Pure.

Automatic answers are nobody's words: an absence, a bounce and another machine's mail ask for nothing (RFC 3834).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parseaddr
from urllib.parse import parse_qsl

from liquor_app.core.errors import Invalid
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.kit.callbacks import clean
from liquor_app.providers.kit.mail_proof import answered

MOST_FIELDS = 200
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

    Raises:
        Invalid: it is no form.
    """
    if content_type.lower().startswith("multipart/form-data"):
        head = b"Content-Type: " + content_type.encode("ascii", "replace").replace(b"\r", b"").replace(b"\n", b"")
        whole = message_from_bytes(head + b"\r\n\r\n" + body, policy=policy.HTTP)
        read: dict[str, str] = {}
        for part in whole.iter_parts() if whole.is_multipart() else ():
            name = part.get_param("name", header="content-disposition")
            if isinstance(name, str) and part.get_filename() is None and not part.is_multipart():
                raw = part.get_payload(decode=True)
                if isinstance(raw, bytes) and len(read) < MOST_FIELDS:
                    read.setdefault(name, raw.decode("utf-8", "replace"))
        if read:
            return dict(clean(read))
        raise Invalid("This form has no fields.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Invalid("E-mail comes as a form; this is none.") from error
    return dict(clean(dict(reversed(pairs))))


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
