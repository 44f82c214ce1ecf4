"""A text that is asked for has to say something: what nobody sees is no reason, name or proof."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.actions.offering.cell_rules import RuleEffect, add_rule
from liquor_app.campaigns.service import create_campaign
from liquor_app.core.errors import Invalid
from liquor_app.core.storable_text import said
from liquor_app.segments.service import create_segment
from liquor_app.templates.service import update_template
from tests.kept_rows import shipped_templates
from tests.people import ensure_shop

ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
UNSEEN = [
    "",
    " ",
    "\u200b",
    "\u2060\ufeff",
    "\u3164",
    "\u2800\u00a0",
    "\u202e\u200d",
    "\u0301",
    "\U000e0041",
    "\u00ad \t",
]


@pytest.mark.parametrize("words", UNSEEN)
def test_what_nobody_sees_says_nothing(words: str) -> None:
    assert said(words) == ""


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (" As promised ", "As promised"),
        ("é", "é"),
        ("e\u0301", "e\u0301"),
        ("山", "山"),
        ("🍷", "🍷"),
        ("–", "–"),
        ("0", "0"),
    ],
)
def test_what_is_seen_is_kept(words: str, kept: str) -> None:
    assert said(words) == kept


@pytest.mark.integration
@pytest.mark.parametrize("words", ["\u200b\u2060", "\u3164", "\u2800"])
async def test_no_service_takes_it(session: AsyncSession, words: str) -> None:
    """A rule's reason of invisible letters stood with every message it decided."""
    await ensure_shop(session)
    await shipped_templates(session)
    await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    template = await session.scalar(text("SELECT id FROM message_templates LIMIT 1"))
    cell: dict[str, Any] = {"segment": "all", "offer": "Favourite category", "channel": "email"}
    for call, field in (
        (lambda: add_rule(session, ADMIN, effect=RuleEffect.PIN, reason=words, **cell), "reason"),
        (lambda: create_campaign(session, ADMIN, name=words, target_segments=["all"]), "name"),
        (lambda: create_segment(session, ADMIN, {"name": words, "rules": {"all": []}}), "name"),
        (lambda: update_template(session, ADMIN, template, {"name": words}), "name"),
        (lambda: create_api_key(session, ADMIN, name=words, role=Role.USER), "name"),
    ):
        with pytest.raises(Invalid) as refused:
            await call()
        assert refused.value.field == field
