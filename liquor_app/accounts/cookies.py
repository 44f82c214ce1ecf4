"""The names of our cookies."""

from __future__ import annotations

from liquor_app.api.body_limits import SESSION_COOKIE
from liquor_app.core.config import get_settings

SESSION = SESSION_COOKIE
DEVICE = "liquor_device"
SECOND_STEP = "liquor_second_step"
CEREMONY = "liquor_ceremony"


def cookie_name(name: str) -> str:
    """Tell what a cookie of ours is called. Over https with the prefix that makes browsers take it only from this very
    host, secure and for all paths, so that no neighbour under the same domain can plant one."""
    return f"__Host-{name}" if get_settings().secure_cookies else name
