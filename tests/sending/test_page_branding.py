"""A brand's colour is readable whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.organization.brand_assets import is_safe_logo, luminance
from liquor_app.sending.recipients.page_branding import Look


@given(st.integers(0, 0xFFFFFF))
def test_words_on_any_colour_can_be_read(number: int) -> None:
    """WCAG 2.2 asks for 4.5 to 1."""
    look = Look("Vine", f"#{number:06x}")
    light, dark = sorted((luminance(look.color), luminance(look.on_color)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://cdn.example.com/a.png", True),
        ("https://cdn.example.com:8443/a.png", True),
        ("http://cdn.example.com/a.png", False),
        ("javascript:alert(1)", False),
        ("https://a b/x", False),
        ("https://x;script-src *//a.png", False),
        ("https://[broken/a.png", False),
        ("https://me@cdn.example.com/a.png", False),
        ("", False),
        (None, False),
    ],
)
def test_logos_come_from_plain_hosts(url: str | None, safe: bool) -> None:
    assert is_safe_logo(url) is safe
