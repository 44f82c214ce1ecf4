"""Routes: a person's rights. Everything about them, erasure, objection."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Body, Id, Row, Started
from liquor_app.core.db import transaction
from liquor_app.customers.erasing.erased_keys import ErasureRow
from liquor_app.customers.erasing.models import Ground
from liquor_app.customers.objections import record_objection
from liquor_app.privacy.anonymised_file import request_anonymised
from liquor_app.privacy.erase import ErasureAsked, get_erasure, request_erasure
from liquor_app.privacy.export_person import request_person_export
from liquor_app.privacy.mentions import MentionRow, find_mentions
from liquor_app.rest.kit.authentication import CurrentActor, key_owner

router = APIRouter(prefix="/customers", tags=["customers"])
copies = APIRouter(tags=["customers"])


class ErasureIn(Body):
    """Why, and that it is meant: it cannot be taken back."""

    ground: Ground
    confirm: bool = Field(examples=[True])
    in_templates: bool = False
    """Take their name out of templates, too (`GET /customers/{id}/erasure/mentions`)."""


class ErasureAskedOut(Row, ErasureAsked):
    """An erasure under way; the job scrubs what is kept."""


class ErasureOut(Row, ErasureRow):
    """An erasure; `told` counts rows by table once it is done."""


class MentionsOut(Row):
    items: list[MentionRow]


class ObjectionIn(Body):
    objects: bool


class ObjectionOut(Row):
    """Since when they object to being profiled; null if they do not."""

    profiling_objected_at: datetime | None


@router.post("/{id}/personal-data", response_model=Started, status_code=202)
@needs(Permission.CUSTOMERS_PRIVATE)
async def request_personal_data(request: Request, actor: CurrentActor, customer_id: Id) -> Response:
    """Everything about one person as a ZIP of JSON and CSV, with every profile merged into theirs. A job writes it;
    `GET /jobs/{id}/file` tells where it is fetched."""

    async def work(session: Any) -> dict[str, Any]:
        return {"job_id": await request_person_export(session, actor, customer_id)}

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@copies.post("/anonymised-copies", response_model=Started, status_code=202)
@needs(Permission.CUSTOMERS_ADMIN)
async def request_anonymised_copy(request: Request, actor: CurrentActor) -> Response:
    """A copy of customers, purchases and messages for analysis that tells of nobody, as a ZIP of CSV files. A job
    writes it; `GET /jobs/{id}/file` tells where it is fetched. Admins only."""

    async def work(session: Any) -> dict[str, Any]:
        return {"job_id": await request_anonymised(session, actor)}

    return await once(request, key_owner(actor), Started, work, status=202, location=JOB)


@router.post("/{id}/erasure", response_model=ErasureAskedOut, status_code=202)
@needs(Permission.CUSTOMERS_ADMIN)
async def erase_customer(request: Request, actor: CurrentActor, customer_id: Id, body: ErasureIn) -> Response:
    """Erase a person: nothing more goes to them from now on, and a job scrubs what is kept. It cannot be taken back.
    Admins only."""
    return await once(
        request,
        key_owner(actor),
        ErasureAskedOut,
        lambda session: request_erasure(
            session, actor, customer_id, ground=body.ground, confirmed=body.confirm, in_templates=body.in_templates
        ),
        status=202,
        location=JOB,
    )


@router.get("/{id}/erasure", response_model=ErasureOut)
@needs(Permission.CUSTOMERS_ADMIN)
async def customer_erasure(actor: CurrentActor, customer_id: Id) -> Any:
    """How far the erasure of a person is. Admins only."""
    async with transaction() as session:
        return await get_erasure(session, actor, customer_id)


@router.get("/{id}/erasure/mentions", response_model=MentionsOut)
@needs(Permission.CUSTOMERS_ADMIN)
async def customer_mentions(actor: CurrentActor, customer_id: Id) -> Any:
    """Where the shop's own words name somebody that an erasure leaves by itself: templates, which it takes their name
    out of if told so, and brands, products and addresses of webhooks, which are changed by hand; then, not
    `is_certain`, names and files that have one unusual word of their name and may mean them. Admins only."""
    async with transaction() as session:
        return {"items": await find_mentions(session, actor, customer_id)}


@router.put("/{id}/objection", response_model=ObjectionOut)
@needs(Permission.CUSTOMERS_WRITE)
async def record_customer_objection(actor: CurrentActor, customer_id: Id, body: ObjectionIn) -> Any:
    """Record that somebody objects to being profiled (GDPR art. 21), or does no more: no scores, no plan."""
    async with transaction() as session:
        return {"profiling_objected_at": await record_objection(session, actor, customer_id, objects=body.objects)}
