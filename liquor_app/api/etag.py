"""Versions of things: an ETag made of `updated_at` (or of the thing itself), asked for with `If-Match`."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from fastapi import Request, Response

from liquor_app.core.errors import AppError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PreconditionFailed(AppError):
    """The thing was changed since the client read it."""

    code: ClassVar[str] = "precondition_failed"
    status: ClassVar[int] = 412


def etag(version: datetime | str) -> str:
    """Return the version last changed at this moment, or with this content."""
    if isinstance(version, str):
        return f'"{hashlib.sha256(version.encode()).hexdigest()[:20]}"'
    return f'"{(version - _EPOCH) // timedelta(microseconds=1):x}"'


def tag(response: Response, version: datetime | str) -> None:
    """Tell the client which version it got."""
    response.headers["ETag"] = etag(version)


def check_match(request: Request, version: datetime | str) -> None:
    """Let a change pass if the client says nothing or names the present version.

    Raises:
        PreconditionFailed: it names another version.
    """
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return
    if etag(version) not in {part.strip() for part in given.split(",")}:
        raise PreconditionFailed("Somebody changed this meanwhile. Read it again, then make your change.")
