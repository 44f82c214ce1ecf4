"""The way in: from the page to a consent that is the person's own, and out again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.liquor_app import PAGES
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import ComplianceSettings, save_settings
from liquor_app.providers.service import configure_channel
from liquor_app.screens.organization.sign_up.state import SignUpState
from liquor_app.screens.providers.carrier_kit.state import CarrierKitState
from liquor_app.sending.events.inbox import process_receipts
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.sign_up.confirm_sign_up import forget_sign_ups
from tests.api import test_webhooks
from tests.api.client import Client, is_problem
from tests.api.test_webhooks import text_us
from tests.factories import ALL_DAY, add_ready_campaign, open_shop
from tests.people import add_customer
from tests.providers.servers import API_KEY, DOMAIN, TWILIO_SID, House, standing
from tests.sign_ups import EMAIL, JOIN, PHONE, fill_in, open_sign_up, work
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration


@pytest.fixture
async def house(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Mailgun and Twilio, here; the page is open."""
    monkeypatch.setattr(test_webhooks, "TOKEN", API_KEY)
    house = House()
    async with standing(house) as base:
        async with transaction() as session:
            await open_shop(session)
            mailgun = {"domain": DOMAIN, "api_key": API_KEY, "base_url": base}
            await configure_channel(session, SYSTEM, Channel.EMAIL, "mailgun", config=mailgun)
            twilio = {"account_sid": TWILIO_SID, "auth_token": API_KEY, "base_url": base}
            await configure_channel(session, SYSTEM, Channel.SMS, "twilio", config=twilio)
        await open_sign_up()
        yield house


async def rows(sql: str, **values: Any) -> Sequence[Any]:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).all()


async def hear() -> None:
    async with transaction() as session:
        await process_receipts(session, SYSTEM)


def texts_to(house: House, phone: str) -> list[str]:
    return [house.mails[one].text for one in house.by_recipient.get(phone, [])]


def link_in(house: House, address: str) -> str:
    (one,) = house.by_recipient[address]
    (token,) = set(re.findall(r"/y/([\w.~-]+)", house.mails[one].text))
    return f"/y/{token}"


