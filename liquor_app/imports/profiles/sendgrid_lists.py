"""SendGrid: its lists of suppressions come as an address and a moment each; which list it is, the file's name alone
tells. https://www.twilio.com/docs/sendgrid/ui/sending-email/index-suppressions"""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

_MARKS = ("email", "created")
_COLUMNS = {"email": "email"}
PROFILES = (
    Profile(
        key="sendgrid_unsubscribed",
        name="SendGrid, unsubscribed",
        kind="customers",
        marks=_MARKS,
        named=r"unsubscribe",
        columns=_COLUMNS,
        made={"email_consent": "no", "consent_source": "SendGrid", "email_consent_at": "{created}"},
    ),
    Profile(
        key="sendgrid_spam_reports",
        name="SendGrid, spam reports",
        kind="customers",
        marks=_MARKS,
        named=r"spam[ _-]?report",
        columns=_COLUMNS,
        made={"given_up": "spam complaint"},
    ),
    Profile(
        key="sendgrid_bounced",
        name="SendGrid, bounced or invalid",
        kind="customers",
        marks=_MARKS,
        named=r"suppression_(?:bounces|invalid)|invalid_emails?",
        columns=_COLUMNS,
        made={"given_up": "hard bounce"},
    ),
)
