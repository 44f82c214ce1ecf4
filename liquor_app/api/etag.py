"""Versions of things: an ETag made of `updated_at` (or of the thing itself), asked for with `If-Match` by whoever
changes or removes it.

A tag is of what a change could change: what the thing was used for since, or what is reckoned anew each night, makes
no other version of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from fastapi import Request, Response
from pydantic_core import to_jsonable_python
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.errors import AppError

_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"

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


def content(row: Any, *names: str) -> str:
    """Return a version made of these fields of a row, or of all of it."""
    told = {name: getattr(row, name) for name in names} if names else row
    return json.dumps(to_jsonable_python(told), sort_keys=True)


def tag(response: Response, version: datetime | str) -> None:
    """Tell the client which version it got."""
    response.headers["ETag"] = etag(version)


async def check_unchanged(
    session: AsyncSession, request: Request, read: Callable[[], Awaitable[datetime | str]]
) -> None:
    """Let a change pass if the client says nothing or names the present version. Those who name one change a thing one
    after the other, so that of two who read the same version the second is refused.

    Args:
        read: tells the present version.

    Raises:
        PreconditionFailed: it names another version.
    """
    if "if-match" in request.headers:
        await session.execute(text(_ONE_BY_ONE), {"what": f"if-match {thing_of(request)}"})
        check_match(request, await read())


def thing_of(request: Request) -> str:
    """Tell which thing an address names, however it is spelled: by the route, and what stands in its places."""
    route = getattr(request.scope.get("route"), "path", request.url.path)
    places = sorted((name, _plain(str(said))) for name, said in request.path_params.items())
    return "/".join([str(route), *(f"{name}={said}" for name, said in places)])


def _plain(said: str) -> str:
    """An id has many spellings: capitals, without hyphens, in braces."""
    with suppress(ValueError):
        return str(UUID(said))
    return said


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
