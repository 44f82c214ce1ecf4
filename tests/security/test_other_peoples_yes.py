"""Nobody says yes for another: a mailbox speaks for itself and not for a phone, an old address not for a new one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.customers.editing.change_customer import update_customer
from liquor_app.doubles.merge_profiles import merge_profiles
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.sending.events.sms_keywords import answer_texts
from liquor_app.sending.recipients.preferences import wishes_of
from liquor_app.sending.recipients.unsubscribe import message_token
from tests.api.client import Client
from tests.people import add_customer, add_send, ensure_shop
from tests.security.test_sign_ups import link
from tests.sign_ups import EMAIL, fill_in, open_sign_up

pytestmark = pytest.mark.integration
NUMBER = "+12072000042"
BOTH = {"channels": ["email", "sms"]}


async def one(sql: str, **values: Any) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).one()


async def reader(**columns: Any) -> tuple[UUID, str]:
    """Somebody with an e-mail of ours in their hands, and its token."""
    async with transaction() as session:
        await ensure_shop(session)
        person = await add_customer(session, email="a@m.example", email_key="a@m.example", phone=NUMBER, **columns)
        await add_send(session, person, days_ago=1)
        sent = (await session.execute(text("UPDATE sends SET recipient = 'A@m.example' RETURNING id"))).scalar_one()
    return person, message_token(sent)


async def says(words: str) -> None:
    event = WebhookEvent(EventKind.INBOUND, uuid7().hex, now(), None, recipient=NUMBER, text=words)
    async with transaction() as session:
        await answer_texts(session, [event])


async def texts() -> tuple[str | None, int]:
    row = await one(
        "SELECT (SELECT sms_consent FROM customers WHERE deleted_at IS NULL) AS said,"
        " (SELECT count(*) FROM suppressions WHERE lifted_at IS NULL AND channel = 'sms') AS listed"
    )
    return row.said, row.listed


async def test_a_stop_by_text_is_not_taken_back_from_a_mailbox(anybody: Client) -> None:
    """The phone's holder and the mailbox's reader need not be one: a sign-up form joins whatever somebody types."""
    _, token = await reader()
    await says("stop")
    page = (await anybody.http.get(f"/p/{token}")).text
    assert "value=sms disabled" in page
    assert "answer START" in page
    await anybody.http.post(f"/p/{token}", data=BOTH)
    assert await texts() == ("withdrawn", 1)
    # nor by saying no first, here
    await anybody.http.post(f"/p/{token}", data={"channels": ["email"]})
    await anybody.http.post(f"/p/{token}", data=BOTH)
    assert await texts() == ("withdrawn", 1)


@pytest.mark.parametrize("before", [None, "withdrawn", "pending"])
async def test_a_mailbox_gives_no_consent_to_texts(anybody: Client, before: str | None) -> None:
    _, token = await reader(sms_consent=before)
    await anybody.http.post(f"/p/{token}", data=BOTH)
    await anybody.http.post(f"/p/{token}", data={"channels": ["email"]})
    await anybody.http.post(f"/p/{token}", data=BOTH)
    said, _ = await texts()
    assert said != "given"


async def test_what_a_tick_took_a_tick_gives_back(anybody: Client) -> None:
    _, token = await reader()
    await anybody.http.post(f"/p/{token}", data={"channels": ["email"]})
    assert await texts() == ("withdrawn", 1)
    await anybody.http.post(f"/p/{token}", data=BOTH)
    assert await texts() == ("given", 0)
    # until the phone itself says more
    await anybody.http.post(f"/p/{token}", data={"channels": ["email"]})
    await says("STOP")
    await anybody.http.post(f"/p/{token}", data=BOTH)
    assert await texts() == ("withdrawn", 1)


async def test_an_old_mailbox_gives_no_consent_for_a_new_one(anybody: Client) -> None:
    person, token = await reader()
    async with transaction() as session:
        await update_customer(session, SYSTEM, person, {"email": "b@m.example"})
        await session.execute(text("UPDATE customers SET email_consent = 'given'"))
    await anybody.http.post(f"/u/{token}")
    assert "sign me up again" not in (await anybody.http.get(f"/u/{token}")).text
    assert (await anybody.http.post(f"/u/{token}/again")).status_code == 409
    await anybody.http.post(f"/p/{token}", data=BOTH)
    row = await one("SELECT email_consent FROM customers")
    assert row.email_consent == "withdrawn"
    async with transaction() as session:
        assert not (await wishes_of(session, token)).channels["email"]  # type: ignore[index]


@pytest.mark.parametrize("said", [None, "withdrawn"])
@pytest.mark.parametrize("has_another", [True, False])
async def test_a_merged_profiles_mailbox_gives_no_consent_for_the_one_that_is_left(
    anybody: Client, said: str | None, has_another: bool
) -> None:
    """Whoever reads an old mailbox says yes for it, and for nothing the customer has now."""
    await open_sign_up()
    left = "b@m.example"
    async with transaction() as session:
        keeps = await add_customer(session, email=left, email_key=left, email_consent=said)
        gone = await add_customer(
            session, email="ines@example.com", email_key="ines@example.com", email_consent=None, phone=None
        )
        await merge_profiles(session, SYSTEM, keeps, gone, reason="same")
        if not has_another:
            sql = "UPDATE customers SET email = NULL, email_key = NULL, email_consent = :said WHERE id = :id"
            await session.execute(text(sql), {"id": keeps, "said": said})
    await fill_in(anybody.http, EMAIL)
    answer = await anybody.http.post(await link())
    row = await one("SELECT email_key, email_consent FROM customers WHERE deleted_at IS NULL")
    if has_another:
        assert (answer.status_code, *row) == (409, left, said)
    else:
        assert (answer.status_code, *row) == (200, "ines@example.com", "given")
