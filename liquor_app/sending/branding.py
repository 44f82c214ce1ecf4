"""How a brand looks on the pages for its recipients: its name, its colour where it can be read, its logo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

DEFAULT_COLOR = "#995a07"
BRAND_COLUMNS = "name, primary_color, logo_url"
"""Of `brands`, read beside whatever a page is about."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Look:
    """A brand as its recipients see it. `logo_url` is on https or empty, `color` six hexadecimal digits after a #."""

    name: str = ""
    color: str = DEFAULT_COLOR
    logo_url: str = ""

    @property
    def on_color(self) -> str:
        """Black or white, whichever reads better on the colour: at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
        light = luminance(self.color)
        return "#ffffff" if (1.05 / (light + 0.05)) >= ((light + 0.05) / 0.05) else "#000000"

    @property
    def logo_origin(self) -> str:
        """Where the page may load the logo from, as a source of its policy; empty without one."""
        return f"https://{urlsplit(self.logo_url).netloc}" if self.logo_url else ""


def look_of(row: Any) -> Look:
    """Of a row with `BRAND_COLUMNS`, all None where there is no brand. What could break a page is left out."""
    color = row.primary_color if row.primary_color and _COLOR.fullmatch(row.primary_color) else DEFAULT_COLOR
    return Look(row.name or "", color, row.logo_url if is_safe_logo(row.logo_url) else "")


def is_safe_logo(url: str | None) -> bool:
    """Whether a picture's address may stand in a page and its host in the page's policy."""
    if not url or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2, relative luminance)."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(color[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
