"""One person with unmistakable markers goes through everything the shop does; then every place that tells others, or
tells us how things go, is searched for them: logs, answers to strangers, jobs and their errors, Redis, what the AI and
other programs are told.

Where a person may stand is said in `tests/privacy/planted.py` (tables and files, searched after an erasure). There is
no service for metrics or for reports of errors: what went wrong stands in the log and with its job, and what strangers
may ask of the app is searched whole.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import config, queue
from liquor_app.core.db import transaction
from liquor_app.core.platform.logs import NOISY, JsonFormatter, LineFormatter
from liquor_app.core.queue import Job, JobContext, enqueue
from liquor_app.planning.tasks import TASKS as PLANNING
from liquor_app.segments.service import create_segment, refresh_segments
from liquor_app.webhooks.endpoints import create_endpoint
from liquor_app.webhooks.models import ASKED_FOR
from tests.api.client import Client, signed_in
from tests.people import add_campaign, add_customer, believe
from tests.planning.chat_server import ChatServer, answering, chat_server
from tests.privacy.planted import (
    BORN,
    EMAIL,
    MARKERS,
    NAME,
    NOTE,
    NUMBER,
    PHONE,
    found_in_redis,
    plant,
    run_jobs,
    scalar,
)
from tests.sign_ups import fill_in, open_sign_up

pytestmark = pytest.mark.integration

_ARGUMENTS = """
SELECT string_agg(CAST(args AS text), ' ') FROM jobs WHERE NOT args ? 'for' AND name <> 'export_rows'
"""
"""But of the job that `plant` asked for by hand, and of lists carried away: what somebody searched for stands there,
and is scrubbed with the person."""


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, of every level and every logger that asks for none of its own, as both formats write it."""
    stream, before = io.StringIO(), logging.root.level
    handlers = [logging.StreamHandler(stream) for _ in range(2)]
    for handler, formatter in zip(handlers, (LineFormatter(), JsonFormatter()), strict=True):
        handler.setFormatter(formatter)
        logging.root.addHandler(handler)
    logging.root.setLevel(logging.DEBUG)
    for name in NOISY:  # they name addresses; the client of this test is one of them
        monkeypatch.setattr(logging.getLogger(name), "level", logging.WARNING)
    yield stream
    logging.root.setLevel(before)
    for handler in handlers:
        logging.root.removeHandler(handler)


async def _rows(*tables: str) -> str:
    async with transaction() as session:
        found = [await session.scalars(text(f"SELECT CAST(to_jsonb(t) AS text) FROM {table} t")) for table in tables]
        return "\n".join(str(row) for rows in found for row in rows)


async def _by_the_api(client: Client) -> None:
    """What people and programs do with somebody, rightly and wrongly."""
    assert (await client.get(f"/customers?search={NAME}")).status_code == 200
    sold = {
        "order_id": "QZ-1", "email": EMAIL, "occurred_at": "2026-11-02T10:00:00Z",
        "lines": [{"amount": "12.50", "quantity": 1, "product": "Rye"}],
    }  # fmt: skip
    assert (await client.post("/purchases", json=sold)).status_code < 300
    told = {"event_type": "page_view", "external_id": NUMBER, "occurred_at": "2026-11-02T10:00:00Z"}
    assert (await client.post("/events", json=told)).status_code < 300
    for method, path, body in (
        ("POST", "/customers", {"name": NAME, "email": EMAIL}),
        ("POST", "/customers", {"name": NAME, "email": EMAIL, "date_of_birth": BORN + "x"}),
        ("POST", "/customers", {"name": NAME, NOTE: EMAIL}),
        ("POST", "/purchases", {**sold, "occurred_at": NAME}),
        ("GET", f"/customers/{EMAIL}", None),
        ("GET", f"/customers?sort={NOTE}", None),
        ("POST", "/auth/login", {"email": EMAIL, "password": NAME}),
    ):
        answer = await client.call(method, path, **({"json": body} if body else {}))
        assert 400 <= answer.status_code < 500, (path, answer.text)


