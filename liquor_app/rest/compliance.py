"""Routes: what may be sent, to whom and when."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.etag import check_unchanged, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Id
from liquor_app.compliance import rule_pack_editing
from liquor_app.compliance.rule_pack import RuleDraft
from liquor_app.compliance.service import RuleRow, list_rules
from liquor_app.core.db import Session, transaction
from liquor_app.organization.settings import ComplianceSettings, load_settings, save_settings
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.schemas.compliance import ComplianceOut, CompliancePatch, RuleEnd, RuleIn

router = APIRouter(prefix="/settings/compliance", tags=["settings"])


@router.get("", response_model=ComplianceOut)
@needs(Permission.LAW_READ)
async def get_compliance(response: Response, actor: CurrentActor) -> object:
    """What may be sent, to whom and when."""
    async with transaction() as session:
        settings = await load_settings(session, ComplianceSettings)
        rules = await list_rules(session, actor)
    tag(response, settings.model_dump_json())
    return {"settings": settings, "rules": rules}


@router.patch("", response_model=ComplianceOut)
@needs(Permission.SETTINGS_ADMIN)
async def update_compliance(request: Request, response: Response, actor: CurrentActor, body: CompliancePatch) -> object:
    """Change the store's own rules. Federal and state law stay as they are."""
    changes = body.model_dump(exclude_unset=True)
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session))
        settings = await save_settings(session, actor, ComplianceSettings, changes)
        rules = await list_rules(session, actor)
    tag(response, settings.model_dump_json())
    return {"settings": settings, "rules": rules}


@router.post("/rules", response_model=RuleRow, status_code=201)
@needs(Permission.SETTINGS_ADMIN)
async def add_rule(request: Request, actor: CurrentActor, body: RuleIn) -> Response:
    """A rule of law, cited, from its first day on; `replaces` ends an older one that day."""
    draft = RuleDraft(**body.model_dump(exclude={"replaces"}))
    return await once(
        request,
        key_owner(actor),
        RuleRow,
        lambda session: rule_pack_editing.add_rule(session, actor, draft, replaces=body.replaces),
    )


@router.post("/rules/{id}/end", response_model=RuleRow)
@needs(Permission.SETTINGS_ADMIN)
async def end_rule(actor: CurrentActor, rule_id: Id, body: RuleEnd) -> object:
    """Let a rule bind no more from a day on; it stays on record."""
    async with transaction() as session:
        return await rule_pack_editing.end_rule(session, actor, rule_id, body.on)


async def _version(session: Session) -> str:
    return (await load_settings(session, ComplianceSettings)).model_dump_json()
