"""The last look before a message leaves. Only the rows the fence returns leave the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.compliance.service import law_stamp
from liquor_app.core.ids import uuid7_time
from liquor_app.ledger.fence_rows import Leaving, hold_campaigns, mark_sending
from liquor_app.providers.kit.base import Provider
from liquor_app.sending.events.replies import IS_UNREAD
from liquor_app.sending.pipeline.compose import Composed
from liquor_app.sending.pipeline.stored_bodies import keep_stencils, stored_body


@dataclass(frozen=True, slots=True)
class Routed:
    """A message and the provider that is to carry it: `carrier` itself, so that what was written down is what is used,
    whatever the settings become meanwhile."""

    composed: Composed
    provider: str
    carrier: Provider | None = None


async def pass_fence(
    session: AsyncSession, token: UUID, messages: Sequence[Routed], *, sandbox: str, lease_seconds: float, law: str
) -> set[UUID]:
    """Mark as leaving what may still leave (`ledger.fence_rows`), its exact body kept; returns the ids of those.

    Args:
        law: the stamp of what the messages were asked by (`compliance.law_stamp`); none leaves under another law.
    """
    if await law_stamp(session) != law:
        return set()
    await hold_campaigns(session, {item.composed.claimed.campaign_id for item in messages})
    await keep_stencils(session, [item.composed.outgoing.body for item in messages])
    return await mark_sending(
        session, token, _columns(messages), sandbox=sandbox, lease_seconds=lease_seconds, unless=IS_UNREAD
    )


def _columns(messages: Sequence[Routed]) -> Leaving:
    claimed = [item.composed.claimed for item in messages]
    outgoing = [item.composed.outgoing for item in messages]
    kept = [stored_body(one.body) for one in outgoing]
    return Leaving(
        id=[one.id for one in claimed],
        created_at=[uuid7_time(one.id) for one in claimed],
        provider=[item.provider for item in messages],
        recipient=[one.recipient for one in outgoing],
        subject=[one.subject for one in outgoing],
        body_html=[one.html for one in kept],
        body_text=[one.text for one in kept],
        stencil_id=[one.stencil_id for one in kept],
        body_values=[one.values for one in kept],
        template_version_id=[item.composed.template_version_id for item in messages],
        closes_at=[one.closes_at for one in claimed],
        hash=[one.address_hash for one in claimed],
        facts=[one.facts for one in claimed],
    )
