"""Open providers: kept while their configuration stays the same, paced, and one for every message."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from liquor_app.core.errors import AppError
from liquor_app.organization.models import Channel
from liquor_app.providers.kit.base import Provider
from liquor_app.providers.registry import SANDBOX
from liquor_app.providers.service import Route, open_provider
from liquor_app.sending.pipeline.rate_limit import Pacer

log = logging.getLogger(__name__)

PROBE_MESSAGES = 5
SINGLES = 250
"""Messages taken at once for a provider that wants a call for each: what is on the wire runs out after a pause."""

RATE_SECONDS = 2
"""No more is taken at once than the rate lets out in this time."""


class Routes:
    """Which provider carries a channel now. One per dispatcher; `aclose` it at the end."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, bytes | None], Provider] = {}
        self._pacers: dict[str, Pacer] = {}
        self._current: dict[Channel, Route] = {}

    def update(self, routes: Sequence[Route], probes: Sequence[Route] = ()) -> None:
        """Take note of the configured channels, best first; one that cannot be opened is passed over. A provider to be
        probed comes first, for a few messages."""
        current: dict[Channel, Route] = {}
        for route in (*probes, *routes):
            if route.channel not in current and self.open(route.provider, route.config) is not None:
                current[route.channel] = route
                self.pacer(route.provider).rate = route.rate_per_second
        self._current = current

    @property
    def channels(self) -> list[Channel]:
        """Channels somebody can carry now."""
        return list(self._current)

    def appetite(self, most: int) -> int:
        """Tell how many messages to take at once, so that every channel's provider can be handed its own in time."""
        for route in self._current.values():
            provider = self.open(route.provider, route.config)
            size = most if provider is not None and provider.batch_limit > 1 else min(most, SINGLES)
            most = min(size, max(1, route.rate_per_second * RATE_SECONDS), PROBE_MESSAGES if route.is_probe else size)
        return most

    def route_for(self, channel: Channel) -> Route | None:
        return self._current.get(channel)

    def drop(self, provider: str) -> None:
        """Do not use a provider any more until the routes are read again."""
        self._current = {channel: route for channel, route in self._current.items() if route.provider != provider}

    def provider_for(self, channel: Channel, *, is_played: bool) -> Provider | None:
        """Return the provider of a channel. A campaign whose week is played goes to the sandbox, whatever else is
        enabled."""
        if is_played:
            return self.open(SANDBOX, None)
        route = self._current.get(channel)
        return None if route is None else self.open(route.provider, route.config)

    def pacer(self, provider: str) -> Pacer:
        if provider not in self._pacers:
            self._pacers[provider] = Pacer(provider, 100_000)
        return self._pacers[provider]

    def open(self, name: str, config: bytes | None) -> Provider | None:
        """Return a provider by its stored configuration; None, and a line in the log, if it cannot be opened."""
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
