"""WooCommerce: customers of its analytics."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

PROFILES = (
    Profile(
        key="woocommerce_customers",
        name="WooCommerce customers",
        kind="customers",
        marks=("Email", "Last Active", "AOV", "Total Spend"),
        columns={
            "name": "Name", "email": "Email", "city": "City", "state": "Region", "country": "Country / Region",
            "postal_code": "Postal Code",
        },
    ),
)  # fmt: skip
