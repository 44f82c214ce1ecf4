"""Routes: what may be sent, to whom and when."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from liquor_app.accounts.deps import CurrentActor
from liquor_app.api.etag import check_match, tag
from liquor_app.compliance.schemas import ComplianceOut, CompliancePatch
from liquor_app.compliance.service import list_rules
from liquor_app.core.db import transaction
from liquor_app.organization.settings import ComplianceSettings, load_settings, save_settings

router = APIRouter(prefix="/settings/compliance", tags=["settings"])


@router.get("", response_model=ComplianceOut)
async def get_compliance(response: Response, actor: CurrentActor) -> object:
    """What may be sent, to whom and when."""
    async with transaction() as session:
        settings = await load_settings(session, ComplianceSettings)
        rules = await list_rules(session, actor)
    tag(response, settings.model_dump_json())
    return {"settings": settings, "rules": rules}


@router.patch("", response_model=ComplianceOut)
async def update_compliance(request: Request, response: Response, actor: CurrentActor, body: CompliancePatch) -> object:
    """Change the store's own rules. Federal and state law stay as they are."""
    changes = body.model_dump(exclude_unset=True)
    async with transaction() as session:
        before = await load_settings(session, ComplianceSettings)
        check_match(request, before.model_dump_json())
        settings = await save_settings(session, actor, ComplianceSettings, changes)
        rules = await list_rules(session, actor)
    tag(response, settings.model_dump_json())
    return {"settings": settings, "rules": rules}
