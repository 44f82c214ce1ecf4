"""How a brand looks on the pages for its recipients: its name, its colour where it can be read, its logo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from liquor_app.organization.brand_assets import COLOR, is_safe_logo, text_on

DEFAULT_COLOR = "#995a07"
BRAND_COLUMNS = "name, primary_color, logo_url"
"""Of `brands`, read beside whatever a page is about."""


@dataclass(frozen=True, slots=True)
class Look:
    """A brand as its recipients see it. `logo_url` is on https or empty, `color` six hexadecimal digits after a #."""

    name: str = ""
    color: str = DEFAULT_COLOR
    logo_url: str = ""

    @property
    def on_color(self) -> str:
        """Black or white, whichever reads better on the colour: at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
        return text_on(self.color)

    @property
    def logo_origin(self) -> str:
        """Where the page may load the logo from, as a source of its policy; empty without one."""
        return f"https://{urlsplit(self.logo_url).netloc}" if self.logo_url else ""


def look_of(row: Any) -> Look:
    """Of a row with `BRAND_COLUMNS`, all None where there is no brand. What could break a page is left out."""
    color = row.primary_color if row.primary_color and COLOR.fullmatch(row.primary_color) else DEFAULT_COLOR
    return Look(row.name or "", color, row.logo_url if is_safe_logo(row.logo_url) else "")
