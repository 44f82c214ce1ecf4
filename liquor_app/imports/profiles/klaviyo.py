"""Klaviyo: profiles of a list or segment, with consent by channel and why an address is suppressed."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

PROFILES = (
    Profile(
        key="klaviyo_profiles",
        name="Klaviyo profiles",
        kind="customers",
        marks=("Klaviyo ID", "Email Marketing Consent"),
        columns={
            "email": "Email", "first_name": "First Name", "last_name": "Last Name",
            "phone": "Phone Number", "city": "City", "state": "State / Region", "country": "Country",
            "postal_code": "Zip Code", "email_consent": "Email Marketing Consent",
            "sms_consent": "SMS Marketing Consent", "email_consent_at": "Email Marketing Consent Timestamp",
            "sms_consent_at": "SMS Marketing Consent Timestamp", "given_up": "Email Suppressions",
        },
        made={"consent_source": "Klaviyo"},
    ),
)  # fmt: skip
