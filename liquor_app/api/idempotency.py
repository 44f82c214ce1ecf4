"""A POST that may be repeated: the answer once given to a key is given again, and nothing happens twice.

The key is claimed in the transaction that does the work, so an answer is remembered exactly if its work was done. A
second request that comes while the first still runs waits for it at the key's row.

What an answer shows once (a key, a link, a secret) is remembered nowhere: a second request is told that it was done.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, is_dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.db import transaction
from liquor_app.core.errors import Malformed, Reused, ShownOnce

HEADER = "idempotency-key"
KEPT = "1 day"
OK = 200
_KEY = re.compile("[!-~]{1,255}")
Work = Callable[[AsyncSession], Awaitable[Any]]


async def once(
    request: Request,
    who: str,
    shape: Any,
    work: Work,
    *,
    status: int | Callable[[Any], int] = 201,
    location: str | None = None,
    fingerprint: str | None = None,
) -> JSONResponse:
    """Do `work` in a transaction and answer its result; with an `Idempotency-Key`, once for each key.

    Args:
        who: whose key it is; keys of different people never meet.
        shape: type of the answer, as for `response_model`.
        status: of the answer, or what tells it from the answer.
        location: where the thing made or started is found, with the answer's fields in braces; not told with a 200.
        fingerprint: what identifies the request, where its body has been consumed; by default its body.

    Raises:
        Invalid: a malformed key, or one that was used for another request.
    """
    answer = await _once(request, who, shape, work, status=status, location=location, fingerprint=fingerprint)
    assert answer is not None
    return answer


async def once_secret(
    request: Request, who: str, shape: Any, work: Work, *, secrets: Collection[str], status: int = 201
) -> JSONResponse:
    """As `once`, of an answer that shows something once.

    Args:
        secrets: fields of the answer; one that has any is not remembered, only that it was given.

    Raises:
        Invalid: as `once`.
        ShownOnce: the key's answer had a secret.
    """
    answer = await _once(request, who, shape, work, status=status, secrets=secrets)
    if answer is None:
        raise ShownOnce("This was done, and its secret was shown then. End what was made, and make another one.")
    return answer


async def _once(
    request: Request,
    who: str,
    shape: Any,
    work: Work,
    *,
    status: int | Callable[[Any], int],
    location: str | None = None,
    fingerprint: str | None = None,
    secrets: Collection[str] = (),
) -> JSONResponse | None:
    """The answer; None where it was given and is not remembered."""
    adapter: TypeAdapter[Any] = TypeAdapter(shape)
    key = request.headers.get(HEADER)
    if key is None:
        async with transaction() as session:
            answer = _plain(adapter, await work(session))
        return _answer(answer, _code(status, answer), location)
    if not _KEY.fullmatch(key):
        raise Malformed("Idempotency-Key must have 1 to 255 printable characters of ASCII", field="Idempotency-Key")
    content = await request.body() if fingerprint is None else fingerprint.encode()
    asked = hashlib.sha256(f"{request.method} {_asked_of(request)}\n".encode() + content).hexdigest()
    async with transaction() as session:
        known = await _claim(session, who, key, asked)
        if known is None:
            answer = _plain(adapter, await work(session))
            kept = None if any(answer[name] for name in secrets) else json.dumps(answer)
            await session.execute(
                text(
                    "UPDATE idempotency_keys SET status_code = :status, response = CAST(:answer AS json)"
                    " WHERE actor = :who AND key = :key"
                ),
                {"who": who, "key": key, "status": _code(status, answer), "answer": kept},
            )
            return _answer(answer, _code(status, answer), location)
    if known["request_hash"] != asked:
        raise Reused("This Idempotency-Key was used for another request. Use a new one.", field="Idempotency-Key")
    if secrets and known["response"] is None:
        return None
    replayed = _answer(known["response"], known["status_code"], location)
    replayed.headers["Idempotency-Replayed"] = "true"
    return replayed


def _asked_of(request: Request) -> str:
    """The path, and what was asked beside it."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _code(status: int | Callable[[Any], int], answer: Any) -> int:
    return status if isinstance(status, int) else status(answer)


def _answer(answer: Any, status: int, location: str | None) -> JSONResponse:
    headers = {"Location": location.format(**answer)} if location and status != OK else None
    return JSONResponse(answer, status, headers=headers)


def _plain(adapter: TypeAdapter[Any], value: Any) -> Any:
    # through plain values, so that every field becomes what its type says (an integer 0 of money "0", not 0)
    # a shape that inherits a row's fields is a model, whatever else it is
    is_row = is_dataclass(value) and not isinstance(value, BaseModel | type)
    given = asdict(value) if is_row else value
    return adapter.dump_python(adapter.validate_python(given, from_attributes=True), mode="json")


async def _claim(session: AsyncSession, who: str, key: str, asked: str) -> dict[str, Any] | None:
    """Take the key for this request; what it answered before if it is taken already."""
    params = {"who": who, "key": key, "asked": asked}
    await session.execute(
        text(
            f"DELETE FROM idempotency_keys WHERE actor = :who AND key = :key AND created_at < now() - interval '{KEPT}'"
        ),
        params,
    )
    taken = await session.execute(
        text(
            "INSERT INTO idempotency_keys (actor, key, request_hash, status_code) VALUES (:who, :key, :asked, 0)"
            " ON CONFLICT DO NOTHING RETURNING key"
        ),
        params,
    )
    if taken.scalar() is not None:
        return None
    found = await session.execute(
        text("SELECT request_hash, status_code, response FROM idempotency_keys WHERE actor = :who AND key = :key"),
        params,
    )
    return dict(found.mappings().one())
