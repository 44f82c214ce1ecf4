"""Whether a form that comes in was sent from a page of ours: for forms that anybody may send, without a session."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from liquor_app.core.config import get_settings
from liquor_app.core.security.own_origin import is_own_origin


def is_own_form(request: Request) -> bool:
    """Tell whether a browser sends this from a page of ours, which lets it say so (`Referrer-Policy: same-origin`).
    Programs say nothing, and have no visitor to deceive.

    Ours is the public address of the settings, whatever the request calls us: `Host` is the word of whoever asks, and a
    name of somebody else's may lead here (DNS rebinding). A shop that has none yet is called by a name that nobody else
    can have (`core.security.own_origin`).
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    if public := get_settings().public_url:
        own = urlsplit(public)
        return origin.lower() == f"{own.scheme}://{own.netloc}".lower()
    return is_own_origin(origin, request.headers.get("host"))
