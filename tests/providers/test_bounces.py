"""Which refusals mean the address, and which mean us or now."""

from __future__ import annotations

import json
from typing import Any

import aiosmtplib
import pytest

from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters import smtp
from liquor_app.providers.adapters.mailgun_events import _event as mailgun_event
from liquor_app.providers.adapters.postmark_events import _event as postmark_event
from liquor_app.providers.adapters.sendgrid_events import _event as sendgrid_event
from liquor_app.providers.kit.base import EventKind, OutgoingMessage
from liquor_app.providers.kit.bounces import Cause, cause_of
from liquor_app.providers.kit.message_bodies import Whole

OF_US = (
    (550, "<shop@mg.example.com>: Sender address rejected: Domain not found"),
    (550, "5.1.1 <shop@mg.example.com>: Sender address rejected: User unknown"),
    (550, "5.1.8 Domain of sender does not exist"),
    (550, "Verification failed for <shop@mg.example.com>: unknown user"),
    (554, "IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help)"),
    (550, "Client host rejected: address not found"),
    (550, "your account has been disabled"),
)
UNDERSTOOD_BY_NOBODY = (*OF_US, (550, "The user you are trying to contact is receiving mail too quickly"),
                        (554, "Transaction failed"), (550, None), (None, None))  # fmt: skip


@pytest.mark.parametrize(("code", "words"), UNDERSTOOD_BY_NOBODY)
def test_cases_24_and_25_no_provider_takes_a_silent_server_for_a_dead_address(
    code: int | None, words: str | None
) -> None:
    """Before: whatever was not understood suppressed for good; a refused sender of ours would have emptied the list."""
    status = {"code": code, "message": words}
    at, body = 1764072000, {"email": "m@example.com", "event": "bounce", "status": code and f"{code}", "reason": words}
    told = [
        mailgun_event({"event": "failed", "severity": "permanent", "reason": reason, "delivery-status": status}, "t")
        for reason in ("bounce", "generic", "espblock", "old", "greylisted", None)
    ]
    told += [sendgrid_event({"timestamp": at, "type": kind, **body}) for kind in ("bounce", "expired", "blocked", None)]
    details = f"smtp;{code or ''} {words or ''}"
    told += [postmark_event({"RecordType": "Bounce", "MessageID": "x", "Type": "HardBounce", "Details": details})]
    assert [(one.kind, one.is_permanent) for one in told] == [(EventKind.BOUNCED, False)] * len(told)


@pytest.mark.parametrize(
    ("code", "words", "cause"),
    [
        (550, "5.1.1 <a@b.example>: Recipient address rejected: User unknown", Cause.ADDRESS),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; not found", Cause.ADDRESS),
        (550, "No such user here", Cause.ADDRESS),
        (554, "The account a@b.example has been disabled", Cause.ADDRESS),
        (550, "5.2.1 The email account that you tried to reach is inactive", Cause.ADDRESS),
        (550, "5.7.1 messages from [192.0.2.1] weren't sent; block list (S3150)", Cause.US),
        (550, "5.7.26 unauthenticated mail is prohibited: user unknown to DMARC", Cause.US),
        (554, "Message rejected due to content restrictions", Cause.US),
        (550, "Your IP is listed at spamhaus", Cause.US),
        (552, "5.2.2 over quota", Cause.NOW),
        (552, None, Cause.NOW),
        (450, "4.2.0 greylisted", Cause.NOW),
        (550, "mailbox full", Cause.NOW),
        (550, None, Cause.UNTOLD),
        (None, None, Cause.UNTOLD),
        ("5.1.1", "", Cause.ADDRESS),
        *((code, words, Cause.US) for code, words in OF_US),
        (450, "The user you are trying to contact is receiving mail too quickly", Cause.NOW),
        (None, "unable to get mx info: failed to get IPs from PTR record", Cause.US),
        (None, "unable to get mx info", Cause.NOW),
        ("5.4.1", "Recipient address rejected: Access denied", Cause.NOW),
    ],
)
def test_causes(code: int | str | None, words: str | None, cause: Cause) -> None:
    assert cause_of(code, words) is cause


