"""Handing messages over: who passes the fence together, calls of the provider's making, refused ones halved."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence

from liquor_app.core.security.redact import describe
from liquor_app.providers.kit.base import Outcome, OutgoingMessage, Provider, SendResult, each
from liquor_app.sending.pipeline.fence import Routed

log = logging.getLogger(__name__)


def by_provider(routed: Sequence[Routed]) -> dict[str, list[Routed]]:
    """Return messages by the name of their provider."""
    groups: dict[str, list[Routed]] = defaultdict(list)
    for item in routed:
        groups[item.provider].append(item)
    return groups


def portions(routed: Sequence[Routed]) -> list[list[Routed]]:
    """Tell what passes the fence together: a provider's messages, but no more than are on the wire at once where it
    cannot be asked afterwards. So much and no more is left unknown if this worker dies."""
    made: list[list[Routed]] = []
    for group in by_provider(routed).values():
        carrier = group[0].carrier
        asks = carrier is None or carrier.lookup_grace is not None or carrier.batch_limit > 1
        size = len(group) if carrier is None or asks else carrier.concurrency
        made += [group[start : start + size] for start in range(0, len(group), size)]
    return made


def is_failure(result: SendResult) -> bool:
    """Tell whether it speaks against the provider: no answer, or "not now"; a pace that was wrong does not."""
    return result.outcome is Outcome.UNKNOWN or (result.outcome is Outcome.TRANSIENT and not result.is_throttled)


async def hand_over(provider: Provider, messages: Sequence[OutgoingMessage], lease_ends: float) -> list[SendResult]:
    """Give messages to a provider in calls of its making, a bounded number at once.

    A call refused as a whole is halved until the message to blame stands alone: nothing of a refused call was taken,
    so no message leaves twice.

    Args:
        lease_ends: loop time. No call begins that might end later: somebody else might then send the same message.
            What is left over goes back into the queue.
    """
    deadline = lease_ends - provider.call_seconds
    gate = asyncio.Semaphore(provider.concurrency)

    async def call(chunk: Sequence[OutgoingMessage]) -> list[SendResult]:
        async with gate:
            if asyncio.get_running_loop().time() > deadline:
                return each(chunk, Outcome.TRANSIENT, "late", "There was no time left to send it.", is_throttled=True)
            try:
                results = await provider.send_batch(chunk)
            except Exception as error:
                # a fault of ours in the middle of a call: nobody knows how far it came
                log.exception("provider %s", provider.name)
                return each(chunk, Outcome.UNKNOWN, "error", describe(error))
        if len(chunk) == 1 or not all(result.is_shared for result in results):
            return results
        middle = len(chunk) // 2
        halves = await asyncio.gather(call(chunk[:middle]), call(chunk[middle:]))
        return [result for half in halves for result in half]

    answered = await asyncio.gather(*(call(chunk) for chunk in provider.calls(messages)))
    return [result for results in answered for result in results]
