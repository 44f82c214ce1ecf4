"""City Hive: the inventory file a till sends it every hour."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile

PROFILES = (
    Profile(
        key="city_hive_inventory",
        name="City Hive inventory",
        kind="products",
        marks=("SKU", "UPC", "Name", "Price", "Sale Price", "Stock"),
        columns={
            "sku": "SKU", "upc": "UPC", "name": "Name", "price": "Price", "sale_price": "Sale Price", "stock": "Stock",
            "cost": "Cost", "category": "Category", "brand": "Brand",
        },
    ),
)  # fmt: skip
