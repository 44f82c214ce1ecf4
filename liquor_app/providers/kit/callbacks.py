"""What providers' callbacks have in common: ages, keys, and reading what strangers send."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, Unauthenticated, Unavailable

AHEAD_SECONDS = 300
"""How far the provider's clock may be ahead of ours."""

DEEPEST = 40
"""Levels of a callback's JSON that are kept; providers nest four."""


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header's value whatever its case; empty if it is not there."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def forged(provider: str) -> Unauthenticated:
    return Unauthenticated(f"This is not from {provider}: the signature does not match.")


def require_key(key: str, provider: str) -> str:
    """Return the key callbacks are checked with.

    Raises:
        Unavailable: none is configured, so nothing can be believed yet; what is told again later may be.
    """
    if not key:
        raise Unavailable(f"{provider} callbacks are not accepted: enter its signing key in the settings first.")
    return key


def check_age(timestamp: str, most_seconds: int, provider: str) -> None:
    """Old callbacks may be replays.

    Raises:
        Unauthenticated: older than `most_seconds`, from the future, or no time at all.
    """
    try:
        age = now().timestamp() - float(timestamp)
    except ValueError as error:
        raise Unauthenticated(f"This is not from {provider}: it has no time.") from error
    if not -AHEAD_SECONDS <= age <= most_seconds:
        raise Unauthenticated(f"This callback of {provider} is too old, or its clock is wrong.")


def read_json(body: bytes, kind: type, provider: str) -> Any:
    """Return the body's JSON, made fit to be kept (`clean`).

    Raises:
        Invalid: not JSON, or not a `kind`.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{provider} callbacks are JSON; this is not.") from error
    if not isinstance(said, kind):
        raise Invalid(f"{provider} callbacks are a JSON {'list' if kind is list else 'object'}; this is not.")
    return clean(said)


def clean(value: Any, deepest: int = DEEPEST) -> Any:
    """Without what Python reads and PostgreSQL cannot keep: NUL and half of a surrogate pair in text, numbers that are
    none. A proved callback may hold anything: most of it was written by whoever was written to."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict | list) and not deepest:
        return None
    if isinstance(value, dict):
        return {clean(name): clean(one, deepest - 1) for name, one in value.items()}
    return [clean(one, deepest - 1) for one in value] if isinstance(value, list) else value


def child(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a nested object; empty if it is anything else."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def words(value: object) -> str | None:
    """Return text or a number as text; None for anything else."""
    if isinstance(value, str):
        return value[:2000] or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def id_of(value: object) -> UUID | None:
    """Return our send id, if it is one."""
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None


def moment_of(value: object) -> datetime:
    """Of Unix seconds or ISO 8601; now for what is neither."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        parsed = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return now()
    return parsed.replace(tzinfo=parsed.tzinfo or UTC)


def fingerprint(*parts: object) -> str:
    """Return an event id for providers that give none: the same event twice has the same."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:40]
