"""Lightspeed Retail R-Series: customers, sales lines, items, and the inventory report."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import Profile, Sales

_ITEMS = {"sku": "System ID", "name": "Item", "category": "Category", "brand": "Brand"}
_CODES = {"upc": "{UPC|EAN}"}
PROFILES = (
    Profile(
        key="lightspeed_r_customers",
        name="Lightspeed R customers",
        kind="customers",
        marks=("First Name", "Last Name", "Company", "Home", "Work", "Mobile", "Email"),
        columns={
            "external_id": "Customer ID", "first_name": "First Name", "last_name": "Last Name", "email": "Email",
            "city": "City", "state": "State", "postal_code": "Zip", "country": "Country", "date_of_birth": "Birthday",
        },
        made={"phone": "{Mobile|Home|Work}"},
    ),
    Profile(
        key="lightspeed_r_sales",
        name="Lightspeed R sales lines",
        kind="purchases",
        marks=("Sale ID", "Item", "Retail", "Subtotal", "Tax", "Total", "Customer"),
        columns={
            "order_id": "Sale ID", "occurred_at": "Date", "product": "Item", "quantity": "Qty", "store": "Shop",
            "category": "Category", "brand": "Brand",
        },
        made={"customer": "{Customer ID|Customer Email|Email|Customer}"},
        # returns are below zero, their tax too: what is taken off keeps its sign
        sales=Sales(order="Sale ID", plus=(("Total",),), less=(("Tax",),), discount=("Discount",)),
    ),
    Profile(
        key="lightspeed_r_items",
        name="Lightspeed R items",
        kind="products",
        marks=("System ID", "UPC", "EAN", "Custom SKU", "Item", "Price", "Default Cost"),
        columns={**_ITEMS, "price": "Price", "cost": "Default Cost", "stock": "Qty."},
        made=_CODES,
    ),
    Profile(
        key="lightspeed_r_inventory",
        name="Lightspeed R inventory",
        kind="products",
        marks=("System ID", "UPC", "EAN", "Custom SKU", "Item", "Remaining"),
        # its "Sale Price" is what an item is sold for, its usual price
        columns={**_ITEMS, "price": "Sale Price", "stock": "Remaining"},
        made={**_CODES, "cost": "{Avg. Cost|Avg. Unit Cost}"},
    ),
)  # fmt: skip
