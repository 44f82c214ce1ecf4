"""Lightspeed Retail X-Series (Vend): customers."""

from __future__ import annotations

from liquor_app.imports.profiles.tool_profile import UNPAID, VOIDED, Profile, Sales

_UNPAID = dict.fromkeys(("saved", "parked", "open", "layby", "layaway"), UNPAID)

PROFILES = (
    Profile(
        key="lightspeed_x_customers",
        name="Lightspeed X customers",
        kind="customers",
        marks=("customer_code", "customer_group_name"),
        columns={
            "external_id": "customer_code", "first_name": "first_name", "last_name": "last_name", "email": "email",
            "city": "physical_city", "state": "physical_state", "postal_code": "physical_postcode",
            "country": "physical_country_id", "date_of_birth": "date_of_birth",
        },
        made={"phone": "{mobile|phone}", "email_consent": "{do_not_email}"},
        # "0" is no yes: nobody was asked
        words={"email_consent": {"1": "no", "true": "no", "yes": "no", "y": "no"}},
    ),
    Profile(
        key="lightspeed_x_sales",
        name="Lightspeed X sales",
        kind="purchases",
        marks=("Receipt Number", "Line Type", "Customer Code", "Register"),
        columns={
            "order_id": "Receipt Number", "external_id": "Customer Code", "occurred_at": "Date", "product": "Details",
            "sku": "Sku",
            "quantity": "Quantity", "store": "Register",
        },
        sales=Sales(
            order="Receipt Number",
            keeps={"Line Type": ("sale line",)},
            drops={"Status": {"voided": VOIDED, **_UNPAID}},
            plus=(("Subtotal",),),
            discount=("Discount",),
        ),
    ),
)  # fmt: skip
