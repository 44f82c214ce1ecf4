"""HTTP to providers: one pooled client each, bounded, and an honest answer to "did it leave?"."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any

import aiohttp
import httpx

from liquor_app.core.clock import now
from liquor_app.core.errors import Unavailable
from liquor_app.core.security.outbound import BlockedAddress, is_blocked
from liquor_app.providers.kit.base import Attachment, Outcome, OutgoingMessage, SendResult, each
from liquor_app.ui.words import figure

MISCONFIGURED = frozenset({401, 402, 403, 404})
"""Key, plan, address of the account: nothing the message could help."""

MAX_WAIT_SECONDS = 3600.0
MAX_SENTENCE = 300


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A call that came to nothing; `outcome` says whether it may have been taken all the same."""

    outcome: Outcome
    code: str
    detail: str


def outcome_of_error(error: Exception) -> Outcome:
    """`TRANSIENT` if the request surely never left, `MISCONFIGURED` if it was not let out, else `UNKNOWN`.

    The transport reports a connection the server dropped *after* the request was written as a connect timeout, so
    httpx's own classes cannot be trusted here; aiohttp's cause can. It raises these two only while connecting.
    """
    if is_blocked(error) or isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return Outcome.MISCONFIGURED
    connecting = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    return Outcome.TRANSIENT if isinstance(error.__cause__, connecting) else Outcome.UNKNOWN


def form_data(fields: Mapping[str, str], files: Sequence[Attachment] = ()) -> dict[str, Any]:
    """`content` and `headers` of a multipart form (RFC 7578). Percent-encoding twelve kilobytes of HTML takes longer
    than all the rest of a call, so bodies go as they are."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    attached = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="{one.name}"\r\n'
        f"Content-Type: {one.kind}\r\n\r\n".encode()
        + one.content
        + b"\r\n"
        for one in files
    )
    return {
        "content": "".join(parts).encode() + attached + f"--{boundary}--\r\n".encode(),
        "headers": {"content-type": f"multipart/form-data; boundary={boundary}"},
    }


async def post(client: httpx.AsyncClient, path: str, seconds: float, **content: Any) -> httpx.Response | NoAnswer:
    """Return a call that may have been taken even if nobody answers."""
    try:
        async with asyncio.timeout(seconds):
            return await client.post(path, **content)
    except TimeoutError:
        return NoAnswer(Outcome.UNKNOWN, "timeout", f"No answer within {figure(seconds)} seconds.")
    except httpx.HTTPError as error:
        return NoAnswer(outcome_of_error(error), type(error).__name__, reason_of(error))


async def ask(client: httpx.AsyncClient, path: str, seconds: float, what: str, **params: str | int) -> dict[str, Any]:
    """Return a question that changes nothing.

    Raises:
        Unavailable: no answer, or not one of ours.
    """
    try:
        async with asyncio.timeout(seconds):
            answer = await client.get(path, params=params)
    except (TimeoutError, httpx.HTTPError) as error:
        raise Unavailable(f"{what} cannot be read: {reason_of(error)}") from error
    if answer.status_code != httpx.codes.OK:
        raise Unavailable(f"{what} answers {answer.status_code}.")
    said = loaded(answer)
    if not isinstance(said, dict):
        raise Unavailable(f"{what} answers something that is not JSON.")
    return said


def reason_of(error: Exception) -> str:
    """Tell why there is no answer, in our words: a stranger's may hold anything."""
    if is_blocked(error):
        return str(BlockedAddress())
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "No answer in time."
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return "There is no such host."
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "Its certificate cannot be trusted."
    if isinstance(cause, aiohttp.ClientConnectorError):
        return "Nobody answers at this address."
    return "The connection broke off."


def said_of(answer: httpx.Response, said: object) -> str:
    """Tell what a provider says of a call: the sentence its own API has for that, cut, and never the answer itself,
    which at another address than a provider's would be somebody else's page."""
    sentence = " ".join(str(said).split())[:MAX_SENTENCE] if said else ""
    return sentence or f"It answers {answer.status_code} {answer.reason_phrase}".strip()


def loaded(answer: httpx.Response) -> Any:
    """Return the answer's JSON; None for anything else."""
    try:
        return answer.json()
    except ValueError:
        return None


def common(
    messages: Sequence[OutgoingMessage], answer: httpx.Response | NoAnswer, detail: str, *, safe_5xx: frozenset[int]
) -> list[SendResult] | None:
    """Tell what statuses mean to every provider alike; None for those it has to judge itself.

    Args:
        safe_5xx: server errors after which nothing was taken; after any other nobody knows.
    """
    if isinstance(answer, NoAnswer):
        return each(messages, answer.outcome, answer.code, answer.detail)
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        wait = retry_after(answer)
        return each(messages, Outcome.TRANSIENT, "429", detail, is_throttled=True, retry_after=wait)
    if status in MISCONFIGURED:
        return each(messages, Outcome.MISCONFIGURED, str(status), detail)
    if status in safe_5xx:
        return each(messages, Outcome.TRANSIENT, str(status), detail, retry_after=retry_after(answer))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return each(messages, Outcome.UNKNOWN, str(status), detail)
    return None


def refused(messages: Sequence[OutgoingMessage], code: str, detail: str) -> list[SendResult]:
    """Return a call that is wrong in itself: with several messages in it, one of them may be to blame for all."""
    return each(messages, Outcome.REJECTED, code, detail, is_shared=len(messages) > 1)


def garbled(messages: Sequence[OutgoingMessage], status: int) -> list[SendResult]:
    """Return a success whose text makes no sense: it may have been taken."""
    return each(messages, Outcome.UNKNOWN, str(status), "The answer cannot be understood.")


def retry_after(answer: httpx.Response) -> float | None:
    """Return seconds of a `Retry-After` header, which may also name a date (RFC 9110 §10.2.3); at most an hour."""
    value = answer.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now()).total_seconds()
    return None if isnan(seconds) else min(max(seconds, 0.0), MAX_WAIT_SECONDS)
