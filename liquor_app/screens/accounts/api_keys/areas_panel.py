"""What a new key is good for: all that its role may, or of each area nothing, reading, changing or administering."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.key_areas import SCOPES
from liquor_app.accounts.permission_table import AREAS, Way
from liquor_app.screens.accounts.api_keys.state import AREA, EVERYTHING, SOME, ApiKeysState
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.grid import col, pair

REACHES = [(SOME, "Only what is chosen here"), (EVERYTHING, "All the role may")]
WAYS = {Way.READ: "Read", Way.WRITE: "Read and change", Way.ADMIN: "Administer"}


def ways_of(area: str) -> list[tuple[str, str]]:
    """Return what can be chosen of an area, nothing first."""
    return [("", "Nothing"), *((way.value, words) for way, words in WAYS.items() if f"{area}:{way}" in SCOPES)]


def areas_panel() -> rx.Component:
    """Draw the choice; the areas stand below it while it is one of them."""
    reach = select_field(
        "Good for", "areas", REACHES, default_value=SOME, error=ApiKeysState.errors["areas"],
        on_change=ApiKeysState.choose_reach, hint="A program that is broken into can do no more than its key.",
    )  # fmt: skip
    fields: list[Any] = [select_field(area.capitalize(), f"{AREA}{area}", ways_of(area)) for area in AREAS]
    pairs = [pair(*fields[place : place + 2]) for place in range(0, len(fields), 2)]
    chosen = rx.el.fieldset(
        rx.el.legend("Areas of the key", class_name="sr"),
        col(
            *pairs,
            rx.el.a("What lies in each area", href="/permissions", target="_blank", class_name="link t12"),
            gap=16,
        ),
        class_name="plain",
    )
    # said once more where whoever chose nothing stands; it is read out above
    again = rx.el.span(ApiKeysState.errors["areas"], class_name="err-t", custom_attrs={"aria-hidden": "true"})
    return col(reach, rx.cond(ApiKeysState.reach == SOME, col(chosen, again, gap=12), rx.fragment()), gap=12)
