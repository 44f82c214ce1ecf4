"""Clover: customers, line items, payments."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import REFUNDED, UNPAID, Profile, Sales

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
        },
        # a column becomes one field: of two, what somebody confirms on the page would keep one
        made={"sms_consent": "{Marketing Allowed}", "date_of_birth": "{Birthday Year}-{Birthday Month}-{Birthday Day}"},
    ),
    Profile(
        key="clover_line_items",
        name="Clover line items",
        kind="purchases",
        marks=("Line Item Date", "Order ID", "Item Revenue", "Refunded"),
        columns={
            "order_id": "Order ID", "external_id": "Customer ID", "occurred_at": "Line Item Date",
            "product": "Item Name", "sku": "Item SKU",
        },
        sales=Sales(
            order="Order ID",
            drops={"Refunded": {"yes": REFUNDED, "true": REFUNDED}, "Exchanged": {"yes": REFUNDED, "true": REFUNDED}},
            plus=(("Total Revenue",),),
            minus=(("Discounts",),),
            discount=("Discounts",),
        ),
    ),
    # what was paid holds the tax, and stands beside the tip; a failed try is a row of its own
    Profile(
        key="clover_payments",
        name="Clover payments",
        kind="purchases",
        marks=("Payment ID", "Order ID", "Result", "Amount", "Tax Amount", "Tip Amount", "Tender"),
        columns={"order_id": "Order ID", "occurred_at": "Payment Date", "currency": "Currency"},
        made={"customer": "{Customer ID|Customer Email|Email|Customer Phone}"},
        sales=Sales(
            order="Order ID",
            drops={
                "Result": dict.fromkeys(("fail", "failed", "declined", "void", "voided", "pending"), UNPAID),
            },
            plus=(("Amount",),),
            minus=(("Refund Amount",), ("Refunded Amount",)),
            less=(("Tax Amount",),),
        ),
    ),
)  # fmt: skip