async def test_from_the_sign_up_to_the_first_text_to_remove_me(anybody: Client, house: House) -> None:
    """Shown by 4 of the plan: nothing is a consent before the phone says so; everything is kept that proves it; a
    message goes out; the person leaves in their own words."""
    noon = datetime.combine((now() - timedelta(days=1)).date(), time(12), ZoneInfo("America/New_York"))
    with travel(noon):
        page = await anybody.http.get(JOIN)
        for words in (
            "Harbor &amp; Vine",
            "up to 4 messages a month",
            "Message and data rates may apply",
            "Reply STOP to end",
            "HELP for help",
            "not a condition of any purchase",
            "https://shop.example.com/terms",
            "21 or older",
        ):
            assert words in page.text, words
        assert " checked" not in page.text
        answer = await fill_in(anybody.http, {**PHONE, "first_name": "Inés", "postal_code": "04101"})
        assert (answer.status_code, "One more step" in answer.text) == (200, True)
        assert await rows("SELECT 1 FROM customers") == [], "nobody yet"
        await work()
        (asked,) = texts_to(house, "+12072000042")
        assert asked == (
            "Harbor & Vine: reply YES to get recurring marketing texts, up to 4 messages a month. Msg & data rates may"
            " apply. HELP for help. 21+. Reply STOP to end."
        )
        assert (await text_us(anybody, "+12072000043", "Yes!")).text == "<Response/>", "nobody asked this number"
        welcome = await text_us(anybody, "+12072000042", "Yes!")
        assert "you are signed up for recurring marketing texts, up to 4 messages a month" in welcome.text
        await hear()
        (person,) = await rows(
            "SELECT id, name, postal_code, phone, email, sms_consent, email_consent, of_age_on, age_verified_at"
            " FROM customers"
        )
        assert tuple(person)[1:7] == ("Inés", "04101", "+12072000042", None, "given", None)
        assert (str(person.of_age_on), person.age_verified_at is not None) == ("2005-05-06", True)
        (proof,) = await rows("SELECT * FROM consents")
        assert (proof.status, proof.source, proof.wording_version) == ("given", "sign-up page", "harbor-vine 1")
        assert proof.ip == "127.0.0.1"
        assert "Consent is not a condition of any purchase" in proof.evidence["words"]
        assert (proof.evidence["reply"], proof.evidence["user_agent"]) == ("Yes!", "Phone/1")
        assert [row.address for row in await rows("SELECT address FROM replies")] == ["+12072000043"], "a task"
        (kept,) = await rows("SELECT * FROM sign_ups")
        assert (kept.status, kept.entry_encrypted) == ("confirmed", None), "what was typed is where it belongs"

        async with transaction() as session:
            # played, so that it is noon in Maine at whatever hour this runs: its own clock decides when a text may go
            campaign = await add_ready_campaign(
                session, [person.id], channel="sms", start=noon.date(), window=ALL_DAY, virtual_now=noon,
                is_playing=True,
            )  # fmt: skip
            await launch_campaign(session, SYSTEM, campaign)
        assert await Dispatcher().pump_once() == 1
        assert [row.status for row in await rows("SELECT status FROM sends")] == ["sent"]
        (first,) = await rows("SELECT recipient, body_text FROM outbox_messages WHERE channel = 'sms'")
        assert first.recipient == "+12072000042"
        assert first.body_text.startswith("Harbor & Vine")
        assert "10% off craft beer" in first.body_text

        await text_us(anybody, "+12072000042", "please remove me")
        await hear()
        assert [row.sms_consent for row in await rows("SELECT sms_consent FROM customers")] == ["withdrawn"]
        # the yes of last time is spent
        assert (await text_us(anybody, "+12072000042", "YES")).text == "<Response/>"
        await hear()
        assert [row.sms_consent for row in await rows("SELECT sms_consent FROM customers")] == ["withdrawn"]
        counts = "SELECT what, count FROM sign_up_days ORDER BY what"
        assert [tuple(row) for row in await rows(counts)] == [("sms_asked", 1), ("sms_confirmed", 1)]


async def test_both_channels_of_one_form_are_one_person_and_each_says_yes_itself(anybody: Client, house: House) -> None:
    await fill_in(anybody.http, {**EMAIL, **PHONE})
    await work()
    link = link_in(house, "ines@example.com")
    assert "Yes, sign me up</button>" in (await anybody.http.get(link)).text
    assert await rows("SELECT 1 FROM consents") == [], "a scanner that follows the link has agreed to nothing"
    assert "You are signed up" in (await anybody.http.post(link)).text
    assert [tuple(row) for row in await rows("SELECT email, phone, email_consent, sms_consent FROM customers")] == [
        ("ines@example.com", None, "given", None)
    ]
    await text_us(anybody, "+12072000042", "si")
    await hear()
    assert [tuple(row) for row in await rows("SELECT email, phone, email_consent, sms_consent FROM customers")] == [
        ("ines@example.com", "+12072000042", "given", "given")
    ]


async def test_what_we_know_of_somebody_is_not_overwritten(anybody: Client, house: House) -> None:
    """The form fills what is empty once the address has said yes; before, nothing at all is touched. Their own earlier
    no is lifted by it; nobody else's is."""
    async with transaction() as session:
        known = await add_customer(
            session, name="Ines Prior", email="ines@example.com", email_key="ines@example.com", postal_code=None,
            email_consent="withdrawn",
        )  # fmt: skip
        await suppress_address(
            session, "ines@example.com", reason=SuppressionReason.UNSUBSCRIBED, channel=Channel.EMAIL, source="x"
        )
        await session.execute(text("UPDATE suppressions SET created_at = now() - interval '40 days'"))
    before = await rows("SELECT to_jsonb(c) FROM customers c")
    await fill_in(anybody.http, {**EMAIL, "first_name": "Somebody", "postal_code": "04101"})
    await work()
    assert await rows("SELECT to_jsonb(c) FROM customers c") == before
    assert "Prior" not in (await anybody.http.get(link_in(house, "ines@example.com"))).text
    await anybody.http.post(link_in(house, "ines@example.com"))
    (row,) = await rows("SELECT id, name, postal_code, email_consent FROM customers")
    assert tuple(row) == (known, "Ines Prior", "04101", "given")
    assert await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL") == []


