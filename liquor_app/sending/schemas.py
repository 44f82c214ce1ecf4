"""Shapes of the sends' routes."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from liquor_app.api.schemas import Body, Row
from liquor_app.sending.again import Whom
from liquor_app.sending.service import SendEventRow, SendRow


@dataclass(frozen=True, slots=True)
class SendOut(SendRow):
    """A message with its exact body; `reason` says why this customer was chosen."""

    body_html: str | None
    body_text: str | None
    template_version_id: UUID | None
    reason: str | None


class SendEvents(Row):
    """What happened to a message, oldest first."""

    items: list[SendEventRow]


class SettleIn(Body):
    """What became of a message whose answer never came."""

    was_sent: bool


class AgainIn(Body):
    """Which of a campaign's people are to be written to once more."""

    campaign_id: UUID
    whom: Whom


class AgainOut(Row):
    """`added` new attempts; with `is_all` false there are more than are taken at once: ask again."""

    added: int
    is_all: bool
