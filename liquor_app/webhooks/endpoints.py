"""Endpoints: where others are told. Made, changed, paused, given another secret, tried, ended; what failed, again."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.db import after_commit
from liquor_app.core.errors import Conflict, Full, Invalid, NotFound, Unknown
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import encrypt
from liquor_app.core.security.outbound import check_port, check_url
from liquor_app.webhooks.models import ASKED_FOR, DELIVERY, DeliveryStatus, Happened
from liquor_app.webhooks.outbox import payload_of, ring_deliveries

MOST_ENDPOINTS = 20
MAX_URL, MAX_DESCRIPTION = 500, 200
SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins
SECRET_BYTES = 24
"""Standard Webhooks: between 24 and 64."""

_COLUMNS = "id, url, description, events, is_active, disabled_reason, failing_since, last_success_at, created_at"
_ONE = f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE id = :id"
_HOLD = "SELECT FROM webhook_endpoints WHERE id = :id FOR UPDATE"
_COUNT = "SELECT count(*) FROM webhook_endpoints"
_INSERT = f"""
INSERT INTO webhook_endpoints (url, description, events, secret_encrypted, created_by)
VALUES (:url, :description, :events, :secret, :by) RETURNING {_COLUMNS}
"""
_CHANGE = f"""
UPDATE webhook_endpoints SET url = :url, description = :description, events = :events, is_active = :is_active,
    disabled_reason = CASE WHEN :is_active THEN NULL ELSE disabled_reason END,
    failing_since = CASE WHEN :is_active THEN NULL ELSE failing_since END
WHERE id = :id RETURNING {_COLUMNS}
"""
_SECRET = "UPDATE webhook_endpoints SET secret_encrypted = :secret WHERE id = :id"  # noqa: S105
_DELETE = "DELETE FROM webhook_endpoints WHERE id = :id RETURNING url"
_TEST = """
WITH event AS (INSERT INTO webhook_events (id, type, payload) VALUES (:event, :type, :payload) RETURNING id)
INSERT INTO webhook_deliveries (event_id, endpoint_id) SELECT id, :endpoint FROM event RETURNING id
"""
_AGAIN = f"""
UPDATE webhook_deliveries SET status = '{DeliveryStatus.PENDING}', attempts = 0, next_at = now(), error = NULL
WHERE id = :id AND status IN
    {DELIVERY.sources_sql(DeliveryStatus.PENDING, DeliveryStatus.DELIVERED, DeliveryStatus.FAILED)}
RETURNING endpoint_id
"""
_KNOWN = "SELECT status FROM webhook_deliveries WHERE id = :id"


@dataclass(frozen=True)
class EndpointRow:
    """An endpoint; its secret is shown when it is made and never again."""

    id: UUID
    url: str
    description: str
    events: list[str]
    is_active: bool
    disabled_reason: str | None
    failing_since: datetime | None
    last_success_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint and its secret, which is stored encrypted and shown this once."""

    endpoint: EndpointRow
    secret: str


async def create_endpoint(
    session: AsyncSession, actor: Actor, *, url: str, events: Collection[str], description: str = ""
) -> NewEndpoint:
    """Tell an address of what happens from now on.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: an address that leads inside or is none, an unknown event, none at all.
        Conflict: there are too many endpoints.
    """
    require(actor, Permission.WEBHOOKS_ADMIN)
    given = _clean({"url": url, "events": events, "description": description})
    if int((await session.execute(text(_COUNT))).scalar_one()) >= MOST_ENDPOINTS:
        raise Full(f"There are {MOST_ENDPOINTS} endpoints already. Remove those nobody needs.")
    secret = _new_secret()
    made = await session.execute(text(_INSERT), {**given, "secret": encrypt(secret), "by": actor.user_id})
    row = EndpointRow(**made.mappings().one())
    await audit(session, actor, "webhook.created", "webhook", row.id, url=row.url, events=row.events)
    return NewEndpoint(row, secret)


async def get_endpoint(session: AsyncSession, actor: Actor, endpoint_id: UUID) -> EndpointRow:
    """Return one endpoint.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is none.
    """
    require(actor, Permission.WEBHOOKS_READ)
    return await _row(session, endpoint_id)


async def change_endpoint(
    session: AsyncSession, actor: Actor, endpoint_id: UUID, changes: Mapping[str, Any]
) -> EndpointRow:
    """Change where, what or whether it is told. One that is active again is told what waited for it.

    Args:
        changes: any of url, description, events, is_active.

    Raises:
        Forbidden, NotFound, Invalid: as for `create_endpoint` and `get_endpoint`.
    """
    require(actor, Permission.WEBHOOKS_ADMIN)
    asked = _clean(changes)
    before = await _row(session, endpoint_id, is_held=True)
    fields = ("url", "description", "events", "is_active")
    was = {name: getattr(before, name) for name in fields}
    after = was | asked
    done = await session.execute(text(_CHANGE), {**after, "id": endpoint_id})
    await audit_change(
        session, actor, "webhook.changed", "webhook", endpoint_id, before=was, after=after, plain={"url"}
    )
    if after["is_active"]:
        after_commit(session, ring_deliveries)
    return EndpointRow(**done.mappings().one())