async def test_what_nobody_confirms_is_forgotten(anybody: Client, house: House) -> None:
    await fill_in(anybody.http, {**EMAIL, "first_name": "Ines"})
    await work()
    link = link_in(house, "ines@example.com")
    with travel(now() + timedelta(days=7, minutes=1)):
        assert "expired" in (await anybody.http.post(link)).text
        async with transaction() as session:
            assert await forget_sign_ups(session) == 1
    assert await rows("SELECT 1 FROM sign_ups") == []
    assert len(await rows("SELECT 1 FROM service_messages")) == 1, "so that a no is not asked again"
    with travel(now() + timedelta(days=31)):
        async with transaction() as session:
            await forget_sign_ups(session)
    assert await rows("SELECT 1 FROM service_messages") == []
    assert await rows("SELECT 1 FROM customers") == []


async def test_marketers_set_the_page_and_its_words_have_versions(
    anybody: Client, viewer: Client, manager: Client, house: House
) -> None:
    ((brand,),) = await rows("SELECT id FROM brands")
    path = f"/settings/sign-up/{brand}"
    is_problem(await viewer.get(path), 403, "forbidden")
    seen = (await manager.get(path)).json()
    assert (seen["is_open"], seen["wording"]["version"], seen["address"][-17:]) == (True, 1, "/join/harbor-vine")
    is_problem(await viewer.patch(path, json={"is_open": False}), 403, "forbidden")
    answer = await manager.patch(path, json={"headline": "First pour", "origins": ["https://Shop.example.com/"]})
    assert (answer.status_code, answer.json()["wording"]["version"]) == (200, 2)
    assert [one["version"] for one in answer.json()["versions"]] == [2, 1]
    page = await anybody.http.get(JOIN)
    assert "<h1>First pour</h1>" in page.text
    assert "frame-ancestors https://shop.example.com;" in page.headers["content-security-policy"]
    assert "script" not in page.text
    for wrong in (
        "javascript:alert(1)",
        "https://x.example/page",
        "https://a.example; script-src *",
        "http://a.example",
    ):
        is_problem(await manager.patch(path, json={"origins": [wrong]}), 422, "rule.value", "origins")
    is_problem(await manager.patch(path, json={"headline": " "}), 422, "rule.value", "headline")
    is_problem(await manager.patch(path, json={"terms_url": "javascript:x"}), 422, "rule.value", "terms_url")
    await manager.patch(path, json={"privacy_url": ""})
    assert "Mobile phone" not in (await anybody.http.get(JOIN)).text, "no number without what carriers want beside it"
    assert "privacy policy" in (await manager.get(path)).json()["no_texts"]
    code = await anybody.http.get(f"{JOIN}/code.svg")
    assert (code.headers["content-type"], "<path" in code.text) == ("image/svg+xml", True)
    sheet = await anybody.http.get(f"{JOIN}/sheet")
    assert "/join/harbor-vine</b>" in sheet.text
    await manager.patch(path, json={"is_open": False})
    assert (await anybody.http.get(JOIN)).status_code == 404
    assert (await anybody.http.post(JOIN, data=EMAIL)).status_code == 404


