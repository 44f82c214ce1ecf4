"""Messages in words, for lists and dashboards. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liquor_app.ledger.models import SendStatus
from liquor_app.sending.service import SendRow
from liquor_app.ui.words import ago, show_moment


@dataclass(frozen=True, slots=True)
class SendLine:
    """A message in a list."""

    id: str
    customer: str
    campaign: str
    channel: str
    subject: str
    status: str
    when: str


def send_line(row: SendRow, at: datetime, *, is_played: bool = False) -> SendLine:
    """Return a row as a list shows it; `at` is the shop's present. Of a played week the moment is its own clock's."""
    return SendLine(
        id=str(row.id),
        customer=row.customer_name or row.recipient or "Deleted customer",
        campaign=row.campaign_name or "",
        channel=row.channel,
        subject=row.subject or ("Text message" if row.channel == "sms" else "–"),
        status=row.status.value,
        when=show_moment(row.contact_at, at) if is_played and row.contact_at else when_words(row, at),
    )


def when_words(row: SendRow, at: datetime) -> str:
    """Tell when it left, or when it is due."""
    if row.sent_at is not None:
        return ago(row.sent_at, at)
    if row.status is SendStatus.PENDING:
        return f"due {show_moment(row.not_before, at)}"
    return ago(row.created_at, at)
