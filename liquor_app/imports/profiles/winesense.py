"""Wine shops' tills of the WinePOS kind: customers."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile, Sales

PROFILES = (
    Profile(
        key="winesense_customers",
        name="Wine till customers",
        kind="customers",
        marks=("Customer ID", "Phone (Home)"),
        columns={
            "external_id": "Customer ID", "first_name": "First Name", "last_name": "Last Name",
            "email": "Email Address", "phone": "Phone (Home)", "city": "City", "state": "Province",
            "postal_code": "Postal Code",
        },
    ),
    Profile(
        key="winesense_sales",
        name="Wine till sales",
        kind="purchases",
        marks=("Invoice ID", "Qty Sold", "Ext Sell Price"),
        columns={
            "order_id": "Invoice ID", "external_id": "Customer ID", "occurred_at": "Invoice Date", "product": "ITEM",
            "brand": "BRAND", "quantity": "Qty Sold",
        },
        sales=Sales(order="Invoice ID", plus=(("Ext Sell Price",),)),
    ),
)  # fmt: skip
