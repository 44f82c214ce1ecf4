"""What a brand puts above its e-mails. Pure."""

from __future__ import annotations

from liquor_app.organization.brand_assets import COLOR, is_safe_logo, text_on
from liquor_app.organization.service import BrandRow
from liquor_app.templates.rendering.render import Masthead

FALLBACK = "#995a07"


def masthead_of(brand: BrandRow) -> Masthead:
    """Return the brand's header; what could break a message is left out, however it came into the brand."""
    color = brand.primary_color if COLOR.fullmatch(brand.primary_color) else FALLBACK
    return Masthead(
        style=str(brand.header),
        logo_url=brand.logo_url if brand.logo_url and is_safe_logo(brand.logo_url) else "",
        logo_alt=brand.logo_alt,
        color=color,
        on_color=text_on(color),
        link=brand.website_url if brand.website_url.startswith(("https://", "http://")) else "",
    )
