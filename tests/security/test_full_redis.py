"""A Redis that strangers have filled, or that is gone: no limit opens, no state takes the queue's room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from liquor_app.api import http_rate_limit
from liquor_app.api.http_rate_limit import limit
from liquor_app.core import config, redis
from liquor_app.core.errors import TooMany, Unavailable
from liquor_app.core.platform import embedded_valkey, runtime_info
from tests.conftest import Engines

pytestmark = pytest.mark.integration


@pytest.fixture
def valkey(engines: Engines, request: pytest.FixtureRequest) -> Iterator[embedded_valkey.EmbeddedValkey]:
    """A server of this test's own."""
    rules = getattr(request, "param", embedded_valkey.DURABLE)
    server = embedded_valkey.EmbeddedValkey(Path(os.environ["LIQUOR_DATA_DIR"]), f"valkey-of-{os.getpid()}", rules)
    child = server.start()
    yield server
    child.stop(5)


def fill(server: Redis, value: bytes = b"x" * 10_000) -> None:
    for number in range(2_000):
        server.set(f"stranger:{number}", value, ex=300)


async def test_a_full_redis_opens_no_limit(
    valkey: embedded_valkey.EmbeddedValkey, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_rate_limit, "_own", http_rate_limit._OwnCount())
    monkeypatch.setenv("REDIS_URL", valkey.url)
    config.get_settings.cache_clear()
    with Redis.from_url(valkey.url) as server:
        fill(server)
        server.config_set("maxmemory", "8mb")
        with pytest.raises(ResponseError, match="maxmemory"):
            server.set("stranger", 1)
    for left in (2, 1, 0):
        assert await limit("login", "192.0.2.1", allowed=3, seconds=3600) == left
    with pytest.raises(TooMany):
        await limit("login", "192.0.2.1", allowed=3, seconds=3600)
    assert await limit("login", "192.0.2.2", allowed=3, seconds=3600) == 2
    with pytest.raises(Unavailable):
        await limit("test-send", "somebody", allowed=3, seconds=3600, is_strict=True)
    await redis.dispose()


async def test_what_a_process_counts_by_itself_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_rate_limit._OwnCount, "ROOM", 100)
    own = http_rate_limit._OwnCount()
    for number in range(100):
        own.count(f"login:{number}", 1, 1e12)
    assert [own.count(f"login:other-{number}", 1, 1e12) for number in range(3)] == [1, 2, 3]  # all of them together
    assert len(own._used) == 101


@pytest.mark.parametrize("valkey", [embedded_valkey.FORGETFUL], indirect=True)
def test_the_states_redis_forgets_what_ends_first(valkey: embedded_valkey.EmbeddedValkey) -> None:
    with Redis.from_url(valkey.url) as server:
        assert server.config_get("maxmemory")["maxmemory"] == str(256 * 1024**2)
        assert server.config_get("maxmemory-policy")["maxmemory-policy"] == "volatile-ttl"
        server.config_set("maxmemory", "8mb")
        server.set("people", b"x" * 10_000, ex=3600)
        fill(server)  # 20 MB
        assert server.exists("people")
        assert 0 < sum(1 for _ in server.scan_iter("stranger:*", count=1000)) < 1_000


def test_states_live_in_a_redis_of_their_own(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    running = runtime_info.read_runtime()
    assert running is not None
    for name in ("REDIS_URL", "LIQUOR_STATE_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    config.get_settings.cache_clear()
    if not os.environ.get("TEST_REDIS_URL"):
        assert runtime_info.state_redis_url() == running["state_redis_url"] != runtime_info.redis_url()
    monkeypatch.setenv("REDIS_URL", "redis://queue:6379/0")
    config.get_settings.cache_clear()
    assert runtime_info.state_redis_url() == "redis://queue:6379/0"
    monkeypatch.setenv("LIQUOR_STATE_REDIS_URL", "redis://states:6379/0")
    config.get_settings.cache_clear()
    assert (runtime_info.state_redis_url(), runtime_info.redis_url()) == (
        "redis://states:6379/0",
        "redis://queue:6379/0",
    )
    monkeypatch.undo()
    config.get_settings.cache_clear()