async def test_mistakes_stand_beside_their_fields(anybody: Client, house: House) -> None:
    answer = await fill_in(anybody.http, {
        "email": "ines", "want_email": "yes", "phone": "+1 416 555 0123", "want_phone": "yes", "born": "2001",
        "first_name": "<b>x", "postal_code": "9",
    })  # fmt: skip
    assert answer.status_code == 422
    for words in (
        "This is not an e-mail address.",
        "not a phone number of the United States",
        "full date of birth",
        "Letters only",
        "five digits",
    ):
        assert words in answer.text
    assert "value='&lt;b&gt;x'" in answer.text
    assert answer.text.count("aria-invalid=true") == 5
    answer = await fill_in(anybody.http, {"email": "ines@example.com", "born": "1984-05-06"})
    assert "Tick this if you agree" in answer.text
    assert "Give an e-mail address or a phone number" in (await fill_in(anybody.http, {"born": "1984-05-06"})).text
    assert await rows("SELECT 1 FROM service_messages") == []


async def test_the_page_where_marketers_set_it(anybody: Client, house: House) -> None:
    tab = Tab("/settings/sign-up", Actor(ActorKind.USER, None, "Dana", Role.MANAGER))
    state = await tab.state(SignUpState)
    await run(SignUpState.load, state)
    assert (state.is_open, state.no_texts, [one.name for one in state.versions]) == (True, "", ["Version 1"])
    assert f'action="{state.address}"' in state.form_code
    assert f'src="{state.address}"' in state.frame_code
    await run(SignUpState.type_in, state, "programme", "rare bottles")
    await run(SignUpState.type_in, state, "messages_a_month", "2")
    assert "rare bottles, up to 2 messages a month" in state.sms_box
    await run(SignUpState.type_in, state, "messages_a_month", "many")
    assert "1 to 30" in state.errors["messages_a_month"]
    await run(SignUpState.type_in, state, "messages_a_month", "2")
    assert "Save what you typed" in said(await run(SignUpState.switch_page, state, False))
    await run(SignUpState.save, state)
    assert (state.dirty, [one.name for one in state.versions]) == (False, ["Version 2", "Version 1"])
    await fill_in(anybody.http, {**EMAIL, **PHONE})
    await fill_in(anybody.http, {"email": "kim@example.com", "want_email": "yes", "born": f"{now().year - 3}-01-01"})
    await work()
    await anybody.http.post(link_in(house, "ines@example.com"))
    await run(SignUpState.load, state)
    assert (state.asked, state.confirmed, state.too_young) == ("2", "1 (50%)", "1")
    assert [(one.asked, one.confirmed, one.too_young) for one in state.days] == [("2", "1", "1")]
    await run(SignUpState.switch_page, state, False)
    assert not state.is_open
    tab.actor = Actor(ActorKind.USER, None, "Vi", Role.USER)
    mine = await tab.state(SignUpState)
    await run(SignUpState.load, mine)
    ((brand,),) = await rows("SELECT id FROM brands")
    mine.brand = str(brand)  # a page that did not open tells none: whoever is hostile says one
    assert "role" in said(await run(SignUpState.switch_page, mine, True))
    assert (await anybody.http.get(JOIN)).status_code == 404


