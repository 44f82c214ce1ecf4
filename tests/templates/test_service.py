"""Templates in the database."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.models import Channel
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.lists import list_templates, list_versions
from liquor_app.templates.preview import preview_draft
from liquor_app.templates.rendering.render import Incomplete, TemplateSource
from liquor_app.templates.service import (
    create_template,
    ensure_default_templates,
    get_template,
    update_template,
)
from liquor_app.templates.template_catalog import load_catalog
from tests.factories import add_people, sms_source
from tests.people import ensure_shop

MARKETER = Actor(ActorKind.USER, uuid7(), "Mara", Role.MANAGER)
BODY = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"


async def test_versions(session: AsyncSession) -> None:
    """Defaults once; a change makes a version and puts it in use; an old editor cannot overwrite it."""
    assert await ensure_default_templates(session) == len(default_templates())
    assert await ensure_default_templates(session) == 0
    page = await list_templates(session, SYSTEM, ListQuery({"channel": "email"}, limit=2))
    assert (len(page.items), page.total) == (2, 5)
    rest = await list_templates(session, SYSTEM, ListQuery({"channel": "email"}, limit=5, cursor=page.next_cursor))
    assert len({row.id for row in [*page.items, *rest.items]}) == 5
    first = page.items[0]
    before = (await load_catalog(session))[Channel.EMAIL, first.category]
    changed = await update_template(session, SYSTEM, first.id, {"subject_template": "New"}, seen=1)
    after = (await load_catalog(session))[Channel.EMAIL, first.category]
    assert changed.version == 2
    assert after.version_id != before.version_id
    assert (before.source.subject, after.source.subject) == (first.subject_template, "New")
    assert [version.version for version in (await list_versions(session, SYSTEM, first.id)).items] == [2, 1]
    renamed = await update_template(session, SYSTEM, first.id, {"name": "Other"})
    assert renamed.version == 2, "a name is no content"
    with pytest.raises(Conflict, match="Version 2"):
        await update_template(session, SYSTEM, first.id, {"subject_template": "Mine"}, seen=1)
    with pytest.raises(Invalid, match="subject_template"):
        await update_template(session, SYSTEM, first.id, {"subject_template": "{{"})
    assert (await get_template(session, SYSTEM, first.id)).subject_template == "New"


async def test_creating(session: AsyncSession) -> None:
    """The newest template of a kind is the one in use; names are unique; only admins write."""
    await ensure_default_templates(session)
    made = await create_template(
        session, SYSTEM, name="Mine", channel="email", category="win_back", subject_template="Hi {{ customer.name }}",
        body_html_template=BODY.format("{{ offer.text }}"),
    )  # fmt: skip
    assert made.variables == ["customer.name", "offer.text"]
    assert (await load_catalog(session))[Channel.EMAIL, "win_back"].version_id == made.current_version_id
    await update_template(session, SYSTEM, made.id, {"is_active": False})
    assert (await load_catalog(session))[Channel.EMAIL, "win_back"].version_id != made.current_version_id
    with pytest.raises(Conflict, match="Mine"):
        await create_template(session, SYSTEM, name="Mine", channel="sms", category="loyalty", body_text_template="x")
    with pytest.raises(Invalid, match="category"):
        await create_template(session, SYSTEM, name="A", channel="sms", category="spam", body_text_template="x")
    with pytest.raises(Invalid, match="channel"):
        await create_template(session, SYSTEM, name="A", channel="fax", category="loyalty", body_text_template="x")
    with pytest.raises(Forbidden):
        await create_template(session, MARKETER, name="A", channel="sms", category="loyalty", body_text_template="x")
    with pytest.raises(NotFound):
        await update_template(session, SYSTEM, uuid7(), {"name": "B"})
    with pytest.raises(Invalid, match="version"):
        await update_template(session, SYSTEM, made.id, {"version": 9})


async def test_preview(session: AsyncSession) -> None:
    """With examples or as a customer would get it; what is missing is said."""
    await ensure_shop(session)
    shown = await preview_draft(session, SYSTEM, sms_source("Hi {{ customer.first_name }}!"))
    assert shown.text == "Harbor & Vine: Hi Marguerite! 21+. Reply STOP to end."
    assert (shown.segments, shown.encoding, shown.units) == (1, "GSM-7", len(shown.text))
    (nobody,) = await add_people(session, 1, name=None)
    with pytest.raises(Incomplete) as caught:
        await preview_draft(session, SYSTEM, sms_source("{{ customer.first_name }}"), customer_id=nobody)
    assert caught.value.missing == ["customer.first_name"]
    page = await preview_draft(
        session,
        SYSTEM,
        TemplateSource(Channel.EMAIL, "{{ offer.text }}", BODY.format("{{ customer.favourite }}"), None),
        customer_id=nobody,
    )
    assert page.subject == "10% off your favourites"
    assert "craft beer" in (page.html or "")
    assert not page.is_clipped
