"""Devices somebody signed in on before. A signed cookie without any rights: it only keeps strangers' failed attempts
from making this device wait (OWASP's "device cookies")."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from uuid import UUID

from liquor_app.core.errors import Invalid
from liquor_app.core.security.crypto import sign, unsign

PURPOSE = "device"
DEVICE_DAYS = 400
"""As long as browsers keep a cookie; renewed with each sign-in."""
MOST_USERS = 8
"""People who share a device."""


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    users: tuple[str, ...]

    def knows(self, user_id: UUID | None) -> bool:
        """Tell whether this user has signed in here."""
        return user_id is not None and str(user_id) in self.users


def read_device(cookie: str | None) -> Device | None:
    """Return the device behind a cookie; None for none, an old one, or one that is not ours."""
    if not cookie:
        return None
    try:
        told = unsign(PURPOSE, cookie)
        if time.time() - float(told["t"]) > DEVICE_DAYS * 86400:
            return None
        return Device(str(told["d"]), tuple(str(user) for user in told["u"]))
    except (Invalid, KeyError, TypeError, ValueError):
        return None


def remember(device: Device | None, user_id: UUID) -> str:
    """Return the cookie of a device that `user_id` has just signed in on."""
    others = [user for user in (device.users if device else ()) if user != str(user_id)]
    users = [str(user_id), *others][:MOST_USERS]
    return sign(PURPOSE, {"d": device.id if device else secrets.token_urlsafe(12), "u": users, "t": int(time.time())})