async def test_the_registration_follows_what_is_set(
    anybody: Client, viewer: Client, manager: Client, house: House
) -> None:
    """Each answer of the kit, and each thing that is missing until somebody mends it, on the page and in the file."""
    ((brand,),) = await rows("SELECT id FROM brands")
    path = f"/settings/sign-up/{brand}/carrier-kit"
    is_problem(await viewer.get(path), 403, "forbidden")
    kit = (await manager.get(path)).json()
    fields = {one["key"]: one["value"] for one in (*kit["brand_fields"], *kit["campaign_fields"])}
    assert [name for name, value in fields.items() if not value] == []
    assert [one["words"].partition(" (")[0] for one in kit["missing"]] == [
        "The server has no public address on https yet"
    ], "a machine of a test is nowhere"
    samples = [value for name, value in fields.items() if name.startswith("sample_")]
    assert 1 <= len(samples) <= 5
    for sample in samples:
        assert sample.startswith("Harbor & Vine")
        assert sample.endswith("21+. Reply STOP to end.")
    shown = unescape((await anybody.http.get(JOIN)).text)
    words = re.search(r"Beside it stands: “(.+?)” Who", fields["opt_in_flow"])
    assert words
    assert re.sub(r"<[^>]+>", "", shown).count(words[1]) == 1, "to the letter as the page says it"
    await fill_in(anybody.http, PHONE)
    await work()
    assert fields["opt_in_message"] == texts_to(house, "+12072000042")[0]
    helped = await text_us(anybody, "+12072000042", "HELP")
    assert fields["help_message"] in unescape(helped.text)
    assert fields["welcome_message"] in unescape((await text_us(anybody, "+12072000042", "yes")).text)
    for name, part in (
        ("opt_in_flow", f"{JOIN}, which"),
        ("opt_in_flow", f"{JOIN}/sheet"),
        ("age_gating", "Are you 21 or older?"),
        ("description", "up to 4 messages a month"),
        ("opt_out_keywords", "UNSUBSCRIBE"),
        ("help_keywords", "HELP"),
        ("terms", "https://shop.example.com/terms"),
        ("privacy", "https://shop.example.com/privacy"),
        ("licence", "Maine"),
        ("address", "14 Wharf St"),
        ("screenshots", JOIN),
        ("privacy_line", "not sold or shared"),
        ("opt_out_message", "Harbor & Vine: you are unsubscribed"),
        ("opt_in_again_message", "Harbor & Vine: you get our texts again. Questions: "),
        ("help_message", "Harbor & Vine, 14 Wharf St, Portland, ME 04101. Questions: "),
        ("welcome_message", " Questions: "),
        ("answers_setup", "Advanced Opt-Out"),
        ("links", "/l/"),
        ("use_case", "Marketing"),
    ):
        assert part in fields[name], name
    file = await manager.get(f"{path}/file")
    assert "attachment" in file.headers["content-disposition"]
    for value in fields.values():
        assert value in file.text

    async with transaction() as session:
        await save_settings(session, SYSTEM, ComplianceSettings, {"minimum_age": 23})
        await session.execute(
            text("UPDATE brands SET licence_state = NULL, postal_address = '', website_url = '', sms_sender = NULL")
        )
        await session.execute(text("UPDATE message_templates SET is_active = false WHERE channel = 'sms'"))
        await session.execute(text("UPDATE channels SET is_enabled = false WHERE provider = 'twilio'"))
    await manager.patch(f"/settings/sign-up/{brand}", json={"is_open": False, "privacy_url": "", "terms_url": ""})
    tab = Tab("/settings/channels/carriers", Actor(ActorKind.USER, None, "Dana", Role.MANAGER))
    state = await tab.state(CarrierKitState)
    await run(CarrierKitState.load, state)
    pages = [route.route for route in PAGES]
    assert [(one.words.partition(" (")[0].partition(":")[0], one.page) for one in state.missing][:-1] == [
        ("The brand has no website", "/settings/brand"),
        ("The brand has no postal address", "/settings/brand"),
        ("Nobody has said which state gave the licence", "/settings/brand"),
        ("The brand has no SMS sender", "/settings/brand"),
        ("The sign-up page is shut", "/settings/sign-up"),
        ("There is no link to your terms", "/settings/sign-up"),
        ("There is no link to your privacy policy", "/settings/sign-up"),
        ("No template for texts is in use", "/templates"),
        ("No provider for texts is set up", "/settings/channels"),
    ]
    assert all(one.page in pages for one in state.missing if one.page)
    advice = {line.label for line in (*state.brand_answers, *state.campaign_answers) if line.is_advice}
    assert advice == {"Tax number (EIN)", "Where to enter these answers"}, "nothing of these is handed in, or copied"
    empty = {line.label for line in (*state.brand_answers, *state.campaign_answers) if not line.value}
    assert {"Website", "Address", "Alcohol licence", "Sample message 1", "Privacy policy"} <= empty
    assert "Are you 23 or older?" in " ".join(line.value for line in state.campaign_answers)
    tab.actor = Actor(ActorKind.USER, None, "Vi", Role.USER)
    assert "role" in said(await run(CarrierKitState.load, await tab.state(CarrierKitState)))