async def renew_secret(session: AsyncSession, actor: Actor, endpoint_id: UUID) -> NewEndpoint:
    """Return another secret, which signs from now on; the one before signs nothing any more.

    Raises:
        Forbidden, NotFound: as for `get_endpoint`.
    """
    require(actor, Permission.WEBHOOKS_ADMIN)
    row, secret = await _row(session, endpoint_id, is_held=True), _new_secret()
    await session.execute(text(_SECRET), {"id": endpoint_id, "secret": encrypt(secret)})
    await audit(session, actor, "webhook.secret_renewed", "webhook", endpoint_id, url=row.url)
    return NewEndpoint(row, secret)


async def delete_endpoint(session: AsyncSession, actor: Actor, endpoint_id: UUID) -> None:
    """End an endpoint, with what waited for it.

    Raises:
        Forbidden, NotFound: as for `get_endpoint`.
    """
    require(actor, Permission.WEBHOOKS_ADMIN)
    url = (await session.execute(text(_DELETE), {"id": endpoint_id})).scalar()
    if url is None:
        raise NotFound(_NONE)
    await audit(session, actor, "webhook.deleted", "webhook", endpoint_id, url=url)


async def send_test(session: AsyncSession, actor: Actor, endpoint_id: UUID) -> UUID:
    """Send an event that means nothing; returns its delivery.

    Raises:
        Forbidden, NotFound: as for `get_endpoint`.
        Conflict: the endpoint is not active.
    """
    require(actor, Permission.WEBHOOKS_ADMIN)
    row = await _row(session, endpoint_id)
    if not row.is_active:
        raise Conflict("This endpoint is paused. Let it go on first.")
    event = uuid7()
    payload = payload_of(Happened.TEST, {"endpoint_id": endpoint_id})
    values = {"event": event, "type": Happened.TEST.value, "payload": payload, "endpoint": endpoint_id}
    delivery = UUID(str((await session.execute(text(_TEST), values)).scalar_one()))
    await audit(session, actor, "webhook.tested", "webhook", endpoint_id, url=row.url)
    after_commit(session, ring_deliveries)
    return delivery


async def replay_delivery(session: AsyncSession, actor: Actor, delivery_id: UUID) -> None:
    """Send once more what was delivered or given up, under the same `webhook-id`: a receiver that took it knows.

    Raises:
        Forbidden: the actor is no admin.
        NotFound: there is no such delivery, or it was forgotten.
        Conflict: it waits already.
    """
    require(actor, Permission.WEBHOOKS_ADMIN)
    endpoint = (await session.execute(text(_AGAIN), {"id": delivery_id})).scalar()
    if endpoint is None:
        if (await session.execute(text(_KNOWN), {"id": delivery_id})).scalar() is None:
            raise NotFound("There is no such delivery, or it was forgotten.")
        raise Conflict("This delivery waits for its next try already.")
    await audit(session, actor, "webhook.replayed", "webhook", endpoint, delivery=delivery_id)
    after_commit(session, ring_deliveries)


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


_NONE = "There is no such endpoint."


async def _row(session: AsyncSession, endpoint_id: UUID, *, is_held: bool = False) -> EndpointRow:
    if is_held:
        await session.execute(text(_HOLD), {"id": endpoint_id})
    found = (await session.execute(text(_ONE), {"id": endpoint_id})).mappings().first()
    if found is None:
        raise NotFound(_NONE)
    return EndpointRow(**found)


def _clean(given: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = dict(given)
    if "url" in given:
        cleaned["url"] = url = str(given["url"]).strip()
        if len(url) > MAX_URL:
            raise Invalid(f"url may have {MAX_URL} characters", field="url")
        cleaned["url"] = check_url(url, "url")
        check_port(cleaned["url"], "url")
    if "description" in given:
        cleaned["description"] = str(given["description"]).strip()[:MAX_DESCRIPTION]
    if "events" in given:
        unknown = sorted({str(one) for one in given["events"]} - {one.value for one in ASKED_FOR})
        if unknown:
            raise Unknown(f"There is no event {unknown[0][:40]!r}; there are {', '.join(ASKED_FOR)}.", field="events")
        cleaned["events"] = [one.value for one in ASKED_FOR if one in given["events"]]
        if not cleaned["events"]:
            raise Invalid("Choose at least one event.", field="events")
    return cleaned
