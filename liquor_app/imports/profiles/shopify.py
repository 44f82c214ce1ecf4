"""Shopify: customers (Customers → Export), before and after its change of column names, orders, products."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import FILLED, PICTURE, REFUNDED, UNPAID, VOIDED, Profile, Sales

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
        name="Shopify customers, before 2023",
        kind="customers",
        marks=("First Name", "Accepts Marketing", "Province Code", "Total Spent"),
        columns={
            **_COLUMNS, "email_consent": "Accepts Marketing", "city": "City", "state": "Province Code",
            "country": "Country Code", "postal_code": "Zip", "phone": "Phone",
        },
    ),
    Profile(
        key="shopify_orders",
        name="Shopify orders",
        kind="purchases",
        marks=("Name", "Financial Status", "Lineitem quantity", "Lineitem price"),
        columns={
            "order_id": "Name", "email": "Email", "occurred_at": "Created at", "product": "Lineitem name",
            "sku": "Lineitem sku",
            "brand": "Vendor", "quantity": "Lineitem quantity", "coupon_code": "Discount Code", "currency": "Currency",
            "store": "Location",
        },
        made={"phone": "{Phone|Billing Phone|Shipping Phone}"},
        sales=Sales(
            order="Name",
            carried=(
                "Email", "Financial Status", "Currency", "Phone", "Billing Phone", "Discount Code", "Cancelled at",
            ),
            drops={
                "Financial Status": {
                    "voided": VOIDED, "refunded": REFUNDED, "pending": UNPAID, "authorized": UNPAID, "expired": VOIDED,
                },
                "Cancelled at": {FILLED: VOIDED},
            },
            plus=(("Lineitem price", "Lineitem quantity"),),
            minus=(("Lineitem discount",), ("Discount Amount",), ("Refunded Amount",)),
            discount=("Lineitem discount", "Discount Amount"),
            at_most={"Refunded Amount": "Subtotal"},
            tells_parts=True,
            with_tax={"Refunded Amount": ("Taxes", "Total")},
            # a code for free shipping is in Discount Amount and takes nothing off the goods; what an automatic discount
            # takes off a line is in Lineitem discount and in Discount Amount
            comes_to="Subtotal",
            spread=("Discount Amount",),
        ),
    ),
    # a product's further variants have a row each without its title, its further pictures one without a price
    Profile(
        key="shopify_products",
        name="Shopify products",
        kind="products",
        marks=("Handle", "Title", "Variant SKU", "Variant Price"),
        columns={
            "sku": "Variant SKU", "upc": "Variant Barcode", "name": "Title", "brand": "Vendor", "category": "Type",
            "price": "Variant Price", "cost": "Cost per item", "stock": "Variant Inventory Qty",
        },
        sales=Sales(
            order="Handle", carried=("Title", "Vendor", "Type"), drops={"Variant Price": {"": PICTURE}},
        ),
    ),
)  # fmt: skip
