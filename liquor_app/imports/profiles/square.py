"""Square: the customer directory, items sold, transactions."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import UNPAID, VOIDED, Profile, Sales

PROFILES = (
    Profile(
        key="square_customers",
        name="Square customer directory",
        kind="customers",
        marks=("Square Customer ID", "First Name", "Email Address"),
        columns={
            "external_id": "Square Customer ID", "first_name": "First Name", "last_name": "Last Name",
            "email": "Email Address", "phone": "Phone Number", "city": "City", "state": "State",
            "postal_code": "Postal Code", "date_of_birth": "Birthday", "email_consent": "Email Subscription Status",
        },
    ),
    Profile(
        key="square_items",
        name="Square item sales",
        kind="purchases",
        marks=("Transaction ID", "Net Sales", "Event Type", "Time Zone", "Item", "Qty"),
        columns={
            "order_id": "Transaction ID", "external_id": "Customer ID", "product": "Item", "category": "Category",
            "sku": "SKU", "quantity": "Qty", "store": "Location",
        },
        made={"occurred_at": "{Date} {Time} {Time Zone}"},
        sales=Sales(order="Transaction ID", plus=(("Net Sales",),), discount=("Discounts",)),
    ),
    # tax, tips and gift cards are beside net sales; money given back without its items stands in a column of its own
    Profile(
        key="square_transactions",
        name="Square transactions",
        kind="purchases",
        marks=("Transaction ID", "Net Sales", "Total Collected", "Partial Refunds"),
        columns={"order_id": "Transaction ID", "external_id": "Customer ID", "store": "Location"},
        made={"occurred_at": "{Date} {Time} {Time Zone}"},
        sales=Sales(
            order="Transaction ID",
            drops={"Transaction Status": {"failed": UNPAID, "pending": UNPAID, "canceled": VOIDED, "voided": VOIDED}},
            plus=(("Net Sales",),), minus=(("Partial Refunds",),), discount=("Discounts",),
        ),
    ),
)  # fmt: skip
