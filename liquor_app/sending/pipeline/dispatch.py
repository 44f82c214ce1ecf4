"""The pump: claim, ask, render, fence, send, record. Runs beside the worker's jobs; any number may run at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from liquor_app.compliance.legal_rules import Rules
from liquor_app.compliance.service import law_stamp, load_rules
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import SendingSettings, load_settings
from liquor_app.providers.kit.base import Outcome, SendResult
from liquor_app.providers.kit.remedies import explained
from liquor_app.providers.registry import PROVIDERS, SANDBOX
from liquor_app.providers.sender_health import close_circuit, open_circuit, pass_over, rest, take_allowance, take_probes
from liquor_app.providers.service import load_routes
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.sending.pipeline.claim import Claim, Stop, claim_batch, stop_messages
from liquor_app.sending.pipeline.compose import Material, compose, load_material
from liquor_app.sending.pipeline.deliver import by_provider, hand_over, is_failure, portions
from liquor_app.sending.pipeline.fence import Routed, pass_fence
from liquor_app.sending.pipeline.recover import recover_once, settle_by_policy
from liquor_app.sending.pipeline.results import pause_campaigns, record_results
from liquor_app.sending.pipeline.routing import Routes
from liquor_app.sending.tracking.short_links import store_links
from liquor_app.ui.words import figure

log = logging.getLogger(__name__)

CIRCUIT_LEAST = 5
"""A provider so many of whose calls fail in a row is left alone for a while."""

PATIENCE_SECONDS = 2.0
"""A provider that asks for a longer pause rests for that long; a shorter one the retries' own pauses cover."""

WINDOW = 200
"""So many of a campaign's last results say whether too many are refused."""

ROUNDS_TO_ALL = 5
"""Every so many rounds of counting, all campaigns are counted, not only those this worker has touched."""

ROUNDS_TO_SETTLE = 12
"""Every so many rounds of recovery the settings' policy is applied to old unknown outcomes."""

RECORD_TRIES = 60
"""Results are kept in memory through a restart of the database; beyond this, recovery asks the provider again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The dispatcher's rhythm; seconds. `send_lease` is longer than any provider's call may take."""

    batch: int = 500
    lanes: int = 3
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
    law: str
    """Stamped before the rules were read: what changes meanwhile is found at the fence."""


