"""The words by which mail tools and tills say that somebody left, that an address is dead, or nothing yet. Sources: the
tools' own documents of their exports and callbacks, as of 2026."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.imports.cleaning.answers.answer_cells import Answer, clean_answer
from liquor_app.imports.cleaning.answers.coded_columns import may_be_codes
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

NO = {
    "Brevo": "blocklisted,unsubscribed,spam,Opt-out",
    "Mailchimp": "unsubscribed,Unsubscribed by admin,abuse,abuse complaint",
    "Klaviyo": "UNSUBSCRIBED,Global Unsubscribe,SPAM_COMPLAINT,Marked as spam",
    "HubSpot": "Opted out,Unsubscribed from all,Unsubscribe from all emails",
    "Constant Contact": "Opted out,Do Not Mail,Removed,No permissions,Deleted",
    "ActiveCampaign": "Unsubscribed,Unsubscribed (manual)",
    "Omnisend": "unSubscribed,optedOut",
    "Drip": "removed,unsubscribed,deleted",
    "SendGrid": "Group Unsubscribe,global_unsubscribe,spam report",
    "Mailjet": "unsub,Excluded,Reported as spam",
    "Mailgun": "complained,unsubscribed,rejected",
    "Postmark": "SpamComplaint,Unsubscribe,ManualSuppression,ManuallyDeactivated",
    "Attentive": "Opted Out,Opted Out - Web",
    "Postscript": "Unsubscribed by keyword,opted_out",
    "Twilio": "STOP,STOPALL,ARRET,REVOKE,OptOut,QUIT,CANCEL,END",
    "Square": "Unsubscribed,Marked as spam",
    "Shopify": "UNSUBSCRIBED,Unsubscribed",
    "Toast": "Opted Out,OPTED_OUT",
    "Lightspeed": "do_not_email,No",
    "Clover": "Not Allowed,Disallowed,No",
    "people": "refused,refused consent,rejected,declined,objected,Objection,opposed,DND,disagree,cancelled subscription"
    ",left list,nope,lost consent,former subscriber,ex-subscriber,Permission revoked,no longer wants emails",
}
DEAD = {
    "Brevo": "hard_bounce,invalid_email,blocked", "Mailchimp": "cleaned", "Klaviyo": "HARD_BOUNCE,INVALID_EMAIL",
    "HubSpot": "quarantined,UNKNOWN_USER", "Constant Contact": "Non-existent,Undeliverable,Bounced - Hard",
    "Drip": "undeliverable", "SendGrid": "bounce,dropped,invalid", "Mailjet": "hardbounced",
    "Mailgun": "failed,permanent fail,bounced", "Postmark": "HardBounce,BadEmailAddress", "Attentive": "Invalid",
    "Twilio": "undelivered,failed", "Square": "bounced", "Klaviyo too": "USER_SUPPRESSED",
}  # fmt: skip
SILENT = {
    "Brevo": "soft_bounce,SoftBounce,deferred", "Mailchimp": "non-subscribed,pending,archived,transactional",
    "Klaviyo": "NEVER_SUBSCRIBED", "HubSpot": "Not specified,Legitimate interest,Not applicable",
    "Constant Contact": "Awaiting Confirmation,Pending confirmation,Implicit,Temp Hold,Mailbox Full,Non-subscriber",
    "ActiveCampaign": "Unconfirmed", "Omnisend": "nonSubscribed", "Postmark": "Transient,SoftBounce",
    "Shopify": "NOT_SUBSCRIBED,PENDING,REDACTED", "Toast": "Not Opted In", "Postscript": "Collected",
    "people": "not yet,no status,no data,no record",
}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "tool", "cell"),
    [
        (answer, tool, cell)
        for answer, tools in ((Answer.NO, NO), (Answer.DEAD, DEAD), (Answer.SILENT, SILENT))
        for tool, cells in tools.items()
        for cell in cells.split(",")
    ],
)
def test_a_tools_word_is_heard(answer: Answer, tool: str, cell: str) -> None:
    assert clean_answer(cell, "email_consent") is answer


@pytest.mark.parametrize(("column", "cells", "is_told"), [
    ("Status", ["1", "2", "1", "3"], True), ("List Status", ["0", "2"], True), ("Status", ["1", "1", "0"], False),
    ("Order Status", ["1", "2"], False), ("Status", ["1", "2", "7"], False),
])  # fmt: skip
def test_states_told_by_numbers_are_pointed_out(column: str, cells: list[str], is_told: bool) -> None:
    """Before, they stood among the columns left out."""
    assert may_be_codes(column, cells) is is_told


@pytest.mark.integration
@pytest.mark.parametrize(
    ("head", "out", "stays"),
    [
        ("email,phone,DOUBLE_OPT-IN", "2", "1"), ("email,phone,DOUBLE_OPT-IN", "No", "Yes"),
        ("email,phone,Double Opt-In Status", "refused", "confirmed"), ("email,phone,Status", "rejected", "subscribed"),
        ("email,phone,Subscription Status", "objected", "subscribed"), ("phone,email,OptOutType", "STOP", "START"),
    ],
)  # fmt: skip
async def test_a_no_is_taken_from_the_tools_column(
    database: str, tmp_path: Path, head: str, out: str, stays: str
) -> None:
    agreed = "email,phone,sms consent,email consent,consent source,consent date"
    ann, bo = "ann@w.example,617-555-0142", "bo@w.example,617-555-0143"
    await run(write(tmp_path / "people.csv", agreed, *(f"{one},yes,yes,till,2026-01-05" for one in (ann, bo))))
    is_turned = head.startswith("phone")
    first, second = (",".join(reversed(one.split(","))) if is_turned else one for one in (ann, bo))
    await run(write(tmp_path / "list.csv", head, f"{first},{out}", f"{second},{stays}"))
    found = await many("SELECT email_consent FROM customers ORDER BY email")
    assert [one.email_consent for one in found] == ["withdrawn", "given"]
