"""Bottlecapps: the file its updater sends every 15 to 60 minutes."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

PROFILES = (
    Profile(
        key="bottlecapps_inventory",
        name="Bottlecapps inventory",
        kind="products",
        marks=("SKU", "UPC", "Product Name", "Retail Price", "Sale Price"),
        columns={
            "sku": "SKU", "upc": "UPC", "name": "Product Name", "price": "Retail Price", "sale_price": "Sale Price",
            "stock": "Stock", "cost": "Cost", "category": "Category", "brand": "Brand",
        },
        made={"stock": "{Stock|Quantity|Qty|Qty On Hand}"},
    ),
)  # fmt: skip