class Dispatcher:
    """One pump with its providers. `run` it until `stop`, or `pump_once` by hand."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self.routes = Routes()
        self._knowledge: _Knowledge | None = None
        self._reading = asyncio.Lock()
        self._touched: set[UUID] = set()
        self._rounds = 0
        self._recoveries = 0
        self._settings = SendingSettings()
        self._refusals: dict[UUID, deque[bool]] = {}
        self._failed_calls: Counter[str] = Counter()
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
                    limit=self.routes.appetite(self.pace.batch),
                    lease_seconds=self.pace.claim_lease,
                )
        self._touched |= claim.campaigns
        with self._timed("render"):
            routed = await self._compose(claim, knowledge)
        routed = await self._paced(claim.token, await self._warmed(claim.token, routed))
        for portion in portions(routed):
            lease_ends = asyncio.get_running_loop().time() + self.pace.send_lease
            with self._timed("fence"):
                leaving = await self._fence(claim.token, portion, knowledge.law)
            await self._deliver(claim.token, leaving, lease_ends)
        return claim.taken

    async def _warmed(self, token: UUID, routed: list[Routed]) -> list[Routed]:
        """Tell what young senders may still send today; the rest waits for tomorrow."""
        groups: dict[tuple[Channel, str, str], list[Routed]] = defaultdict(list)
        for item in routed:
            route = self.routes.route_for(item.composed.claimed.channel)
            if route is not None and route.warms_up and route.provider == item.provider:
                groups[route.channel, route.provider, item.composed.outgoing.sender].append(item)
        later: list[Stop] = []
        for (channel, name, sender), group in groups.items():
            async with transaction() as session:
                granted, tomorrow = await take_allowance(session, channel, name, sender, len(group))
            note = f"{sender} is being warmed up at {name}: today's share is used up."
            later += [Stop(item.composed.claimed.id, None, note, tomorrow) for item in group[granted:]]
        if not later:
            return routed
        async with transaction() as session:
            await stop_messages(session, token, later)
        waiting = {stop.id for stop in later}
        return [item for item in routed if item.composed.claimed.id not in waiting]

    async def _paced(self, token: UUID, routed: list[Routed]) -> list[Routed]:
        """Wait for the turn of each provider's messages; those whose turn is far off go back."""
        ready: list[Routed] = []
        for name, group in by_provider(routed).items():
            if await self.routes.pacer(name).take(len(group)):
                ready += group
                continue
            async with transaction() as session:
                await stop_messages(session, token, [Stop(item.composed.claimed.id, None, "") for item in group])
            await asyncio.sleep(self.pace.poll)
        return ready

    async def _fence(self, token: UUID, routed: Sequence[Routed], law: str) -> list[Routed]:
        """Tell what may leave; the rest goes back."""
        async with transaction() as session:
            passed = await pass_fence(
                session, token, routed, sandbox=SANDBOX, lease_seconds=self.pace.send_lease, law=law
            )
            leaving = [item.composed for item in routed if item.composed.claimed.id in passed]
            await store_links(session, [link for composed in leaving for link in composed.links])
            refused = [item.composed.claimed.id for item in routed if item.composed.claimed.id not in passed]
            # the next claim asks may_send again, which says why
            await stop_messages(session, token, [Stop(send_id, None, "") for send_id in refused])
        if not passed:
            self._knowledge = None  # perhaps the law is another: read it again
        return [item for item in routed if item.composed.claimed.id in passed]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        """Tell where the time goes, in seconds by stage; stages of several lanes overlap."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[stage] += time.perf_counter() - began

    async def _compose(self, claim: Claim, knowledge: _Knowledge) -> list[Routed]:
        """Bodies and routes; what has none is skipped or put back. Skipping is for ever, so before that brands and
        templates are read once more: a shop may have been named a second ago."""
        material, claimed_at, is_fresh = knowledge.material, asyncio.get_running_loop().time(), False
        routed: list[Routed] = []
        stops: list[Stop] = []
        for index, message in enumerate(claim.messages):
            if index % 50 == 49:
                await asyncio.sleep(0)  # rendering must not hold up the worker's other tasks
            made = compose(message, material)
            if isinstance(made, Stop) and made.reason is not None and not is_fresh:
                material, is_fresh = (await self._know(since=claimed_at)).material, True
                made = compose(message, material)
            if isinstance(made, Stop):
                stops.append(made)
                continue
            provider = self.routes.provider_for(message.channel, is_played=message.is_played)
            if provider is None:
                stops.append(Stop(message.id, None, ""))
                continue
            routed.append(Routed(made, provider.name, provider))
        if stops:
            async with transaction() as session:
                await stop_messages(session, claim.token, stops)
        return routed

    async def _deliver(self, token: UUID, leaving: Sequence[Routed], lease_ends: float) -> None:
        """Hand over, outside any transaction, and record."""
        campaign_of = {item.composed.claimed.id: item.composed.claimed.campaign_id for item in leaving}
        for name, group in by_provider(leaving).items():
            provider, channel = group[0].carrier, group[0].composed.claimed.channel
            assert provider is not None
            with self._timed("deliver"):
                results = await hand_over(provider, [item.composed.outgoing for item in group], lease_ends)
            with self._timed("record"):
                is_passed_over = await self._judge(name, channel, results)
                await self._record(results, campaign_of, token, pauses=not is_passed_over)
            await self._watch(results, campaign_of)

    async def _judge(self, name: str, channel: Channel, results: Sequence[SendResult]) -> bool:
        """Tell what a call says of the provider itself; True if another one takes over from one that refuses us."""
        route = self.routes.route_for(channel)
        is_probe = route is not None and route.provider == name and route.is_probe
        failed = [result for result in results if is_failure(result)]
        wait = max((result.retry_after or 0.0 for result in results), default=0.0)
        ours = next((result for result in results if result.outcome is Outcome.MISCONFIGURED), None)
        passed_over = False
        try:
            async with transaction() as session:
                if ours is not None:
                    said = (explained(ours.code, ours.detail) or "no reason given").rstrip(".")
                    reason = f"{name} refuses us ({ours.code}): {said}."
                    passed_over = await pass_over(session, name, channel, reason)
                elif len(failed) == len(results) and (is_probe or self._count(name, failed) >= CIRCUIT_LEAST):
                    log.warning("provider %s rests: %s", name, failed[0].detail)
                    await open_circuit(session, name, failed[0].detail or failed[0].code or "no answer")
                elif wait > PATIENCE_SECONDS:
                    await rest(session, name, wait, f"It asked us to wait {figure(wait)} seconds.")
                elif is_probe:
                    await close_circuit(session, name)
                else:
                    if len(failed) < len(results):
                        self._failed_calls[name] = 0
                    return False
        except (AppError, DBAPIError, OSError) as problem:
            log.warning("what %s said of itself is not written down: %s", name, problem)
        self._failed_calls[name] = 0
        self._knowledge = None
        self.routes.drop(name)
        return passed_over

    def _count(self, name: str, failed: Sequence[SendResult]) -> int:
        """Calls that have failed in a row; a batch is one."""
        is_batch = PROVIDERS[name].batch_limit > 1
        self._failed_calls[name] += 1 if is_batch else len(failed)
        return self._failed_calls[name]

    async def _watch(self, results: Sequence[SendResult], campaign_of: dict[UUID, UUID]) -> None:
        """Pause a campaign too many of whose messages are refused."""
        settings = self._settings
        for result in results:
            if result.outcome in (Outcome.ACCEPTED, Outcome.REJECTED):
                seen = self._refusals.setdefault(campaign_of[result.send_id], deque(maxlen=WINDOW))
                seen.append(result.outcome is Outcome.REJECTED)
        for campaign_id in {campaign_of[result.send_id] for result in results}:
            seen = self._refusals.get(campaign_id, deque())
            if len(seen) < settings.pause_error_least or 100 * sum(seen) <= settings.pause_error_pct * len(seen):
                continue
            # whoever resumes it has seen this: the count begins anew
            seen.clear()
            if settings.pause_error_pct < 100:
                async with transaction() as session:
                    reason = (
                        f"More than {settings.pause_error_pct} % of the last messages were refused by the provider."
                    )
                    await pause_campaigns(session, {campaign_id}, reason)

    async def _record(
        self, results: Sequence[SendResult], campaign_of: dict[UUID, UUID], token: UUID, *, pauses: bool = True
    ) -> None:
        """Record, through a restart of the database if need be."""
        for attempt in range(RECORD_TRIES):
            try:
                async with transaction() as session:
                    await record_results(session, results, campaign_of, token, pauses=pauses)
                return
            except (AppError, DBAPIError, OSError) as problem:
                log.warning("results of %d messages wait for the database: %s", len(results), problem)
                await asyncio.sleep(min(0.1 * 2 ** min(attempt, 6), 2.0))
        log.error("results of %d messages could not be recorded; recovery will look them up", len(results))

    async def _know(self, *, since: float = -1.0) -> _Knowledge:
        """Rules, templates, brands and routes, at most a few seconds old and read after `since` (the loop's clock)."""
        clock = asyncio.get_running_loop().time
        async with self._reading:
            old = self._knowledge
            if old is None or clock() - old.loaded_at > self.pace.knowledge or old.loaded_at <= since:
                async with transaction() as session:
                    law = await law_stamp(session)
                    rules = await load_rules(session, known=old.rules if old else None)
                    self._knowledge = _Knowledge(
                        rules,
                        await load_material(session, rules=rules, known=old.material if old else None),
                        clock(),
                        law,
                    )
                    self._settings = await load_settings(session, SendingSettings)
                    self.routes.update(await load_routes(session), await take_probes(session))
            assert self._knowledge is not None
            return self._knowledge

    async def _pump(self) -> bool:
        return await self.pump_once() > 0

    async def _recover(self) -> bool:
        recovered = await recover_once(self.routes, lease_seconds=self.pace.send_lease)
        if recovered.found or recovered.resent or recovered.unknown:
            log.info("recovered: %s", recovered)
        self._recoveries += 1
        if self._recoveries % ROUNDS_TO_SETTLE == 1 and (settled := await settle_by_policy()):
            log.info("%d unknown outcomes settled by policy", settled)
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
