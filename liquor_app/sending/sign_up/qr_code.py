"""A QR code as a picture made of lines: sharp at any size, on paper and on a screen. Pure."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO


@lru_cache(maxsize=256)
def qr_svg(address: str) -> str:
    """Return an SVG of an address, black on white, with the margin readers need; a seventh may be scratched."""
    import segno  # only for whoever draws one

    out = BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", border=4, light="#fff", dark="#000", omitsize=True, xmldecl=False, svgclass=None,
        lineclass=None,
    )  # fmt: skip
    return out.getvalue().decode()
