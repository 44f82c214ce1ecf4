"""Passwords that fall to whoever knows whose they are, or where they work."""

from __future__ import annotations

import pytest

from liquor_app.accounts.entry.passwords import check_guessable
from liquor_app.core.errors import Invalid

ABOUT = ("vera@example.com", "Vera View")
TRIED = [
    "vera@example.com", "veraview2026", "VeraView!2026", "summer2024!!", "Liquor2026!!", "Bourbon2026!",
    "liquorstore1", "winestore2024", "liquormarketing1", "contraseña123", "example.com.vera", "MyLiquorStore!9",
]  # fmt: skip


@pytest.mark.parametrize("password", TRIED)
def test_names_trades_and_seasons_in_a_row_are_no_password(password: str) -> None:
    with pytest.raises(Invalid, match="easy to guess"):
        check_guessable(password, ABOUT)


@pytest.mark.parametrize(
    "password", ["zebra-quarry-latch-48", "kq7VvT2m!x", "bourbon zebra quarry latch", "1Gj#92kk0-Zq"]
)
def test_others_are(password: str) -> None:
    check_guessable(password, ABOUT)
