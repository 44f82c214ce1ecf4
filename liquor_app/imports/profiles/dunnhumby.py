"""dunnhumby's research data: households and days counted from the first."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

PROFILES = (
    Profile(
        key="dunnhumby_transactions",
        name="dunnhumby transactions",
        kind="purchases",
        marks=("household_key", "BASKET_ID", "DAY", "SALES_VALUE"),
        columns={
            "external_id": "household_key", "order_id": "BASKET_ID", "product": "PRODUCT_ID", "quantity": "QUANTITY",
            "amount": "SALES_VALUE", "store": "STORE_ID",
        },
        refuses=(
            "DAY counts days from the first day of the data and says no date. Put a column of dates in its place (the"
            " first day plus DAY), and the file is read."
        ),
    ),
)  # fmt: skip
