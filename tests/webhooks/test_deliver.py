"""What is sent to endpoints: signed, tried again for three days, to public places only, and told to nobody else."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import config
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import run
from liquor_app.core.security import outbound
from liquor_app.webhooks import tell_endpoints
from liquor_app.webhooks.endpoints import (
    MOST_ENDPOINTS,
    NewEndpoint,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    get_endpoint,
    renew_secret,
    replay_delivery,
    send_test,
)
from liquor_app.webhooks.lists import list_deliveries
from liquor_app.webhooks.models import ASKED_FOR, Happened
from liquor_app.webhooks.outbox import emit, request_due_deliveries
from liquor_app.webhooks.tasks import TASKS
from liquor_app.webhooks.tell_endpoints import MOST_TRIES, WAITS, deliver_due
from tests.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.integration

FACT = {"customer_id": UUID(int=7)}


async def endpoint(url: str, *events: Happened) -> NewEndpoint:
    async with transaction() as session:
        return await create_endpoint(session, SYSTEM, url=url, events=events or (Happened.CUSTOMER_CREATED,))


async def happened(*facts: dict[str, Any]) -> None:
    async with transaction() as session:
        await emit(session, Happened.CUSTOMER_CREATED, facts or [FACT])


async def deliveries(made: NewEndpoint) -> list[Any]:
    async with transaction() as session:
        return list((await list_deliveries(session, SYSTEM, made.endpoint.id)).items)


async def make_due() -> None:
    """Time passes: everything that waits is due."""
    async with transaction() as session:
        await session.execute(text("UPDATE webhook_deliveries SET next_at = now() WHERE status = 'pending'"))


async def rows(statement: str) -> list[Any]:
    async with transaction() as session:
        return list((await session.execute(text(statement))).all())


def verified(made: NewEndpoint, receiver: Receiver, place: int = -1) -> Any:
    headers, body = receiver.came[place]
    return Webhook(made.secret).verify(body, headers)


async def test_what_comes_is_signed_and_says_what_happened(database: str) -> None:
    async with receiving() as receiver:
        made = await endpoint(receiver.url)
        await happened()
        assert await deliver_due() == 1
        assert await deliver_due() == 0
        said = verified(made, receiver)
        assert (said["type"], said["data"]) == ("customer.created", {"customer_id": str(UUID(int=7))})
        assert abs(now().timestamp() - int(receiver.came[0][0]["webhook-timestamp"])) < 300
        (row,) = await deliveries(made)
        assert receiver.came[0][0]["webhook-id"] == f"evt_{row.event_id.hex}"
        assert row.payload.encode() == receiver.came[0][1]
        assert (row.status, row.attempts, row.response_code, row.error) == ("delivered", 1, 204, None)
        headers, body = receiver.came[0]
        for forged in (body.replace(b"created", b"updated"), body + b" "):
            with pytest.raises(WebhookVerificationError):
                Webhook(made.secret).verify(forged, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + "A" * 32).verify(body, headers)


async def test_a_rollback_is_told_to_nobody_and_a_commit_is_lost_by_nobody(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver:
        made = await endpoint(receiver.url)

        async def comes_to_nothing() -> None:
            async with transaction() as session:
                assert await emit(session, Happened.CUSTOMER_CREATED, [FACT]) == 1
                raise Conflict("no")

        with pytest.raises(Conflict):
            await comes_to_nothing()
        assert await rows("SELECT 1 FROM webhook_events") == []
        assert await rows("SELECT 1 FROM jobs") == []
        await happened()
        # the process died before it asked for the job: the clock does
        async with transaction() as session:
            await session.execute(text("DELETE FROM jobs"))
        async with transaction() as session:
            assert await request_due_deliveries(session)
        ((job,),) = await rows("SELECT id FROM jobs")
        await run(job, TASKS)
        assert len(receiver.came) == 1
        async with transaction() as session:
            assert not await request_due_deliveries(session)
        verified(made, receiver)


async def test_it_is_tried_for_three_days_under_one_id(database: str) -> None:
    assert timedelta(days=2.9) < timedelta(seconds=sum(WAITS)) <= timedelta(days=3)
    async with receiving(500, 503, 301, 204) as receiver:
        made = await endpoint(receiver.url)
        await happened()
        for attempt, code in ((1, 500), (2, 503), (3, 301)):
            assert await deliver_due() == 1
            (row,) = await deliveries(made)
            assert (row.status, row.attempts, row.response_code) == ("pending", attempt, code)
            assert row.next_at - row.last_at == timedelta(seconds=WAITS[attempt - 1])
            assert await deliver_due() == 0, "not before its time"
            await make_due()
        assert await deliver_due() == 1
        (row,) = await deliveries(made)
        assert (row.status, row.attempts) == ("delivered", 4)
        assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1
        for place in range(4):
            verified(made, receiver, place)
        async with transaction() as session:
            told = await get_endpoint(session, SYSTEM, made.endpoint.id)
        assert (told.failing_since, told.is_active) == (None, True)
        assert "secret page" not in str(await rows("SELECT * FROM webhook_deliveries"))


async def test_who_takes_nothing_for_three_days_is_told_no_more(database: str) -> None:
    async with receiving(500) as receiver:
        made = await endpoint(receiver.url)
        await happened()
        for _ in range(MOST_TRIES):
            await make_due()
            await deliver_due()
        (row,) = await deliveries(made)
        assert (row.status, row.attempts) == ("failed", MOST_TRIES)
        async with transaction() as session:
            assert (await get_endpoint(session, SYSTEM, made.endpoint.id)).is_active, "it failed for a moment only"
            await session.execute(text("UPDATE webhook_endpoints SET failing_since = now() - interval '71 hours'"))
        await happened()
        for _ in range(MOST_TRIES):
            await make_due()
            await deliver_due()
        async with transaction() as session:
            told = await get_endpoint(session, SYSTEM, made.endpoint.id)
        assert (told.is_active, told.disabled_reason) == (False, "It took nothing for three days.")
        assert len(await rows("SELECT 1 FROM notifications WHERE link = '/settings/webhooks'")) == 1
        assert len(await rows("SELECT 1 FROM audit_log WHERE action = 'webhook.disabled'")) == 1
        (bell,) = await rows("SELECT body FROM notifications WHERE title LIKE 'A webhook endpoint%'")
        # everybody has a bell, and such addresses are secrets often
        assert bell.body == "127.0.0.1: It took nothing for three days. What happened since waits."
        before = len(receiver.came)
        await happened()
        await make_due()
        assert await deliver_due() == 0
        assert len(receiver.came) == before
        # somebody mended it: what was given up is sent again
        receiver.answers = [200]
        async with transaction() as session:
            again = await change_endpoint(session, SYSTEM, made.endpoint.id, {"is_active": True})
            await replay_delivery(session, SYSTEM, row.id)
        assert (again.disabled_reason, again.failing_since) == (None, None)
        assert await deliver_due() == 1
        assert receiver.came[-1][0]["webhook-id"] == f"evt_{row.event_id.hex}"


async def test_an_endpoint_that_says_it_is_gone_is_believed(database: str) -> None:
    async with receiving(410) as receiver:
        made = await endpoint(receiver.url)
        await happened()
        await deliver_due()
        (row,) = await deliveries(made)
        assert row.status == "failed"
        async with transaction() as session:
            assert not (await get_endpoint(session, SYSTEM, made.endpoint.id)).is_active


async def test_one_that_hangs_holds_up_nobody(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tell_endpoints, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(tell_endpoints, "ROUND", 20)
    async with receiving(None) as slow, receiving() as quick:
        hung, well = await endpoint(slow.url), await endpoint(quick.url)
        await happened(*({"customer_id": number} for number in range(12)))
        assert await deliver_due() == 10, "five of each"
        assert (len(slow.came), len(quick.came)) == (5, 5)
        assert {row.error for row in await deliveries(hung) if row.attempts} == {"No answer within 0 seconds."}
        assert sum(row.status == "delivered" for row in await deliveries(well)) == 5


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 204 X\r\nconnection: close\r\n\r\nmore", b"not HTTP at all\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nx",
        b"HTTP/1.1 999999 X\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", b"\x00" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000, b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nxx",
        b"HTTP/1.1 101 Switching\r\n\r\n", b"HTTP/1.1 200 OK\r\nlocation: http://[bad\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http://[bad\r\n\r\n", b"HTTP/1.1 200 OK\r\nset-cookie: \xff\xfe=\r\n\r\n",
    ],
    ids=range(13),
)  # fmt: skip
async def test_whoever_answers_nonsense_holds_up_nobody(
    database: str, garbage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tell_endpoints, "ANSWER_SECONDS", 3.0)
    async with receiving(200) as hostile, receiving() as well:
        hostile.garbage = garbage or b" "
        await endpoint(hostile.url)
        made = await endpoint(well.url)
        await happened()
        assert await deliver_due() == 2
        assert verified(made, well)["type"] == "customer.created"
        assert [row.status for row in await deliveries(made)] == ["delivered"]
        assert await rows("SELECT 1 FROM webhook_deliveries WHERE attempts <> 1 OR last_at IS NULL") == []


async def test_a_secret_that_cannot_be_read_holds_up_nobody(database: str) -> None:
    async with receiving() as receiver, receiving() as well:
        lost, made = await endpoint(receiver.url), await endpoint(well.url)
        async with transaction() as session:
            await session.execute(
                text("UPDATE webhook_endpoints SET secret_encrypted = CAST('x' AS bytea) WHERE id = :id"),
                {"id": lost.endpoint.id},
            )
        await happened()
        assert await deliver_due() == 2
        assert (len(receiver.came), len(well.came)) == (0, 1)
        (row,) = await deliveries(lost)
        assert "cannot be read" in row.error
        verified(made, well)


async def test_two_workers_do_not_send_twice(database: str) -> None:
    async with receiving() as receiver:
        await endpoint(receiver.url)
        await happened(*({"customer_id": number} for number in range(4)))
        tried = await asyncio.gather(deliver_due(), deliver_due())
        assert sum(tried) == 4
        assert len({body for _, body in receiver.came}) == len(receiver.came) == 4


async def test_a_worker_that_died_over_it_is_followed_by_another(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as receiver:
        made = await endpoint(receiver.url)
        await happened()

        async def dies(*_: object) -> None:
            raise asyncio.CancelledError

        with monkeypatch.context() as patch:
            patch.setattr(tell_endpoints, "_try", dies)
            with pytest.raises(asyncio.CancelledError):
                await deliver_due()
        assert await deliver_due() == 0, "its minute is not over"
        await make_due()
        assert await deliver_due() == 1
        assert [row.attempts for row in await deliveries(made)] == [2]


# --- not inside ---


def _closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIQUOR_OUTBOUND_ALLOW", "")
    config.get_settings.cache_clear()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://10.0.0.1/", "http://2130706433/",
        "http://0x7f.1/", "ftp://example.com/", "https://user:pw@example.com/", "example.com", "", "http://[::ffff:7f00:1]/",
        "https://" + "a" * 600 + ".example/",
    ],
)  # fmt: skip
async def test_an_address_inside_is_refused_at_the_door(
    database: str, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    _closed(monkeypatch)
    with pytest.raises(Invalid):
        await endpoint(url)
    config.get_settings.cache_clear()


async def test_a_name_that_leads_inside_a_second_later_gets_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it was looked up, private when it is connected to."""
    async with receiving() as receiver:
        loop, asked = asyncio.get_running_loop(), list[str]()
        real = loop.getaddrinfo

        async def getaddrinfo(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
            if host != "rebind.example":
                return await real(host, port, *rest, **named)
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]

        monkeypatch.setattr(outbound, "PORTS", (receiver.port,))  # a public name may be asked at few
        made = await endpoint(f"http://rebind.example:{receiver.port}/hook")
        await happened()
        _closed(monkeypatch)
        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        assert await deliver_due() == 1
        assert asked
        assert receiver.came == []
        (row,) = await deliveries(made)
        assert (row.status, row.response_code) == ("pending", None)
        assert "private network" in row.error
    config.get_settings.cache_clear()


