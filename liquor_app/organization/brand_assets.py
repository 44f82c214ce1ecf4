"""Colours one can read and pictures that may be shown. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

READABLE = 4.5
"""Least contrast of text to its ground (WCAG 2.2, 1.4.3)."""

COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2, relative luminance)."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(color[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Of two colours `#rrggbb`, 1 (none) to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def text_on(color: str) -> str:
    """Black or white, whichever reads better on the colour: at least `READABLE`."""
    return "#ffffff" if contrast(color, "#ffffff") >= contrast(color, "#000000") else "#000000"


def is_safe_logo(url: str | None) -> bool:
    """Tell whether a picture's address may stand in a page and its host in the page's policy."""
    if not url or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None


def imprint(name: str, postal_address: str) -> str:
    """Return who and where a shop is, in a line: "Harbor & Vine, 14 Wharf St"; no comma before nothing."""
    return ", ".join(part for part in (name, postal_address) if part)
