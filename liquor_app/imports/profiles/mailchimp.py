"""Mailchimp: an audience comes as one file of the subscribed, one of the unsubscribed, one of the cleaned. Its times
are UTC; its REGION is where an IP address seemed to be, which is nobody's address."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

_MARKS = ("Email Address", "MEMBER_RATING", "LEID")
_COLUMNS = {
    "email": "Email Address", "first_name": "First Name", "last_name": "Last Name", "phone": "Phone Number",
    "date_of_birth": "Birthday",
}  # fmt: skip
_NOT_SUBSCRIBED = r"(?:non|not)[ _-]?subscribed|transactional"
PROFILES = (
    Profile(
        key="mailchimp_subscribed",
        name="Mailchimp, subscribed",
        kind="customers",
        marks=_MARKS,
        unless=("UNSUB_TIME", "CLEAN_TIME"),
        unless_named=_NOT_SUBSCRIBED,
        columns=_COLUMNS,
        made={
            "email_consent": "yes", "consent_source": "Mailchimp", "consent_ip": "{CONFIRM_IP|OPTIN_IP}",
            "email_consent_at": "{CONFIRM_TIME|OPTIN_TIME} UTC",
        },
    ),
    # who bought or was brought in and agreed to nothing: the columns are those of the subscribed, the name alone tells
    Profile(
        key="mailchimp_not_subscribed",
        name="Mailchimp, not subscribed",
        kind="customers",
        marks=_MARKS,
        unless=("UNSUB_TIME", "CLEAN_TIME"),
        named=_NOT_SUBSCRIBED,
        columns=_COLUMNS,
    ),
    Profile(
        key="mailchimp_unsubscribed",
        name="Mailchimp, unsubscribed",
        kind="customers",
        marks=(*_MARKS, "UNSUB_TIME"),
        columns=_COLUMNS,
        made={"email_consent": "no", "consent_source": "Mailchimp", "email_consent_at": "{UNSUB_TIME} UTC"},
    ),
    Profile(
        key="mailchimp_cleaned",
        name="Mailchimp, cleaned",
        kind="customers",
        marks=(*_MARKS, "CLEAN_TIME"),
        columns=_COLUMNS,
        made={"given_up": "HARD_BOUNCE"},
    ),
)  # fmt: skip
