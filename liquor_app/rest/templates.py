"""Routes: message templates."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor
from liquor_app.actions.latest_offer import latest_offer
from liquor_app.api.etag import check_unchanged, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Id
from liquor_app.core.db import Session, transaction
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.list_routes import list_routes, list_routes_of
from liquor_app.rest.schemas.templates import (
    PreviewIn,
    PreviewOut,
    TemplateIn,
    TemplatePatch,
    TestIn,
    TestOut,
    VersionDetailOut,
    VersionOut,
)
from liquor_app.templates import lists, service, test_messages
from liquor_app.templates import template_versions as versions
from liquor_app.templates.lists import TEMPLATES, VERSIONS
from liquor_app.templates.preview import preview_draft, preview_stored, source_of
from liquor_app.templates.rendering.compile_sandboxed import COMPILING
from liquor_app.templates.service import CONTENT, TemplateRow
from liquor_app.templates.template_lint import find_problems

router = APIRouter(prefix="/settings/templates", tags=["settings"])

Version = Annotated[int, Path(ge=1, le=2**31 - 1)]


list_routes(router, TEMPLATES, lists.list_templates, "Templates by name.")


@router.post("", response_model=TemplateRow, status_code=201)
@needs(Permission.TEMPLATES_ADMIN)
async def create_template(request: Request, actor: CurrentActor, body: TemplateIn) -> Response:
    """A new template; at once the one in use for its channel and category."""
    return await once(
        request,
        key_owner(actor),
        TemplateRow,
        lambda session: service.create_template(session, actor, **body.model_dump()),
    )


@router.get("/{id}", response_model=TemplateRow)
@needs(Permission.SETTINGS_READ)
async def get_template(response: Response, actor: CurrentActor, template_id: Id) -> object:
    """One template."""
    async with transaction() as session:
        row = await service.get_template(session, actor, template_id)
    tag(response, row.updated_at)
    return row


@router.patch("/{id}", response_model=TemplateRow)
@needs(Permission.TEMPLATES_ADMIN)
async def update_template(
    request: Request, response: Response, actor: CurrentActor, template_id: Id, body: TemplatePatch
) -> object:
    """Change a template; what was sent keeps the version it used."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, template_id))
        before = await service.get_template(session, actor, template_id)
        row = await service.update_template(
            session, actor, template_id, body.model_dump(exclude_unset=True), seen=before.version
        )
    tag(response, row.updated_at)
    return row


list_routes_of(
    router, VERSIONS, lists.list_versions, lists.versions_of, "A template's versions, newest first.",
    path="/{id}/versions", shape=VersionOut,
)  # fmt: skip


@router.get("/{id}/versions/{version}", response_model=VersionDetailOut)
@needs(Permission.SETTINGS_READ)
async def template_version(actor: CurrentActor, template_id: Id, version: Version) -> object:
    """One version with its content."""
    async with transaction() as session:
        return await versions.read_version(session, actor, template_id, version)


@router.post("/{id}/versions/{version}/restore", response_model=TemplateRow)
@needs(Permission.TEMPLATES_ADMIN)
async def restore_version(request: Request, actor: CurrentActor, template_id: Id, version: Version) -> Response:
    """Bring an old version's content back, as a new version."""
    return await once(
        request,
        key_owner(actor),
        TemplateRow,
        lambda session: versions.restore_version(session, actor, template_id, version),
        status=200,
    )


@router.post("/{id}/preview", response_model=PreviewOut)
@needs(Permission.SETTINGS_READ)
async def preview(actor: CurrentActor, template_id: Id, body: PreviewIn) -> object:
    """What the template looks like as it is stored; for admins, also with other content. Nothing is stored."""
    given = body.model_dump(include=set(CONTENT), exclude_unset=True)
    async with transaction() as session:
        source = source_of(await service.get_template(session, actor, template_id), given)
        offer = await latest_offer(session, actor, body.customer_id) if body.customer_id else None
        if given:
            seen = await preview_draft(
                session, actor, source, customer_id=body.customer_id, offer=offer, show_gaps=True
            )
        else:
            seen = await preview_stored(session, actor, template_id, customer_id=body.customer_id, offer=offer)
    problems = await COMPILING.run(find_problems, source)
    return asdict(seen) | {"problems": [asdict(problem) for problem in problems]}


@router.post("/{id}/test", response_model=TestOut)
@needs(Permission.TEMPLATES_ADMIN)
async def send_test(actor: CurrentActor, template_id: Id, body: TestIn) -> object:
    """Send the template to oneself, marked as a test; it counts nowhere."""
    async with transaction() as session:
        row = await service.get_template(session, actor, template_id)
        offer = await latest_offer(session, actor, body.customer_id) if body.customer_id else None
        prepared = await test_messages.prepare_trial(session, actor, source_of(row), offer=offer, **body.model_dump())
    return await test_messages.hand_over_trial(prepared)


async def _version(session: Session, actor: Actor, template_id: UUID) -> datetime:
    return (await service.get_template(session, actor, template_id)).updated_at
