"""Pages by name, for the palette: whatever has an address of its own can be gone to by typing its title."""

from __future__ import annotations

from collections.abc import Sequence

from liquor_app.ui.frame.page_spec import Page

_KNOWN: list[Page] = []


def know_places(pages: Sequence[Page]) -> None:
    """Tell which pages there are; those of one thing ("/customers/[customer_id]") are found by the thing."""
    _KNOWN[:] = [page for page in pages if "[" not in page.route and not page.bare]


def places_named(query: str, role: str, most: int) -> list[Page]:
    """Return pages whose title holds the words, those that begin with them first, as far as the role is shown them."""
    wanted = query.strip().casefold()
    found = [page for page in _KNOWN if wanted in page.title.casefold() and (not page.roles or role in page.roles)]
    return sorted(found, key=lambda page: (not page.title.casefold().startswith(wanted), page.title))[:most]