async def test_a_redirect_leads_nowhere(database: str) -> None:
    async with receiving() as secret:
        for status in (301, 302, 307, 308):
            async with receiving(status, heads=f"location: {secret.url}\r\n") as receiver:
                made = await endpoint(receiver.url)
                async with transaction() as session:
                    await send_test(session, SYSTEM, made.endpoint.id)
                await deliver_due()
                (row,) = await deliveries(made)
                assert (row.response_code, row.error) == (status, "It answers with a redirect, which is not followed.")
                async with transaction() as session:
                    await delete_endpoint(session, SYSTEM, made.endpoint.id)
        assert secret.came == []


# --- endpoints ---


async def test_only_who_asked_is_told_and_only_of_that(database: str) -> None:
    async with receiving() as one, receiving() as other:
        first = await endpoint(one.url, Happened.CUSTOMER_CREATED, Happened.IMPORT_FINISHED)
        await endpoint(other.url, Happened.SEND_BOUNCED)
        async with transaction() as session:
            assert await emit(session, Happened.PURCHASE_CREATED, [FACT]) == 0
            assert await emit(session, Happened.CUSTOMER_CREATED, [FACT, FACT]) == 2
            assert await emit(session, Happened.CUSTOMER_CREATED, []) == 0
        await deliver_due()
        assert (len(one.came), len(other.came)) == (2, 0)
        assert await rows("SELECT DISTINCT type FROM webhook_events") == [("customer.created",)]
        async with transaction() as session:
            await change_endpoint(session, SYSTEM, first.endpoint.id, {"is_active": False})
            with pytest.raises(Conflict):
                await send_test(session, SYSTEM, first.endpoint.id)
            assert await emit(session, Happened.CUSTOMER_CREATED, [FACT]) == 0


