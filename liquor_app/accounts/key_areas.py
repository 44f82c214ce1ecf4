"""What an API key is good for, beside its role: parts of the API, to read or to write. Keys come in by the API and its
sockets alone, so this is asked there, before any service; what the role may not, a key may not either."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from liquor_app.accounts.permissions import Actor
from liquor_app.core.errors import Forbidden, Invalid

AREAS = (
    "actions", "allocations", "analytics", "campaigns", "coupons", "customers", "events", "files", "imports", "jobs",
    "plans", "products", "purchases", "segments", "sends", "settings", "webhooks",
)  # fmt: skip
"""As the reference groups routes."""
READ, WRITE = "read", "write"


def clean_areas(given: Collection[str]) -> list[str]:
    """Return areas as they are stored: sorted, each once, writing without reading where both are said.

    Raises:
        Invalid: one is none of "area:read" or "area:write".
    """
    found = set()
    for one in given:
        area, _, way = str(one).partition(":")
        if area not in AREAS or way not in (READ, WRITE):
            raise Invalid(
                f"areas must be like customers:read or purchases:write, not {str(one)[:40]!r}; there are"
                f" {', '.join(AREAS)}",
                field="areas",
            )
        found.add(f"{area}:{way}")
    return sorted(one for one in found if one.endswith(WRITE) or one.replace(READ, WRITE) not in found)


def check_area(actor: Actor, tags: Sequence[str], *, writes: bool) -> None:
    """Check, or raise Forbidden: a key that is good for some areas only, and this is none of them. Who may write may
    read."""
    if not actor.areas:
        return
    area = next((tag for tag in reversed(tags) if tag in AREAS), "")  # the last one is the closest
    good = {f"{area}:{WRITE}"} if writes else {f"{area}:{WRITE}", f"{area}:{READ}"}
    if not good & set(actor.areas):
        way = "change" if writes else "read"
        raise Forbidden(f"This key may not {way} {area or 'this'}. It is good for {', '.join(sorted(actor.areas))}.")
