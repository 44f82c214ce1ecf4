"""Toast: item selection details. They name no customers: who imports them is told so."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import VOIDED, Profile, Sales

PROFILES = (
    Profile(
        key="toast_items",
        name="Toast item selections",
        kind="purchases",
        marks=("Order Id", "Menu Item", "Net Price", "Void?"),
        refuses=(
            "Toast's item selections name no customers, so nobody's purchases can be made of them. Export the orders"
            " with guests' e-mail or phone, or read the file column by column and say which column names the customer."
        ),
        columns={
            "order_id": "Order Id", "occurred_at": "Order Date", "product": "Menu Item", "category": "Sales Category",
            "sku": "SKU", "quantity": "Qty", "store": "Location",
        },
        sales=Sales(
            order="Order Id", drops={"Void?": {"true": VOIDED, "yes": VOIDED}}, plus=(("Net Price",),),
            discount=("Discount",),
        ),
    ),
)  # fmt: skip
