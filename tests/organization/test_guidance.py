"""Guidance: what it forbids, its versions, and who may change it."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.organization.forbidden_claims import EXCESS, HEALTH, YOUTH
from liquor_app.organization.guidance import Guidance, get_guidance, load_guidance, save_guidance
from liquor_app.organization.lists import list_guidance
from liquor_app.screens.organization.guidance.state import changes_of, values_of
from liquor_app.segments.default_segments import DEFAULT_SEGMENTS
from liquor_app.segments.service import create_segment
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.lists import list_templates
from liquor_app.templates.rendering.text_part import html_to_text
from liquor_app.templates.service import create_template, update_template

MARKETER = Actor(ActorKind.USER, None, "Dana", Role.MANAGER)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("A glass a day is Healthy.", ["healthy"]),
        ("heart healthy wines", ["healthy", "heart-healthy"]),
        ("Get DRUNK tonight", ["drunk"]),
        ("Get dr\u200bunk tonight", ["drunk"]),
        ("Get ｄｒｕｎｋ tonight", ["drunk"]),
        ("Drúnk on savings", ["drunk"]),
        ("Binge-worthy reds", ["binge*"]),
        ("all\u00a0you can\u2011drink", ["all you can drink"]),
        ("Back-to-School sale", ["back to school"]),
        ("Students welcome", ["student*"]),
        ("Drunkard's Walk is a book", []),
        ("Old school cocktails, unhealthy prices, a kidney pie, sunkids", []),
        ("Must be 21 or older. Please enjoy responsibly.", []),
    ],
)
def test_whole_words_whatever_their_looks(words: str, found: list[str]) -> None:
    assert [claim.phrase for claim in Guidance().claims_in(words)] == found


def test_what_ships_says_nothing_the_guidance_forbids() -> None:
    guidance = Guidance()
    for template in default_templates():
        for part in (template.subject, html_to_text(template.html) if template.html else "", template.text):
            assert guidance.claims_in(part or "") == []
    for segment in DEFAULT_SEGMENTS:
        for offer in segment["recommended_offers"]:
            assert guidance.claims_in(offer["text"]) == []
            assert float(offer["discount_pct"]) <= guidance.max_discount_pct
    assert len({*HEALTH, *EXCESS, *YOUTH}) == len(HEALTH) + len(EXCESS) + len(YOUTH)


async def test_versions_are_only_added(session: AsyncSession) -> None:
    assert (await load_guidance(session)).version == 0
    with pytest.raises(Forbidden):
        await save_guidance(session, MARKETER, {"tone": "Loud."})
    first = await save_guidance(session, SYSTEM, {"tone": "Dry.", "max_discount_pct": "12.5"})
    assert (first.version, first.guidance.tone) == (1, "Dry.")
    assert (await save_guidance(session, SYSTEM, {"tone": "Dry."})).version == 1, "nothing changed"
    second = await save_guidance(session, SYSTEM, {"banned_other": ["  cheap ", "cheap", ""]}, seen=1)
    assert second.guidance.banned_other == ("cheap",)
    with pytest.raises(Conflict, match="saved meanwhile"):
        await save_guidance(session, SYSTEM, {"tone": "x"}, seen=1)
    assert (await get_guidance(session, MARKETER, 1)).guidance.banned_other == ()
    assert (await get_guidance(session, MARKETER, 0)).guidance == Guidance()
    with pytest.raises(NotFound):
        await get_guidance(session, MARKETER, 9)
    assert [row.version for row in (await list_guidance(session, MARKETER)).items] == [2, 1]
    logged = await session.execute(text("SELECT changes FROM audit_log WHERE action = 'guidance.changed'"))
    assert [row["version"] for row in logged.scalars()] == [1, 2]
    for wrong, field in (
        ({"max_discount_pct": 101}, "max_discount_pct"),
        ({"banned_other": ["***"]}, None),
        ({"banned_other": ["x" * 200]}, "banned_other"),
        ({"weekly_plan": "always"}, "weekly_plan"),
        ({"secret": 1}, "secret"),
    ):
        if field is None:
            assert (await save_guidance(session, SYSTEM, wrong)).guidance.banned_other == ()
            continue
        with pytest.raises(Invalid) as refused:
            await save_guidance(session, SYSTEM, wrong)
        assert refused.value.field == field


async def test_templates_and_playbooks_are_held_to_it(session: AsyncSession) -> None:
    offer = {"name": "Ten", "discount_pct": 10, "text": "{discount}% off, guilt-free"}
    with pytest.raises(Invalid, match="a health claim") as refused:
        await create_segment(session, SYSTEM, {"name": "x", "rules": {"all": []}, "recommended_offers": [offer]})
    assert refused.value.field == "recommended_offers[0].text"
    body = {"channel": "sms", "category": "loyalty", "body_text_template": "Spring break! {{ offer.text }}"}
    with pytest.raises(Invalid, match="an appeal to youth"):
        await create_template(session, SYSTEM, name="Loud", **body)
    made = await create_template(session, SYSTEM, name="Calm", **{**body, "body_text_template": "{{ offer.text }}"})
    with pytest.raises(Invalid, match="a call to excess"):
        await update_template(session, SYSTEM, made.id, {"body_text_template": "Chug it: {{ offer.text }}"})
    assert (await list_templates(session, SYSTEM)).total == 1


def test_the_form_and_the_document_say_the_same() -> None:
    guidance = Guidance(allowed_offers=("Ten off", "News"), admin_above_recipients=None)
    shown = values_of(guidance)
    assert (shown["allowed_offers"], shown["admin_above_recipients"]) == ("Ten off\nNews", "")
    again = Guidance.model_validate({**guidance.model_dump(mode="json"), **changes_of(shown)})
    assert again == guidance
    assert changes_of({"autopilot_max_recipients": "1,500"}) == {"autopilot_max_recipients": "1500"}
