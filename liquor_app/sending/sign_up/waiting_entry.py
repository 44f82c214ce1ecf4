"""What somebody typed on a sign-up page, sealed until its address says yes: a stranger's word about a stranger."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from liquor_app.core.security.crypto import decrypt, encrypt


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """One channel of a form: `address` normalised, `born` as ISO 8601, `words` what stood beside the ticked box to the
    letter, `version` their name in the consent."""

    address: str
    first_name: str
    postal_code: str
    born: str
    version: str
    words: str
    ip: str | None
    user_agent: str


def seal_entry(entry: WaitingEntry) -> bytes:
    return encrypt(json.dumps(asdict(entry)))


def open_entry(sealed: bytes) -> WaitingEntry:
    """Return an entry that was sealed.

    Raises:
        Conflict: the key it was sealed with is no longer in the ring.
    """
    return WaitingEntry(**json.loads(decrypt(bytes(sealed))))
