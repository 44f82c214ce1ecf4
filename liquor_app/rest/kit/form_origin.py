"""Whether a form that comes in was sent from a page of ours: for forms that anybody may send, without a session."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from liquor_app.core.config import get_settings


def is_own_form(request: Request) -> bool:
    """Tell whether a browser sends this from a page of ours, which lets it say so (`Referrer-Policy: same-origin`).
    Programs say nothing, and have no visitor to deceive."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc in {urlsplit(get_settings().base_url).netloc, request.headers.get("host", "")}
