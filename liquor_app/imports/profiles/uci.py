"""The UCI Online Retail data set, and tills that write as it does: one row a line, returns below zero."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile, Sales

PROFILES = (
    Profile(
        key="uci_online_retail",
        name="UCI Online Retail",
        kind="purchases",
        marks=("InvoiceNo", "InvoiceDate", "UnitPrice", "CustomerID"),
        columns={
            "order_id": "InvoiceNo", "external_id": "CustomerID", "occurred_at": "InvoiceDate",
            "product": "Description", "sku": "StockCode", "quantity": "Quantity",
        },
        sales=Sales(order="InvoiceNo", plus=(("Quantity", "UnitPrice"),)),
    ),
)  # fmt: skip
