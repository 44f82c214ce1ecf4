"""Links to a file of the store: signed by our key ring, for one person, for a few minutes.

A link names its file, whom it was made for, and when it ends. It opens nothing by itself: the route asks who is
there (`accounts.downloads`). Signed for this purpose alone, no other link of ours can be made into one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.files.folders import checked
from liquor_app.core.security.crypto import sign, unsign

PURPOSE = "file-download"
MINUTES = 15
MAX_NAME = 100
EXPIRED = "This link has expired. Open the page again for a new one."
NO_LINK = "This link is damaged or incomplete."


@dataclass(frozen=True, slots=True)
class Download:
    """What a link leads to: a file, what it is called on the disk of whoever fetches it, who that may be, and the
    permission they must have."""

    key: str
    name: str
    bearer: str
    permission: str


def sign_download(download: Download) -> str:
    """Return the token of a link, good for `MINUTES`."""
    ends = int((now() + timedelta(minutes=MINUTES)).timestamp())
    name = download.name[:MAX_NAME]
    return sign(
        PURPOSE, {"k": checked(download.key), "n": name, "b": download.bearer, "p": download.permission, "e": ends}
    )


def read_download(token: str, bearer: str) -> Download:
    """Tell what a token stands for, if it was made for `bearer`. Nobody learns of another's link that it is one.

    Raises:
        NotFound: it is none of ours, was made for another purpose or somebody else, or has expired.
    """
    try:
        found: dict[str, Any] = unsign(PURPOSE, token)
        download = Download(checked(str(found["k"])), str(found["n"]), str(found["b"]), str(found["p"]))
        ends = int(found["e"])
    except (Invalid, KeyError, TypeError, ValueError) as error:
        raise NotFound(NO_LINK) from error
    if download.bearer != bearer:
        raise NotFound(NO_LINK)
    if now().timestamp() >= ends:
        raise NotFound(EXPIRED)
    return download
