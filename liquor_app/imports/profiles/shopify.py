"""Shopify: customers (Customers → Export), before and after its change of column names."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

_COLUMNS = {
    "external_id": "Customer ID", "first_name": "First Name", "last_name": "Last Name", "email": "Email",
    "email_consent": "Accepts Email Marketing", "sms_consent": "Accepts SMS Marketing",
}  # fmt: skip
PROFILES = (
    Profile(
        key="shopify_customers",
        name="Shopify customers",
        kind="customers",
        marks=("Customer ID", "Accepts Email Marketing", "Default Address City"),
        columns={
            **_COLUMNS, "city": "Default Address City", "state": "Default Address Province Code",
            "country": "Default Address Country Code", "postal_code": "Default Address Zip",
        },
        made={"phone": "{Phone|Default Address Phone}"},
    ),
    Profile(
        key="shopify_customers_before_2023",
        name="Shopify customers",
        kind="customers",
        marks=("First Name", "Accepts Marketing", "Province Code", "Total Spent"),
        columns={
            **_COLUMNS, "email_consent": "Accepts Marketing", "city": "City", "state": "Province Code",
            "country": "Country Code", "postal_code": "Zip", "phone": "Phone",
        },
    ),
)  # fmt: skip