async def test_a_renewed_secret_signs_from_now_on(database: str) -> None:
    async with receiving() as receiver:
        made = await endpoint(receiver.url)
        async with transaction() as session:
            renewed = await renew_secret(session, SYSTEM, made.endpoint.id)
            await send_test(session, SYSTEM, made.endpoint.id)
        await deliver_due()
        assert verified(renewed, receiver)["type"] == "webhook.test"
        with pytest.raises(WebhookVerificationError):
            verified(made, receiver)
        for secret in (made.secret, renewed.secret):
            kept = await rows("SELECT e, d FROM webhook_endpoints e, webhook_deliveries d")
            assert secret not in str(kept)
            assert secret not in json.dumps([str(one) for one in await rows("SELECT changes FROM audit_log")])


async def test_what_cannot_be_done(database: str) -> None:
    nobody = uuid7()
    async with transaction() as session:
        made = await create_endpoint(session, SYSTEM, url="https://hooks.example.com/a", events=ASKED_FOR)
        for events in ([], ["customer.exploded"], [Happened.TEST]):
            with pytest.raises(Invalid):
                await create_endpoint(session, SYSTEM, url="https://hooks.example.com/a", events=events)
        with pytest.raises(NotFound):
            await replay_delivery(session, SYSTEM, nobody)
        delivery = await send_test(session, SYSTEM, made.endpoint.id)
        with pytest.raises(Conflict):
            await replay_delivery(session, SYSTEM, delivery)
        for verb in (get_endpoint, delete_endpoint, renew_secret, send_test):
            with pytest.raises(NotFound):
                await verb(session, SYSTEM, nobody)
        for _ in range(MOST_ENDPOINTS - 1):
            await create_endpoint(session, SYSTEM, url="https://hooks.example.com/a", events=ASKED_FOR)
        with pytest.raises(Conflict):
            await create_endpoint(session, SYSTEM, url="https://hooks.example.com/a", events=ASKED_FOR)
        await delete_endpoint(session, SYSTEM, made.endpoint.id)
        left = await session.execute(text("SELECT count(*) FROM webhook_deliveries"))
        assert left.scalar_one() == 0


async def test_an_endpoint_is_kept_as_it_is_connected_to(database: str) -> None:
    """A Cyrillic letter is shown for what it is, when it is made and when it is changed."""
    async with transaction() as session:
        made = await create_endpoint(session, SYSTEM, url="https://аpple.example/hook", events=ASKED_FOR)
        assert made.endpoint.url == "https://xn--pple-43d.example/hook"
        changed = await change_endpoint(session, SYSTEM, made.endpoint.id, {"url": "https://münchen.example:8443/"})
        assert changed.url == "https://xn--mnchen-3ya.example:8443/"
