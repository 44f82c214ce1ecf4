"""What the editor stands on: problems with their lines, versions, copies, who uses what, test messages."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.accounts.users import create_user
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.screens.templates.view import switch_words
from liquor_app.segments.default_segments import DEFAULT_SEGMENTS
from liquor_app.segments.service import ensure_default_segments
from liquor_app.templates import test_messages
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.diff import LONGEST, changes_between
from liquor_app.templates.lists import list_templates, list_versions
from liquor_app.templates.preview import preview_draft
from liquor_app.templates.rendering.render import Incomplete, TemplateSource
from liquor_app.templates.service import create_template, get_template, update_template
from liquor_app.templates.template_lint import Problem, find_problems
from liquor_app.templates.template_usage import template_uses
from liquor_app.templates.template_versions import duplicate_template, read_version, restore_version
from liquor_app.templates.test_messages import hand_over_trial, prepare_trial
from tests.factories import add_people, add_ready_campaign, open_shop, sms_source

MARKETER = Actor(ActorKind.USER, uuid7(), "Mara", Role.MANAGER)
HEAD = "<mjml><mj-body><mj-section><mj-column>\n"
FEET = "\n</mj-column></mj-section></mj-body></mjml>"


def letter(body: str, subject: str = "Hi") -> TemplateSource:
    return TemplateSource(Channel.EMAIL, subject, HEAD + body + FEET, None)


async def admin(session: AsyncSession, email: str = "dana@example.com") -> Actor:
    user = await create_user(session, SYSTEM, email=email, password=Hashed("never signed in with"), role=Role.ADMIN)
    return Actor(ActorKind.USER, user.id, "Dana", Role.ADMIN)


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        (letter("<mj-text>Hi</mj-text>\n<mj-text>{{ offer.text</mj-text>"), 3, ""),
        (letter("<mj-text>\n{% if offer.code %}\nx</mj-text>"), 3, "never closed with {% endif %}"),
        (letter("<mj-text>{% nope %}</mj-text>"), 2, "nope"),
        (letter("<mj-text>Hi</mj-txt>"), 2, "</mj-txt> stands here, but <mj-text> of line 2"),
        (letter("<mj-section>\n<mj-text>Hi</mj-text>"), 4, "<mj-section> of line 2"),
        (letter("<mj-text>Hi</mj-text>\n\n<mj-text>{{ offer.text | shout }}</mj-text>"), 4, "shout"),
        (letter("<mj-text>Hi</mj-text>", subject=""), 0, "needs a subject"),
    ],
)
def test_a_mistake_is_told_with_its_line(source: TemplateSource, line: int, words: str) -> None:
    first = find_problems(source)[0]
    assert (first.line, first.is_warning) == (line, False)
    assert words in first.message


def test_slips_of_the_pen_are_warnings() -> None:
    found = find_problems(letter("<mj-text>Hi</mj-text>\n<mj-text>{{ customer.frist_name }}</mj-text>"))
    assert found == [
        Problem(
            "body_html_template", 3,
            "There is no variable customer.frist_name. Did you mean customer.first_name?", is_warning=True,
        )
    ]  # fmt: skip
    for shipped in default_templates():
        assert find_problems(TemplateSource(shipped.channel, shipped.subject, shipped.html, shipped.text)) == []


def test_what_changed() -> None:
    old = "\n".join(f"line {number}" for number in range(50))
    new = old.replace("line 10", "Line ten").replace("line 40\n", "")
    kinds = [change.kind for change in changes_between(old, new)]
    assert (kinds.count("gone"), kinds.count("new"), kinds.count("gap")) == (2, 1, 1)
    assert changes_between(old, old) == []
    assert changes_between("", "a\nb")[0].text == "a"
    long = "\n".join(str(number) for number in range(LONGEST * 2))
    assert len(changes_between("", long)) == 401


async def test_an_old_version_comes_back_as_a_new_one(session: AsyncSession) -> None:
    await open_shop(session)
    first = (await list_templates(session, SYSTEM, ListQuery({"channel": "sms", "category": "loyalty"}))).items[0]
    await update_template(session, SYSTEM, first.id, {"body_text_template": "Second {{ offer.text }}"})
    with pytest.raises(Forbidden):
        await restore_version(session, MARKETER, first.id, 1)
    with pytest.raises(NotFound):
        await restore_version(session, SYSTEM, first.id, 9)
    with pytest.raises(Conflict, match="Version 2"):
        await restore_version(session, SYSTEM, first.id, 1, seen=1)
    back = await restore_version(session, SYSTEM, first.id, 1, seen=2)
    assert (back.version, back.body_text_template) == (3, first.body_text_template)
    assert [row.version for row in (await list_versions(session, MARKETER, first.id)).items] == [3, 2, 1]
    assert (await read_version(session, MARKETER, first.id, 2)).body_text_template == "Second {{ offer.text }}"
    with pytest.raises(Conflict, match="present"):
        await restore_version(session, SYSTEM, first.id, 1)


async def test_a_copy_changes_no_message(session: AsyncSession) -> None:
    await open_shop(session)
    row = (await list_templates(session, SYSTEM, ListQuery({"channel": "email"}))).items[0]
    with pytest.raises(Forbidden):
        await duplicate_template(session, MARKETER, row.id)
    names = [(await duplicate_template(session, SYSTEM, row.id)).name for _ in range(3)]
    assert names == [f"{row.name}, copy", f"{row.name}, copy 2", f"{row.name}, copy 3"]
    copies = [one for one in (await list_templates(session, SYSTEM)).items if one.name in names]
    assert not any(one.is_active for one in copies)
    assert (await template_uses(session, MARKETER, [row.id]))[row.id].is_current
    assert {one.body_html_template for one in copies} == {row.body_html_template}


async def test_segments_are_never_left_without_a_template(session: AsyncSession) -> None:
    await open_shop(session)
    await ensure_default_segments(session)
    asking = [one["name"] for one in DEFAULT_SEGMENTS if one["template_category"] == "win_back"]
    row = (await list_templates(session, SYSTEM, ListQuery({"channel": "email", "category": "win_back"}))).items[0]
    for change in ({"is_active": False}, {"category": "loyalty"}):
        with pytest.raises(Conflict, match=asking[0]) as refused:
            await update_template(session, SYSTEM, row.id, change)
        assert refused.value.field == "is_active"
    people = await add_people(session, 1)
    await add_ready_campaign(session, people, target_segments=[DEFAULT_SEGMENTS[0]["slug"]], name="Spring")
    use = (await template_uses(session, MARKETER, [row.id]))[row.id]
    assert set(asking) >= set(use.segments) > set()
    assert "activate another one first" in switch_words(use, is_active=True), "what would be refused is not promised"
    other = await create_template(
        session, SYSTEM, name="Another", channel="email", category="win_back", subject_template="Hi",
        body_html_template="<p>{{ offer.text }}</p>",
    )  # fmt: skip
    uses = await template_uses(session, MARKETER, [row.id, other.id])
    assert [uses[row.id].is_current, uses[other.id].is_current] == [False, True]
    assert f"are made of “{row.name}” from then on" in switch_words(uses[other.id], is_active=True)
    assert not (await update_template(session, SYSTEM, row.id, {"is_active": False})).is_active
    with pytest.raises(Conflict, match="last active"):
        await update_template(session, SYSTEM, other.id, {"is_active": False})


async def test_two_people_cannot_switch_off_both(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
        await ensure_default_segments(session)
        first = (await list_templates(session, SYSTEM, ListQuery({"channel": "sms", "category": "win_back"}))).items[0]
        await session.execute(text("UPDATE segments SET optimal_channels = '{sms}', template_category = 'win_back'"))
        second = await duplicate_template(session, SYSTEM, first.id)
        await update_template(session, SYSTEM, second.id, {"is_active": True})

    async def off(template: object) -> str:
        try:
            async with transaction() as session:
                await update_template(session, SYSTEM, template, {"is_active": False})  # type: ignore[arg-type]
                await asyncio.sleep(0.05)
        except Conflict:
            return "refused"
        return "off"

    assert sorted(await asyncio.gather(off(first.id), off(second.id))) == ["off", "refused"]


async def test_gaps_are_shown_and_named(session: AsyncSession) -> None:
    await open_shop(session)
    (person,) = await add_people(session, 1, name=None, city=None)
    body = "Hi {{ customer.first_name }} of {{ customer.city | default: 'here' }}"
    with pytest.raises(Incomplete):
        await preview_draft(session, SYSTEM, sms_source(body), customer_id=person)
    seen = await preview_draft(session, SYSTEM, sms_source(body), customer_id=person, show_gaps=True)
    assert seen.missing == ("customer.first_name",)
    assert "Hi [customer.first_name] of here" in seen.text


# test messages


async def test_a_test_goes_to_oneself_and_counts_nowhere(database: str) -> None:
    async with transaction() as session:
        await open_shop(session)
        dana = await admin(session)
        (person,) = await add_people(session, 1)
    async with transaction() as session:
        source = letter("<mj-text>{{ customer.name }}, {{ offer.text }}</mj-text>")
        prepared = await prepare_trial(session, dana, source, customer_id=person)
    result = await hand_over_trial(prepared)
    assert (result.is_accepted, result.recipient, result.provider) == (True, "dana@example.com", "sandbox")
    async with transaction() as session:
        kept = (await session.execute(text("SELECT recipient, subject, body_html, headers FROM outbox_messages"))).one()
        assert (kept.recipient, kept.subject) == ("dana@example.com", "[Test] Hi")
        assert "Marguerite Okafor" in kept.body_html
        assert kept.headers == {"X-Liquor-Test": "1"}
        for table in ("sends", "analytics_events", "daily_messages"):
            assert (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
        logged = await session.execute(text("SELECT changes FROM audit_log WHERE action = 'message.tested'"))
        assert logged.scalar_one()["provider"] == "sandbox"


async def test_a_test_never_goes_to_anybody_else(session: AsyncSession, monkeypatch: pytest.MonkeyPatch) -> None:
    await open_shop(session)
    dana = await admin(session)
    await add_people(session, 1)
    sms = TemplateSource(Channel.SMS, None, None, "Hi {{ customer.first_name }}")
    for actor in (MARKETER, SYSTEM):
        with pytest.raises(Forbidden):
            await prepare_trial(session, actor, sms, phone="+12075550199")
    for phone, words in (("", "your own"), ("(207) 555-0001", "a customer's number"), ("no", "number")):
        with pytest.raises(Invalid, match=words) as refused:
            await prepare_trial(session, dana, sms, phone=phone)
        assert refused.value.field == "phone"
    made = await prepare_trial(session, dana, sms, phone="(207) 555-0199")
    assert (made.message.recipient, made.is_sandbox) == ("+12075550199", True)
    assert made.message.text.startswith("[Test] Harbor & Vine")
    await suppress_address(session, "dana@example.com", reason=SuppressionReason.MANUAL)
    with pytest.raises(Conflict, match="suppressed"):
        await prepare_trial(session, dana, test_messages.GREETING[Channel.EMAIL])
    with pytest.raises(NotFound, match="pigeon"):
        await prepare_trial(session, dana, sms, phone="+12075550199", provider="pigeon")
    await session.execute(text("UPDATE channels SET is_enabled = false"))
    with pytest.raises(Conflict, match="No enabled provider"):
        await prepare_trial(session, dana, sms, phone="+12075550199")
    tried = await prepare_trial(session, dana, sms, phone="+12075550199", provider="sandbox")
    assert tried.route.provider == "sandbox", "a provider is tried before it is enabled"
    monkeypatch.setattr(test_messages, "TESTS_AN_HOUR", 3)
    with pytest.raises(TooMany):
        await prepare_trial(session, dana, sms, phone="+12075550199")


async def test_a_template_is_read_by_everybody(session: AsyncSession) -> None:
    await open_shop(session)
    viewer = Actor(ActorKind.USER, uuid7(), "Vi", Role.USER)
    row = (await list_templates(session, viewer)).items[0]
    assert (await get_template(session, viewer, row.id)).name == row.name
