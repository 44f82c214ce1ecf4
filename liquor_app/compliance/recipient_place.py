"""Where somebody may be, from their address and their number, as `may_send` asks it. Pure."""

from __future__ import annotations

from typing import Any

from liquor_app.customers.addresses import is_american, zones_of_phone
from liquor_app.customers.whereabouts.zip_codes import known_zone, law_state, state_of_phone, zones_of_place


def place_of(
    channel: str, *, state: str | None, postal_code: str | None, timezone: str | None, phone: str | None
) -> dict[str, Any]:
    """Return those of `PersonFacts` that say where a message may reach somebody. The law's hours are about telephones:
    for e-mail the number, and the other zones of their state, say nothing."""
    home = {
        "state": law_state(state, postal_code),
        "zip_state": law_state(None, postal_code),
        "timezone": known_zone(timezone),
    }
    if channel != "sms":
        return home
    return {
        **home,
        "phone_state": state_of_phone(phone),
        "place_zones": zones_of_place(state, postal_code),
        "phone_zones": zones_of_phone(phone) if phone else (),
        "number_abroad": bool(phone) and not is_american(phone or ""),
    }
