"""SendGrid and Mailgun: their lists of suppressions come as an address and a moment each; which list it is, the file's
name alone tells. https://www.twilio.com/docs/sendgrid/ui/sending-email/index-suppressions,
https://documentation.mailgun.com/docs/mailgun/user-manual/suppressions"""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

_LISTS = (
    (
        "sendgrid", "SendGrid", ("email", "created"), r"spam[ _-]?report",
        r"suppression_(?:bounces|invalid)|invalid_emails?",
    ),
    ("mailgun", "Mailgun", ("address", "created_at"), r"complaint", r"bounce"),
)  # fmt: skip
"""Whose, the columns of address and moment, and how files of complaints and of bounces are called."""


def _lists(key: str, name: str, marks: tuple[str, str], spam: str, bounced: str) -> tuple[Profile, ...]:
    address, moment = marks
    left = {"email_consent": "no", "consent_source": name, "email_consent_at": f"{{{moment}}}"}
    kinds = (
        ("unsubscribed", "unsubscribed", r"unsubscribe", left),
        ("spam_reports", "spam reports", spam, {"given_up": "spam complaint"}),
        ("bounced", "bounced or invalid", bounced, {"given_up": "hard bounce"}),
    )
    return tuple(
        Profile(
            key=f"{key}_{one}",
            name=f"{name}, {words}",
            kind="customers",
            marks=marks,
            named=named,
            columns={"email": address},
            made=made,
        )
        for one, words, named, made in kinds
    )


PROFILES = tuple(profile for one in _LISTS for profile in _lists(*one))
