"""The pump: claim, ask, render, fence, send, record. Runs beside the worker's jobs; any number may run at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from liquor_app.compliance.rules import Rules
from liquor_app.compliance.service import load_rules
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.providers.base import Outcome, OutgoingMessage, Provider, SendResult, each
from liquor_app.providers.registry import SANDBOX
from liquor_app.providers.service import load_routes, pause_provider
from liquor_app.sending.claim import Claim, Stop, claim_batch, stop_messages
from liquor_app.sending.compose import Composed, Material, compose, load_material
from liquor_app.sending.fence import Routed, pass_fence
from liquor_app.sending.record import record_results
from liquor_app.sending.recover import recover_once
from liquor_app.sending.rollup import roll_up_once
from liquor_app.sending.routes import Routes

log = logging.getLogger(__name__)

CIRCUIT_SECONDS = 30
CIRCUIT_LEAST = 5
"""A provider that fails for a whole batch of at least so many messages is left alone for a while."""

ROUNDS_TO_ALL = 5
"""Every so many rounds of counting, all campaigns are counted, not only those this worker has touched."""

RECORD_TRIES = 60
"""Results are kept in memory through a restart of the database; beyond this, recovery asks the provider again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The dispatcher's rhythm; seconds. `send_lease` is longer than any provider's call may take."""

    batch: int = 500
    lanes: int = 2
    poll: float = 0.2
    claim_lease: float = 60.0
    send_lease: float = 60.0
    recover_every: float = 5.0
    roll_up_every: float = 2.0
    knowledge: float = 3.0


@dataclass(frozen=True, slots=True)
class _Knowledge:
    rules: Rules
    material: Material
    loaded_at: float


class Dispatcher:
    """One pump with its providers. `run` it until `stop`, or `pump_once` by hand."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self.routes = Routes()
        self._knowledge: _Knowledge | None = None
        self._reading = asyncio.Lock()
        self._touched: set[UUID] = set()
        self._rounds = 0
        self.spent: dict[str, float] = defaultdict(float)

    async def aclose(self) -> None:
        await self.routes.aclose()

    async def run(self, stop: asyncio.Event) -> None:
        """Pump, recover and roll up until `stop` is set; what is on the wire then may finish."""
        pace = self.pace
        tasks = [
            *(asyncio.create_task(self._loop(stop, self._pump, pace.poll)) for _ in range(pace.lanes)),
            asyncio.create_task(self._loop(stop, self._recover, pace.recover_every)),
            asyncio.create_task(self._loop(stop, self._roll_up, pace.roll_up_every)),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.routes.aclose()

    async def pump_once(self) -> int:
        """Take one batch through; returns how many messages were decided."""
        knowledge = await self._know()
        with self._timed("claim"):
            async with transaction() as session:
                claim = await claim_batch(
                    session,
                    knowledge.rules,
                    self.routes.channels,
                    limit=self.pace.batch,
                    lease_seconds=self.pace.claim_lease,
                )
        self._touched |= claim.campaigns
        with self._timed("render"):
            routed = await self._compose(claim, knowledge.material)
        if routed:
            for name, group in _by_provider(routed).items():
                await self.routes.pacer(name).take(len(group))
            lease_ends = asyncio.get_running_loop().time() + self.pace.send_lease
            with self._timed("fence"):
                leaving = await self._fence(claim.token, routed)
            await self._deliver(leaving, lease_ends)
        return claim.taken

    async def _fence(self, token: UUID, routed: Sequence[Routed]) -> list[Routed]:
        """What may leave; the rest goes back."""
        async with transaction() as session:
            passed = await pass_fence(session, token, routed, sandbox=SANDBOX, lease_seconds=self.pace.send_lease)
            refused = [item.composed.claimed.id for item in routed if item.composed.claimed.id not in passed]
            # the next claim asks may_send again, which says why
            await stop_messages(session, token, [Stop(send_id, None, "") for send_id in refused])
        return [item for item in routed if item.composed.claimed.id in passed]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        """Where the time goes, in seconds by stage; stages of several lanes overlap."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[stage] += time.perf_counter() - began

    async def _compose(self, claim: Claim, material: Material) -> list[Routed]:
        """Bodies and routes; what has none is skipped or put back."""
        routed: list[Routed] = []
        stops: list[Stop] = []
        for index, message in enumerate(claim.messages):
            if index % 50 == 49:
                await asyncio.sleep(0)  # rendering must not hold up the worker's other tasks
            made = compose(message, material)
            if isinstance(made, Stop):
                stops.append(made)
                continue
            provider = self.routes.provider_for(message.channel, is_played=message.is_played)
            if provider is None:
                stops.append(Stop(message.id, None, ""))
                continue
            routed.append(Routed(made, provider.name))
        if stops:
            async with transaction() as session:
                await stop_messages(session, claim.token, stops)
        return routed

    async def _deliver(self, leaving: Sequence[Routed], lease_ends: float) -> None:
        """Hand over, outside any transaction, and record."""
        campaign_of = {item.composed.claimed.id: item.composed.claimed.campaign_id for item in leaving}
        for name, group in _by_provider(leaving).items():
            first = group[0].claimed
            provider = self.routes.provider_for(first.channel, is_played=name == SANDBOX)
            assert provider is not None
            with self._timed("deliver"):
                results = await hand_over(provider, [item.outgoing for item in group], lease_ends)
            with self._timed("record"):
                await self._record(results, campaign_of)
            failures = [result for result in results if result.outcome is Outcome.TRANSIENT and not result.is_throttled]
            if len(failures) == len(results) >= CIRCUIT_LEAST:
                log.warning("provider %s rests for %d s: %s", name, CIRCUIT_SECONDS, failures[0].detail)
                async with transaction() as session:
                    await pause_provider(session, name, CIRCUIT_SECONDS, failures[0].detail or "")

    async def _record(self, results: Sequence[SendResult], campaign_of: dict[UUID, UUID]) -> None:
        """Record, through a restart of the database if need be."""
        for attempt in range(RECORD_TRIES):
            try:
                async with transaction() as session:
                    await record_results(session, results, campaign_of)
                return
            except (AppError, DBAPIError, OSError) as problem:
                log.warning("results of %d messages wait for the database: %s", len(results), problem)
                await asyncio.sleep(min(0.1 * 2 ** min(attempt, 6), 2.0))
        log.error("results of %d messages could not be recorded; recovery will look them up", len(results))

    async def _know(self) -> _Knowledge:
        """Rules, templates, brands and routes, at most a few seconds old."""
        clock = asyncio.get_running_loop().time
        async with self._reading:
            if self._knowledge is None or clock() - self._knowledge.loaded_at > self.pace.knowledge:
                async with transaction() as session:
                    old = self._knowledge
                    self._knowledge = _Knowledge(
                        await load_rules(session, known=old.rules if old else None),
                        await load_material(session, known=old.material if old else None),
                        clock(),
                    )
                    self.routes.update(await load_routes(session))
            return self._knowledge

    async def _pump(self) -> bool:
        return await self.pump_once() > 0

    async def _recover(self) -> bool:
        recovered = await recover_once(self.routes, lease_seconds=self.pace.send_lease)
        if recovered.found or recovered.resent or recovered.unknown:
            log.info("recovered: %s", recovered)
        return False

    async def _roll_up(self) -> bool:
        self._rounds += 1
        touched, self._touched = self._touched, set()
        if self._rounds % ROUNDS_TO_ALL == 1:
            # others change the ledger too: the app, webhooks, other workers
            await roll_up_once()
        elif touched:
            await roll_up_once(touched)
        return False

    async def _loop(self, stop: asyncio.Event, work: Callable[[], Awaitable[bool]], pause: float) -> None:
        """`work` again at once while there is some, else after `pause`; through any failure, waiting longer."""
        trouble = 0
        while not stop.is_set():
            try:
                more = await work()
                trouble = 0
            except (AppError, DBAPIError, OSError) as problem:
                trouble += 1
                if trouble in (1, 10):
                    log.warning("dispatcher: %s", problem)
                more = False
            except Exception:
                trouble += 1
                log.exception("dispatcher")
                more = False
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), min(pause * 2 ** min(trouble, 6), 5.0))


async def run_dispatcher(stop: asyncio.Event, pace: Pace | None = None) -> None:
    """The worker's background loop: sends what is due until `stop` is set."""
    await Dispatcher(pace).run(stop)


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
                return each(chunk, Outcome.UNKNOWN, "error", f"{type(error).__name__}: {error}")
        if len(chunk) == 1 or not all(result.is_shared for result in results):
            return results
        middle = len(chunk) // 2
        halves = await asyncio.gather(call(chunk[:middle]), call(chunk[middle:]))
        return [result for half in halves for result in half]

    answered = await asyncio.gather(*(call(chunk) for chunk in provider.calls(messages)))
    return [result for results in answered for result in results]


def _by_provider(routed: Sequence[Routed]) -> dict[str, list[Composed]]:
    groups: dict[str, list[Composed]] = defaultdict(list)
    for item in routed:
        groups[item.provider].append(item.composed)
    return groups
