"""Routes: tags and custom fields."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import JOB, Body, Id, Row, Started
from liquor_app.core.db import Session, transaction
from liquor_app.customers.labels import custom_fields, field_removal, tags
from liquor_app.customers.labels.custom_values import FieldKind
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.templates import custom_field_usage
from liquor_app.templates.custom_field_usage import FieldUse

router = APIRouter(tags=["customers"])
Key = Annotated[str, Path(max_length=40)]


class CustomFieldIn(Body):
    """A field that every customer has from then on; its kind stays."""

    label: Annotated[str, Field(min_length=1, max_length=40, examples=["Favorite grape"])]
    kind: FieldKind


class CustomFieldOut(Row):
    """`key` names it in templates and here, `name` in rules and in mappings of imports."""

    key: str
    label: str
    kind: FieldKind
    name: str


class CustomFieldUses(Row, FieldUse):
    """Who names a field, twenty of each at most."""


class LabelsIn(Body):
    """What is not mentioned stays. `tags` are all of a customer's tags; of `custom`, null takes a value out."""

    tags: Annotated[list[str], Field(max_length=50)] | None = None
    custom: dict[str, str | int | float | bool | None] = Field(default_factory=dict, max_length=40)


class LabelsOut(Row):
    tags: list[str]
    custom: dict[str, str]


@router.get("/custom-fields", response_model=list[CustomFieldOut])
@needs(Permission.CUSTOMERS_READ)
async def custom_field_list(actor: CurrentActor) -> Any:
    """The shop's own fields, by name; at most forty."""
    async with transaction() as session:
        return await custom_fields.list_custom_fields(session, actor)


@router.post("/custom-fields", response_model=CustomFieldOut, status_code=201)
@needs(Permission.CUSTOMERS_WRITE)
async def add_custom_field(request: Request, actor: CurrentActor, body: CustomFieldIn) -> Response:
    """Add a field."""
    return await once(
        request,
        key_owner(actor),
        CustomFieldOut,
        lambda session: custom_fields.add_custom_field(session, actor, body.label, body.kind),
        location="/api/v1/custom-fields",
    )


@router.get("/custom-fields/{key}", response_model=CustomFieldOut)
@needs(Permission.CUSTOMERS_READ)
async def one_custom_field(response: Response, actor: CurrentActor, key: Key) -> Any:
    """One field."""
    async with transaction() as session:
        row = await custom_fields.get_custom_field(session, actor, key)
    tag(response, content(row))
    return row


@router.get("/custom-fields/{key}/uses", response_model=CustomFieldUses)
@needs(Permission.CUSTOMERS_READ)
async def custom_field_uses(actor: CurrentActor, key: Key) -> Any:
    """Segments and templates that name a field: they find nothing there once it is removed."""
    async with transaction() as session:
        return await custom_field_usage.custom_field_uses(session, actor, key)


@router.delete("/custom-fields/{key}", response_model=Started, status_code=202)
@needs(Permission.CUSTOMERS_ADMIN)
async def remove_custom_field(request: Request, actor: CurrentActor, key: Key) -> Response:
    """Remove a field, and what stands in it for everybody; a job does it. Admins only."""
    async with transaction() as session:

        async def version() -> str:
            return content(await custom_fields.get_custom_field(session, actor, key))

        await check_unchanged(session, request, version)
        job_id = await field_removal.request_removal(session, actor, key)
    return JSONResponse({"job_id": str(job_id)}, 202, {"Location": JOB.format(job_id=job_id)})


@router.get("/customers/{id}/labels", response_model=LabelsOut)
@needs(Permission.CUSTOMERS_READ)
async def customer_labels(response: Response, actor: CurrentActor, customer_id: Id) -> Any:
    """One customer's tags and values of custom fields, by the fields' keys."""
    async with transaction() as session:
        labels = await _labels(session, actor, customer_id)
    tag(response, content(labels))
    return labels


async def _labels(session: Session, actor: Actor, customer_id: UUID) -> dict[str, Any]:
    values = await custom_fields.custom_values(session, actor, customer_id)
    return {"tags": await tags.tags_of(session, actor, customer_id), "custom": values}


@router.patch("/customers/{id}/labels", response_model=LabelsOut)
@needs(Permission.CUSTOMERS_WRITE)
async def change_labels(
    request: Request, response: Response, actor: CurrentActor, customer_id: Id, body: LabelsIn
) -> Any:
    """Change them."""
    async with transaction() as session:

        async def version() -> str:
            return content(await _labels(session, actor, customer_id))

        await check_unchanged(session, request, version)
        await custom_fields.set_custom_values(session, actor, customer_id, body.custom)
        if body.tags is not None:
            await tags.set_tags(session, actor, customer_id, body.tags)
        labels = await _labels(session, actor, customer_id)
    tag(response, content(labels))
    return labels