@pytest.mark.parametrize(
    ("event", "kind", "dead"),
    [
        ({"event": "dropped", "reason": "Invalid SMTPAPI header"}, EventKind.FAILED, False),
        ({"event": "dropped", "reason": "Spam Content (if Spam Checker app is enabled)"}, EventKind.FAILED, False),
        ({"event": "dropped", "reason": "Recipient List over Package Quota"}, EventKind.FAILED, False),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, EventKind.UNSUBSCRIBED, False),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, EventKind.COMPLAINED, False),
        ({"event": "dropped", "reason": "Bounced Address"}, EventKind.BOUNCED, True),
        ({"event": "dropped", "reason": "Invalid"}, EventKind.BOUNCED, True),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Content"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Reputation"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Technical"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Frequency/Volume"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Invalid Address"}, EventKind.BOUNCED, True),
        ({"event": "bounce", "type": "bounce", "bounce_classification": "Mailbox Unavailable", "status": "5.2.2"},
         EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, EventKind.BOUNCED, True),
        ({"event": "bounce", "type": "bounce", "status": "5.7.1", "reason": "policy"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "blocked", "status": "5.1.1"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "expired", "status": "5.1.1"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "reason": "unable to get mx info"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "bounce", "reason": "550 unknown user"}, EventKind.BOUNCED, True),
    ],
)  # fmt: skip
def test_case_25_sendgrid_drop_reasons(event: dict[str, Any], kind: EventKind, dead: bool) -> None:
    """Before: one bad header of ours would have suppressed every recipient."""
    told = sendgrid_event({"timestamp": 1764072000, "email": "m@example.com", **event})
    assert (told.kind, told.is_permanent) == (kind, dead)


@pytest.mark.parametrize(
    ("more", "dead"),
    [
        ({"Type": "HardBounce", "Details": "smtp;550 5.1.1 user unknown"}, True),
        ({"Type": "HardBounce"}, False),
        ({"Type": "BadEmailAddress"}, True),
        ({"Type": "HardBounce", "Details": "smtp;550 5.7.1 blocked using Spamhaus"}, False),
        ({"Type": "HardBounce", "Details": "smtp;552 5.2.2 mailbox full"}, False),
        ({"Type": "SoftBounce", "Details": "smtp;550 5.1.1 user unknown"}, False),
    ],
)
def test_a_hard_bounce_of_postmark_is_read_to_its_words(more: dict[str, str], dead: bool) -> None:
    told = postmark_event(json.loads(json.dumps({"RecordType": "Bounce", "MessageID": "x", **more})))
    assert (told.kind, told.is_permanent) == (EventKind.BOUNCED, dead)


@pytest.mark.parametrize(
    ("error", "dead"),
    [
        (aiosmtplib.SMTPRecipientRefused(550, "5.1.1 no such user", "m@example.com"), True),
        (aiosmtplib.SMTPRecipientRefused(550, "5.7.1 listed at spamhaus", "m@example.com"), False),
        (aiosmtplib.SMTPRecipientRefused(552, "5.2.2 over quota", "m@example.com"), False),
        (aiosmtplib.SMTPRecipientRefused(450, "4.1.1 no such user, maybe", "m@example.com"), False),
        (aiosmtplib.SMTPDataError(554, "5.1.1 in the words of a filter"), False),
    ],
)
def test_over_smtp_only_a_refused_recipient_is_dead(error: aiosmtplib.SMTPResponseException, dead: bool) -> None:
    message = OutgoingMessage(
        send_id=uuid7(), campaign_id=None, channel=Channel.EMAIL, sender="s@example.com", sender_name="S",
        recipient="m@example.com", body=Whole("x"), subject="x",
    )  # fmt: skip
    assert smtp._judge(message, error).is_dead_address is dead
