"""Messages in words, for lists and dashboards. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liquor_app.core.clock import now
from liquor_app.ledger.models import SendStatus
from liquor_app.sending.service import SendRow


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


def send_line(row: SendRow) -> SendLine:
    """A row as a list shows it."""
    return SendLine(
        id=str(row.id),
        customer=row.customer_name or row.recipient or "Deleted customer",
        campaign=row.campaign_name or "",
        channel=row.channel,
        subject=row.subject or ("Text message" if row.channel == "sms" else "–"),
        status=row.status.value,
        when=when_words(row),
    )


def when_words(row: SendRow) -> str:
    """When it left, or when it is due."""
    if row.sent_at is not None:
        return ago(row.sent_at)
    if row.status is SendStatus.PENDING:
        return f"due {row.not_before:%a %d %b %H:%M}"
    return ago(row.created_at)


def ago(moment: datetime) -> str:
    """`just now`, `4 min ago`, `3 h ago`, `12 Nov`."""
    seconds = (now() - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    return f"{moment.day} {moment:%b}"