async def _a_job_that_breaks() -> None:
    """In the way foreign code does, quoting what it was given; and as a worker that is told whom it was about."""

    async def task(job: JobContext) -> dict[str, Any] | None:
        await job.progress(1, 2, "half of it")
        raise RuntimeError(f"cannot write to {NAME} <{EMAIL}>, {PHONE}, born {BORN}: {NOTE}")

    async def refused(job: JobContext) -> dict[str, Any] | None:
        async with transaction() as session:
            await session.execute(text("SELECT CAST(CAST(:said AS text) AS uuid)"), {"said": f"{NAME} {NOTE}"})
        return None

    for one in (task, refused):
        async with transaction() as session:
            job = await enqueue(session, Job.ROLL_UP)
        assert await queue.run(job, {Job.ROLL_UP: one}) == "failed"


async def _an_ai_that_is_asked(talker: ChatServer) -> None:
    """For a plan that this person is part of, by a marketer who writes of them."""
    talker.say(answering())
    async with transaction() as session:
        await session.execute(text("UPDATE segments SET rules = '{\"all\": []}' WHERE slug = 'mine'"))
        for index in range(12):  # `plant` has the person themselves say no
            await add_customer(session, name=NAME, value_at_risk=20 + index, response_likelihood=0.05 + index / 50)
        offers = [{"name": "Ten off", "discount_pct": 10, "text": "{discount}% off {category}"}]
        await believe(session)
        await create_segment(
            session, SYSTEM,
            {"name": "All", "rules": {"all": []}, "recommended_offers": offers, "optimal_channels": ["email", "sms"]},
        )  # fmt: skip
        await refresh_segments(session, SYSTEM)
        campaign = await add_campaign(
            session, ["all"], engine="llm",
            llm_prompt=f"Win back {NAME} ({EMAIL}, {PHONE}), number {NUMBER}",
        )  # fmt: skip
        job = await enqueue(session, Job.GENERATE_CAMPAIGN, {"campaign_id": str(campaign)})
    assert await queue.run(job, PLANNING) == "succeeded"
    assert talker.requests, "it was asked"


async def test_nobody_stands_where_nobody_belongs(
    http: httpx.AsyncClient, anybody: Client, logged: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction() as session:
        await create_endpoint(
            session, SYSTEM, url="https://hooks.example.com/x", events=[one.value for one in ASKED_FOR]
        )
    await plant(tmp_path)
    client = await signed_in(anybody, Role.ADMIN)
    await _by_the_api(client)
    await open_sign_up()
    form = {"email": "wanda.quillmark@example.com", "want_email": "yes", "born": BORN, "first_name": "Quillmark"}
    assert (await fill_in(http, form)).status_code == 200
    await run_jobs(Job.SEND_ERRAND)
    await _a_job_that_breaks()
    async with chat_server() as talker:
        monkeypatch.setenv("LIQUOR_OPENAI_BASE_URL", talker.url)
        monkeypatch.setenv("LIQUOR_OPENAI_API_KEY", "test-key")
        config.get_settings.cache_clear()
        await _an_ai_that_is_asked(talker)
        told_the_ai = b"".join(talker.raw).decode("utf-8", "replace") + json.dumps(talker.requests)

    strangers = Client(http, {})
    http.cookies.clear()
    open_to_all = [await strangers.get(path) for path in ("/health/live", "/health/ready", "/openapi.json", "/docs")]
    jobs = await scalar(
        "SELECT string_agg(concat_ws(' ', name, message, result, error), ' ') FROM jobs"
    ) + await scalar(_ARGUMENTS)
    places = {
        "log": logged.getvalue(),
        "what the database and Redis log": _engine_logs(),
        "jobs, their arguments, results and errors": jobs,
        "what the AI is told": told_the_ai,
        "what other programs are told": await _rows("webhook_events", "webhook_deliveries"),
        "what anybody may ask": "".join(one.text for one in open_to_all),
    }
    empty = [place for place, words in places.items() if not words]
    assert empty == [], "a place that nothing was written to"
    found = [
        (place, marker, _around(words, marker)) for place, words in places.items() for marker in MARKERS
        if marker in words.lower()
    ]  # fmt: skip
    assert found == []
    assert await found_in_redis(*MARKERS) == []


def _around(words: str, marker: str) -> str:
    at = words.lower().index(marker)
    return words[max(at - 300, 0) : at + 100]


def _engine_logs() -> str:
    folder = config.get_settings().data_dir / "log"
    return "".join(path.read_text(errors="replace") for path in folder.glob("*")) or "none is written by tests"
