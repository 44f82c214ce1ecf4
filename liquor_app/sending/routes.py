"""Open providers: kept while their configuration stays the same, paced, and one for every message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from liquor_app.core.errors import AppError
from liquor_app.organization.models import Channel
from liquor_app.providers.base import Provider
from liquor_app.providers.registry import SANDBOX
from liquor_app.providers.service import Route, open_provider

log = logging.getLogger(__name__)


class Pacer:
    """Tokens of one provider: at most `rate` a second, a second's worth at once."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._next = 0.0
        self._lock = asyncio.Lock()

    async def take(self, count: int) -> None:
        """Wait until `count` messages may leave."""
        async with self._lock:
            clock = asyncio.get_running_loop().time
            # nobody saves up more than a second
            self._next = max(self._next, clock() - 1.0) + count / self.rate
            delay = self._next - clock()
            if delay > 0:
                await asyncio.sleep(delay)


class Routes:
    """Which provider carries a channel now. One per dispatcher; `aclose` it at the end."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, bytes | None], Provider] = {}
        self._pacers: dict[str, Pacer] = {}
        self._current: dict[Channel, Route] = {}

    def update(self, routes: Sequence[Route]) -> None:
        """Take note of the configured channels, best first; one that cannot be opened is passed over."""
        current: dict[Channel, Route] = {}
        for route in routes:
            if route.channel not in current and self.open(route.provider, route.config) is not None:
                current[route.channel] = route
                pacer = self._pacers.setdefault(route.provider, Pacer(route.rate_per_second))
                pacer.rate = route.rate_per_second
        self._current = current

    @property
    def channels(self) -> list[Channel]:
        """Channels somebody can carry now."""
        return list(self._current)

    def provider_for(self, channel: Channel, *, is_played: bool) -> Provider | None:
        """The provider of a channel. A campaign whose week is played goes to the sandbox, whatever else is enabled."""
        if is_played:
            return self.open(SANDBOX, None)
        route = self._current.get(channel)
        return None if route is None else self.open(route.provider, route.config)

    def pacer(self, provider: str) -> Pacer:
        return self._pacers.setdefault(provider, Pacer(100_000))

    def open(self, name: str, config: bytes | None) -> Provider | None:
        """A provider by its stored configuration; None, and a line in the log, if it cannot be opened."""
        key = (name, config)
        if key not in self._open:
            try:
                self._open[key] = open_provider(name, config)
            except AppError as problem:
                log.error("provider %s cannot be used: %s", name, problem.message)
                return None
        return self._open[key]

    async def aclose(self) -> None:
        """Close every connection."""
        for provider in self._open.values():
            await provider.aclose()
        self._open.clear()
