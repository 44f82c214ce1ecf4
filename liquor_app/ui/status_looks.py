"""The one map from status to word and colour: badges, filters and files say the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Tone = Literal["gray", "green", "red", "blue", "amber", "outline", "solid", "unknown"]


class Look(NamedTuple):
    word: str
    tone: Tone


# Amber has one meaning: someone must act. "Bought" alone is solid; "Unknown" is outlined with a hollow dot.
LOOKS: Mapping[str, Look] = {
    # campaigns, plans, jobs, imports
    "draft": Look("Draft", "gray"),
    "preview": Look("Preview", "gray"),
    "awaiting_approval": Look("Waiting for approval", "amber"),
    "approved": Look("Approved", "green"),
    "superseded": Look("Superseded", "gray"),
    "scheduled": Look("Scheduled", "gray"),
    "queued": Look("Queued", "gray"),
    "active": Look("Running", "blue"),
    "running": Look("Running", "blue"),
    "paused": Look("Paused", "amber"),
    "completed": Look("Done", "green"),
    "succeeded": Look("Done", "green"),
    "cancelled": Look("Cancelled", "gray"),
    "failed": Look("Failed", "red"),
    # files that came in drop folders
    "waiting": Look("Waiting to be whole", "gray"),
    "taken": Look("Taken", "blue"),
    "repeated": Look("Came before", "gray"),
    "discarded": Look("Discarded", "gray"),
    "undoing": Look("Being undone", "blue"),
    "undo_stopped": Look("Undone in part", "amber"),
    "undone": Look("Undone", "gray"),
    # ages
    "disputed": Look("In doubt", "amber"),
    "minor": Look("Under age", "red"),
    # actions
    "proposed": Look("Proposed", "gray"),
    "held_out": Look("Held out", "gray"),
    # sends and events
    "pending": Look("Pending", "gray"),
    "claimed": Look("Sending", "blue"),
    "sending": Look("Sending", "blue"),
    "sent": Look("Sent", "blue"),
    "delivered": Look("Delivered", "green"),
    "opened": Look("Opened", "blue"),
    "clicked": Look("Clicked", "blue"),
    "converted": Look("Bought", "solid"),
    "conversion": Look("Bought", "solid"),
    "redeemed": Look("Redeemed", "green"),
    "redemption": Look("Redeemed", "green"),
    "purchase": Look("Bought", "solid"),
    "bounced": Look("Bounced", "red"),
    "complained": Look("Complained", "red"),
    "unsubscribed": Look("Unsubscribed", "gray"),
    "skipped": Look("Skipped", "gray"),
    "moved": Look("Moved", "gray"),
    "unknown": Look("Unknown", "unknown"),
    "email_sent": Look("E-mail sent", "blue"),
    "sms_sent": Look("SMS sent", "blue"),
    "email_open": Look("Opened", "blue"),
    "link_click": Look("Clicked", "blue"),
    "page_view": Look("Visited", "gray"),
    # consent and age
    "given": Look("Given", "green"),
    "withdrawn": Look("Withdrawn", "red"),
    "not_subscribed": Look("Not subscribed", "gray"),
    "verified": Look("Verified", "green"),
    # churn bands
    "low": Look("Low", "green"),
    "medium": Look("Medium", "amber"),
    "high": Look("High", "red"),
    # lift, models, senders
    "worked": Look("Worked", "green"),
    "not_sure": Look("Not sure yet", "gray"),
    "stopped": Look("Stopped", "red"),
    "too_few": Look("Too few", "gray"),
    "healthy": Look("Healthy", "green"),
    "candidate": Look("Candidate", "gray"),
    "retired": Look("Retired", "gray"),
    "rejected": Look("Rejected", "red"),
    # suppressions
    "manual": Look("By hand", "gray"),
    "erased": Look("Erased", "gray"),
}

STATUS_WORDS: Mapping[str, str] = {status: look.word for status, look in LOOKS.items()}
