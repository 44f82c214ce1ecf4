"""Short links of texts: the message they belong to is looked up, for a signature would cost a segment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import unnest
from liquor_app.core.config import get_settings
from liquor_app.core.errors import NotFound
from liquor_app.core.security.crypto import keyed_hash
from liquor_app.sending.models import ShortLink, TrackedLink
from liquor_app.sending.tracking.links import Target
from liquor_app.templates.rendering.sms_length import CODE_LENGTH, CODE_LETTERS, with_short_links

_NAMESPACE = UUID("6f1c1c8e-6c0b-5f43-9d3c-6a1f0e2b7d55")

_TARGETS = unnest("f", id=TrackedLink.id, campaign_id=TrackedLink.campaign_id, url=TrackedLink.url)
_CODES = unnest("f", code=ShortLink.code, send_id=ShortLink.send_id, link_id=ShortLink.link_id, place=ShortLink.place)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A link that was made short; it must be stored before its message leaves."""

    code: str
    send_id: UUID
    campaign_id: UUID | None
    address: str
    place: int


def shorten(words: str, send_id: UUID, campaign_id: UUID | None) -> tuple[str, tuple[Shortened, ...]]:
    """Return a text with its links short, and what they stand for."""
    made: list[Shortened] = []

    def code_of(place: int, address: str) -> str:
        made.append(Shortened(_code(send_id, place, address), send_id, campaign_id, address, place))
        return made[-1].code

    shortened = with_short_links(words, get_settings().base_url, code_of)
    return shortened, () if shortened == words else tuple(made)


async def store_links(session: AsyncSession, links: Sequence[Shortened]) -> None:
    """Keep them; harmless if they are kept already, as those of a second attempt are."""
    if not links:
        return
    targets = {_link_id(link.campaign_id, link.address): link for link in links}
    ids = sorted(targets)
    await session.execute(
        text(f"INSERT INTO tracked_links (id, campaign_id, url) SELECT * FROM {_TARGETS} ON CONFLICT DO NOTHING"),
        _TARGETS.bind(
            id=ids,
            campaign_id=[targets[link_id].campaign_id for link_id in ids],
            url=[targets[link_id].address for link_id in ids],
        ),
    )
    await session.execute(
        text(f"INSERT INTO short_links (code, send_id, link_id, place) SELECT * FROM {_CODES} ON CONFLICT DO NOTHING"),
        _CODES.bind(
            code=[link.code for link in links],
            send_id=[link.send_id for link in links],
            link_id=[_link_id(link.campaign_id, link.address) for link in links],
            place=[link.place for link in links],
        ),
    )


async def find_short(session: AsyncSession, code: str) -> Target:
    """Tell where a short link leads.

    Raises:
        NotFound: no text of ours carries it.
    """
    row = None
    if len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS):
        found = await session.execute(
            text(
                "SELECT s.send_id, s.place, l.url FROM short_links s JOIN tracked_links l ON l.id = s.link_id"
                " WHERE s.code = :code"
            ),
            {"code": code},
        )
        row = found.first()
    if row is None:
        raise NotFound("This link is not known here. Please open it again from the message.")
    return Target(row.send_id, row.url, f"link-{row.place}")


def _code(send_id: UUID, place: int, address: str) -> str:
    """From message, place and address: a second attempt of the same text has the same code."""
    number = int.from_bytes(keyed_hash("short link", f"{send_id.hex} {place} {address}")[:16], "big")
    letters = []
    for _ in range(CODE_LENGTH):
        number, rest = divmod(number, len(CODE_LETTERS))
        letters.append(CODE_LETTERS[rest])
    return "".join(letters)


@lru_cache(maxsize=4096)
def _link_id(campaign_id: UUID | None, address: str) -> UUID:
    """Return the same on every worker."""
    return uuid5(_NAMESPACE, f"{campaign_id}\n{address}")
