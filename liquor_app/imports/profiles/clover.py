"""Clover: customers."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

PROFILES = (
    Profile(
        key="clover_customers",
        name="Clover customers",
        kind="customers",
        marks=("Customer ID", "Marketing Allowed", "Birthday Month"),
        columns={
            "external_id": "Customer ID", "first_name": "First Name", "last_name": "Last Name",
            "email": "Email Address", "phone": "Phone Number", "city": "City", "state": "State / Province",
            "postal_code": "Postal / Zip Code", "country": "Country", "email_consent": "Marketing Allowed",
            "sms_consent": "Marketing Allowed",
        },
        made={"date_of_birth": "{Birthday Year}-{Birthday Month}-{Birthday Day}"},
    ),
)  # fmt: skip
