"""WooCommerce: customers of its analytics, orders as its export plugins write them."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import REFUNDED, UNPAID, VOIDED, Profile, Sales

_STATUSES = {
    "cancelled": VOIDED, "failed": VOIDED, "trash": VOIDED, "refunded": REFUNDED, "pending": UNPAID,
    "pending payment": UNPAID, "on hold": UNPAID, "checkout draft": UNPAID,
}  # fmt: skip
_STATUSES |= {f"wc {word}": why for word, why in _STATUSES.items()}  # as its database spells them: wc-cancelled
_COUPON = {"coupon_code": "{coupon_items#code}"}
_ORDERS = Sales(
    order="order_id", drops={"status": _STATUSES}, plus=(("order_subtotal",),), discount=("discount_total",),
    packed="line_item", packed_minus=("refund_items",),
)  # fmt: skip
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
            "sku": "item_sku", "quantity": "item_quantity", "coupon_code": "coupons",
        },
        sales=Sales(
            order="order_id",
            drops={
                "status": _STATUSES,
            },
            plus=(("item_total",),),
            minus=(("item_refunded",),),
            discount_between=("item_subtotal", "item_total"),
        ),
    ),
    Profile(
        key="woocommerce_orders",
        name="WooCommerce orders",
        kind="purchases",
        marks=("order_id", "billing_email", "line_item_1", "status"),
        columns={
            "order_id": "order_id", "email": "billing_email", "phone": "billing_phone", "occurred_at": "order_date",
            "currency": "order_currency",
        },
        made=_COUPON,
        # its columns line_item_1, line_item_2, … each pack a whole line; the goods' sum stands beside them
        sales=_ORDERS,
    ),
    Profile(
        key="woocommerce_orders_packed",
        name="WooCommerce orders, lines in one column",
        kind="purchases",
        marks=("order_id", "billing_email", "line_items", "status"),
        unless=("line_item_1",),
        columns={
            "order_id": "order_id", "email": "billing_email", "phone": "billing_phone", "currency": "order_currency",
        },
        made={"occurred_at": "{order_date|date}", **_COUPON},
        sales=_ORDERS,
    ),
)  # fmt: skip
