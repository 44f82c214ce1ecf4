"""WooCommerce: customers of its analytics."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import REFUNDED, UNPAID, VOIDED, Profile, Sales

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
    Profile(
        key="woocommerce_order_lines",
        name="WooCommerce order lines",
        kind="purchases",
        marks=("order_id", "billing_email", "item_name", "item_total", "status"),
        columns={
            "order_id": "order_id", "email": "billing_email", "occurred_at": "date", "product": "item_name",
            "quantity": "item_quantity", "coupon_code": "coupons",
        },
        sales=Sales(
            order="order_id",
            drops={
                "status": {
                    "cancelled": VOIDED, "failed": VOIDED, "trash": VOIDED, "refunded": REFUNDED, "pending": UNPAID,
                    "pending payment": UNPAID, "on hold": UNPAID, "checkout draft": UNPAID,
                },
            },
            plus=(("item_total",),),
            minus=(("item_refunded",),),
        ),
    ),
)  # fmt: skip
