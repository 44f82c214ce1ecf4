"""Attentive: subscribers of text messages. What it says of leaving is of texts alone, whatever stands beside."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

PROFILES = (
    Profile(
        key="attentive_subscribers",
        name="Attentive subscribers",
        kind="customers",
        marks=("Phone", "Subscription Type", "Signed Up At", "Opted Out At"),
        columns={
            "phone": "Phone", "email": "Email", "sms_status": "Status", "sms_opt_out": "Opted Out At",
            "sms_consent_at": "Signed Up At",
        },
        made={"consent_source": "Attentive"},
    ),
)  # fmt: skip
