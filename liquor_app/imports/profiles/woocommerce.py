"""WooCommerce: customers of its analytics, orders as its export plugins write them."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import REFUNDED, UNPAID, VOIDED, OrderBack, Profile, Sales

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
_ADVANCED = ("Order Number", "Order Status", "Order Date", "Email (Billing)")
_PRICED, _LEFT, _WHOLE = ("Item Cost", "Quantity"), ("Item Cost", "Quantity (- Refund)"), ("Order Line Total",)


def _advanced(key: str, sums: str, goods: tuple[str, ...], *, unless: tuple[str, ...] = ()) -> Profile:
    """Return an export of the plugin Advanced Order Export, a row a line. Which columns it has is the shop's choice, so
    a line's sum stands in one of several; each is after the coupons and without tax."""
    return Profile(
        key=key,
        name=f"WooCommerce Advanced Order Export, {sums}",
        kind="purchases",
        marks=(*_ADVANCED, *goods),
        unless=unless,
        columns={
            "order_id": "Order Number", "email": "Email (Billing)", "phone": "Phone (Billing)", "sku": "SKU",
            "occurred_at": "Order Date", "coupon_code": "Coupon Code", "category": "Category", "currency": "Currency",
        },
        made={"product": "{Item Name|Name|Product Name}", "quantity": "{Quantity (- Refund)|Quantity}"},
        sales=Sales(
            order="Order Number",
            carried=("Order Status", "Order Date", "Email (Billing)", "Phone (Billing)", "Currency"),
            drops={"Order Status": _STATUSES},
            plus=(goods,),
            minus=(("Order Line Total Refunded",), ("Order Refund Amount",))
            if goods == _WHOLE else (("Order Refund Amount",),),
            less=(("Order Total Tax Amount",),),  # but for what a rounded price is off (`OrderBack`), no tax
            discount=("Cart Discount Amount",),
            discount_between=("Order Line Subtotal", "Order Line Total"),
            tells_parts=True,
            back=OrderBack(
                column="Order Refund Amount", before="Order Subtotal Amount", off="Cart Discount Amount",
                tax="Order Total Tax Amount", shipping="Order Shipping Amount", total="Order Total Amount",
            ),
        ),
    )  # fmt: skip


PROFILES = (
    _advanced("woocommerce_advanced_totals", "line totals", _WHOLE),
    _advanced("woocommerce_advanced_prices", "item costs", _PRICED, unless=_WHOLE),
    _advanced("woocommerce_advanced_left", "item costs and what was not refunded", _LEFT, unless=(*_WHOLE, "Quantity")),
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
