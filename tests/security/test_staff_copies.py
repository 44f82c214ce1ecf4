"""Nobody of the staff can act as a customer by what they are shown: no link, no picture, no code, no confirmation."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.config import PROJECT_ROOT, get_settings
from liquor_app.core.db import transaction
from liquor_app.core.listing.spec import ListQuery
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import PreferenceSettings, save_settings
from liquor_app.screens.organization.brand.state import BrandState
from liquor_app.screens.sending.outbox.state import OutboxState
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.sending.lists import list_outbox
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.recipients.double_opt_in import confirm_link
from liquor_app.sending.recipients.transactional import Kind, hand_over_errand, prepare_errand, request_errand
from liquor_app.sending.recipients.unsubscribe import message_token
from liquor_app.sending.tracking.links import CLICK_PATH, OPEN_PATH, Tracker, link_of
from liquor_app.templates.staff_copy import inert_headers, inert_html, inert_text, mask_code
from tests.api.client import Client, is_problem
from tests.factories import add_people, add_played_campaign
from tests.tabs import Tab, run

LINK = re.compile(r"https?://[^\s\"'<>)]+")


async def rows(sql: str, **values: Any) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).all()


class Sent:
    """Messages of one person, and everything in them that acts for that person."""

    def __init__(self, ids: dict[str, UUID], secrets: set[str], links: set[str]) -> None:
        self.ids, self.secrets, self.links = ids, secrets, links


async def send_everything() -> Sent:
    """An e-mail and a text of a campaign with codes, and the message that confirms a consent; all in the sandbox."""
    async with transaction() as session:
        (person,) = await add_people(session, 1)
        for channel in Channel:
            campaign = await add_played_campaign(session, [person], channel=channel.value)
            await session.execute(text("UPDATE actions SET offer = offer || ', see https://harbor.example/deals?a=1'"))
            await launch_campaign(session, SYSTEM, campaign)
        await save_settings(session, SYSTEM, PreferenceSettings, {"double_opt_in": "on"})
        errand = await request_errand(session, SYSTEM, person, Channel.EMAIL, Kind.CONFIRM)
    await Dispatcher().pump_once()
    async with transaction() as session:
        prepared = await prepare_errand(session, SYSTEM, errand.id)
    assert prepared is not None
    await hand_over_errand(prepared)
    kept = await rows("SELECT send_id, body_html, body_text, headers, subject FROM outbox_messages")
    assert len(kept) == 3
    whole = json.dumps([[str(cell) for cell in row] for row in kept])
    base = get_settings().base_url
    links = {link.rstrip(".,\\") for link in LINK.findall(whole) if link.startswith(base)}
    secrets = {link.removeprefix(base)[3:].removesuffix(".gif") for link in links}
    secrets |= {code for (code,) in await rows("SELECT code FROM coupons WHERE action_id IS NOT NULL")}
    assert len({link.removeprefix(base)[:3] for link in links}) >= 6, "every kind of page of a recipient is among them"
    sends = await rows("SELECT id, action_id FROM sends")
    ids = {
        "customer": person,
        "campaign": campaign,
        "send": sends[0].id,
        "send2": sends[1].id,
        "action": sends[0].action_id,
    }
    return Sent(ids, secrets, links)


def leaks(sent: Sent, told: str) -> list[str]:
    return [secret for secret in sent.secrets if secret in told]


async def acts() -> list[Any]:
    """Whatever a customer's own hand leaves behind."""
    return [
        *(await rows("SELECT opened_at, clicked_at, unsubscribed_at FROM sends ORDER BY id")),
        *(await rows("SELECT count(*) FROM suppressions")),
        *(await rows("SELECT count(*) FROM consents")),
        *(await rows("SELECT count(*) FROM analytics_events WHERE event_type IN ('email_open', 'link_click')")),
    ]


@pytest.mark.usefixtures("templates")
async def test_no_answer_of_the_api_lets_a_viewer_act_as_the_customer(viewer: Client, admin: Client) -> None:
    """Every GET there is, with every id there is, as a viewer and as an admin: no token and no code in any of them."""
    sent = await send_everything()
    spec = (await viewer.get("/openapi.json")).json()
    paths = [path for path, verbs in spec["paths"].items() if "get" in verbs]
    assert "/api/v1/sends/{id}" in paths
    asked = answered = 0
    for client in (viewer, admin):
        for path in paths:
            for one in sent.ids.values() if "{" in path else [uuid4()]:
                answer = await client.get(re.sub(r"\{[^}]+\}", str(one), path))
                asked, answered = asked + 1, answered + answer.is_success
                assert leaks(sent, answer.text) == [], f"{path} tells what acts for its recipient"
    assert answered > 40, (asked, answered)


@pytest.mark.usefixtures("templates")
async def test_following_everything_a_viewer_is_shown_changes_nothing(viewer: Client, anybody: Client) -> None:
    """The page and the API, as text: every address in them is opened and posted to, as the recipient's browser would.
    Before: reading the outbox counted as the customer's open, and its links unsubscribed them."""
    sent = await send_everything()
    before = await acts()
    shown = []
    tab = Tab("/outbox", SYSTEM)
    page = await tab.state(OutboxState)
    await run(OutboxState.load, page)
    for line in page.rows:
        await run(OutboxState.open, page, line.id)
        shown.append(str(page.reading))
    shown += [str(page.rows)]
    for send in ("send", "send2"):
        detail = (await viewer.get(f"/sends/{sent.ids[send]}")).json()
        assert detail["body_text"], "what it says can still be read"
        shown.append(json.dumps(detail))
    told = " ".join(shown)
    assert "10% off craft beer" in told
    assert "https://harbor.example/deals?a=1" in told, "where a link leads is told"
    assert leaks(sent, told) == []
    assert OPEN_PATH + "/" not in told
    for link in set(LINK.findall(told)):
        if link.startswith(get_settings().base_url):
            for verb in ("GET", "POST"):
                await anybody.http.request(verb, link.removeprefix(get_settings().base_url))
    assert await acts() == before
    # the very same links do act when they are whole, else this proves nothing
    for link in sent.links:
        await anybody.http.request("GET", link.removeprefix(get_settings().base_url))
    assert await acts() != before


@pytest.mark.usefixtures("templates")
async def test_a_code_cannot_be_found_by_looking_for_it(viewer: Client) -> None:
    """A subject may hold the code: the list masks it, and looking for its letters one by one finds nothing."""
    await send_everything()
    ((code,), *_) = await rows(
        "UPDATE outbox_messages o SET subject = 'Your code ' || c.code FROM sends s JOIN coupons c"
        " ON c.action_id = s.action_id WHERE s.id = o.send_id AND o.channel = 'email' RETURNING c.code"
    )
    async with transaction() as session:
        for search in (code, code[:4], code.lower()):
            assert (await list_outbox(session, SYSTEM, ListQuery(search=search))).items == []
        (row,) = (await list_outbox(session, SYSTEM, ListQuery(search="your code"))).items
    assert code not in str(row)


async def test_the_link_that_confirms_a_consent_is_in_no_answer(manager: Client) -> None:
    """A manager signs somebody up, and cannot confirm it for them."""
    async with transaction() as session:
        await save_settings(session, SYSTEM, PreferenceSettings, {"double_opt_in": "on"})
        (person,) = await add_people(session, 1, email_consent=None)
    body = {"channel": "email", "status": "given", "source": "Web form"}
    made = await manager.post(f"/customers/{person}/consents", json=body)
    assert made.json() == {"status": "pending", "confirmation": made.json()["confirmation"]}
    asked = await manager.post(f"/customers/{person}/messages", json={"kind": "confirm", "channel": "email"})
    listed = await manager.get(f"/customers/{person}/messages")
    for answer in (made, asked, listed):
        assert "/k/" not in answer.text


SEND = UUID("0193a1b2-0000-7000-8000-000000000001")
TOKEN = message_token


@pytest.mark.parametrize(
    "wrapped",
    [
        '<a href="{0}">go</a>',
        "<a href='{0}'>go</a>",
        "<A HREF={0}>go</A>",
        '<a class="x"\n  href = "{0}" id=y>go</a>',
        '<area href="{0}">',
        '<form action="{0}"><button formaction="{0}">',
        "<td background={0}>",
        "<div style=\"background:url('{0}')\">",
        "<p>{0}</p>",
        "<!-- {0} -->",
        '<img alt="" src="{0}">',
        "<svg><a xlink:href='{0}'>x</a></svg>",
    ],
)
async def test_no_way_of_writing_a_link_gets_through(database: str, wrapped: str) -> None:
    """Links that confirm an address carry its hash, whose key lies in the database."""
    base, tracker = get_settings().base_url, Tracker(SEND, clicks=True, opens=True)
    link = link_of("link-1", "https://harbor.example/")
    assert link is not None
    for address in (
        f"{base}/u/{TOKEN(SEND)}",
        f"https://old-name.example/shop/u/{TOKEN(SEND)}".replace("/shop", ""),
        confirm_link(SYSTEM, SEND, Channel.EMAIL, "a@m.example"),
        tracker.click(link),
        tracker.pixel(),
    ):
        secret = re.sub(r"^https?://[^/]+/./", "", address)
        copy = inert_html(wrapped.format(address))
        assert copy is not None
        assert secret.removesuffix(".gif") not in copy
        assert f"{CLICK_PATH}/" not in copy
        assert "href" not in copy.lower()


@pytest.mark.parametrize("hide", ["&#47;", "&#x2f;", "%2F", "&sol;"])
def test_a_link_that_is_hidden_hides_the_whole_part(hide: str) -> None:
    """Written in entities or percent signs it is a link to a mail program; then nothing is shown."""
    address = f"{get_settings().base_url}/u/{TOKEN(SEND)}"
    head, tail = address.split("://")
    assert inert_html(f"<p>{head}://{tail.replace('/', hide)}</p>") is None


def test_texts_headers_and_codes() -> None:
    base = get_settings().base_url
    assert inert_text(f"Stop: {base}/u/{TOKEN(SEND)}") == f"Stop: {base}/u/…"
    assert inert_text(f"See {base}/l/2b3c4d5f6g7h now") == f"See {base}/l/… now"
    assert inert_text("See https://harbor.example/c/wine now") == "See https://harbor.example/c/wine now"
    header = {"List-Unsubscribe": f"<{base}/u/{TOKEN(SEND)}>", "X-Kept": "yes"}
    assert inert_headers(header) == {"List-Unsubscribe": f"<{base}/u/…>", "X-Kept": "yes"}
    assert mask_code("Code KV7Q-2MRT, or kv7q-2mrt.", "KV7Q-2MRT") == "Code KV…, or KV…."
    assert mask_code("AKV7Q-2MRT", "KV7Q-2MRT") == "AKV7Q-2MRT"


@pytest.mark.usefixtures("templates")
async def test_no_preview_of_a_copied_message_acts_for_its_recipient(admin: Client, anybody: Client) -> None:
    """A design copied from a message that was sent carries its links and its picture. Every place that draws a body,
    the stored template and the typed one, the brand's page, the API and the test to oneself, shows none of them: all
    that is shown is opened, and nothing of the customer's has changed. It cannot be stored: all would act as one."""
    sent = await send_everything()
    before = await acts()
    async with transaction() as session:
        owner = await session.execute(text("SELECT id FROM users WHERE role = 'admin' LIMIT 1"))
        dana = Actor(ActorKind.USER, owner.scalar_one(), "Dana", Role.ADMIN)
    pasted = " ".join(f'<a href="{link}">x</a><img src="{link}">{link}' for link in sorted(sent.links))
    design = {
        "subject_template": f"Hi {min(sent.links)}",
        "body_html_template": "<mjml><mj-body><mj-section><mj-column><mj-text>"
        f"{pasted}</mj-text></mj-column></mj-section></mj-body></mjml>",
        "body_text_template": " ".join(sorted(sent.links)),
    }
    short = " ".join(sorted(sent.links, key=len)[:3])
    other = "https://wine.example/p/2b3c4d5f6g7h"  # a page of a shop's own, whatever it looks like
    listed = (await admin.get("/settings/templates")).json()["items"]
    ids = {row["channel"]: row["id"] for row in listed}
    for name, value in design.items():
        refused = await admin.patch(f"/settings/templates/{ids['email']}", json={name: value})
        is_problem(refused, 422, "rule.value", name)
    await execute_plain(  # stored before that was refused
        "UPDATE message_templates SET body_html_template = CASE channel WHEN 'email' THEN :html END,"
        " subject_template = CASE channel WHEN 'email' THEN :subject END,"
        " body_text_template = CASE channel WHEN 'email' THEN :words ELSE :short END",
        html=design["body_html_template"],
        subject=design["subject_template"],
        words=f"{design['body_text_template']} {other}",
        short=short,
    )
    shown: list[str] = []
    for channel, template in ids.items():
        words = design if channel == "email" else {"body_text_template": short}
        for body in ({}, words, {"customer_id": str(sent.ids["customer"])}):
            answer = await admin.post(f"/settings/templates/{template}/preview", json=body)
            assert answer.status_code == 200, answer.text
            shown.append(answer.text)
        tab = Tab(f"/templates/{template}", dana)
        editor = await tab.state(EditorState)
        await run(EditorState.load, editor)
        assert editor.seen.text
        shown.append(str(editor.seen))
    brand = await Tab("/settings/brand", dana).state(BrandState)
    await run(BrandState.load, brand)
    assert "Unsubscribe" in brand.html
    shown += [brand.html, brand.text, brand.subject]
    tested = await admin.post(f"/settings/templates/{ids['email']}/test", json={})
    assert tested.status_code == 200, tested.text
    mine = await rows("SELECT subject, body_html, body_text FROM outbox_messages ORDER BY accepted_at DESC LIMIT 1")
    assert "[Test]" in mine[0].subject
    shown.append(str(mine))
    told = " ".join(shown)
    assert leaks(sent, told) == []
    assert other in told
    assert OPEN_PATH + "/" not in told.replace("/o/…", "")
    for link in set(LINK.findall(told.replace("\\n", " "))):
        if link.startswith(get_settings().base_url):
            for verb in ("GET", "POST"):
                await anybody.http.request(verb, link.removeprefix(get_settings().base_url))
    assert await acts() == before
    # whoever draws a body is one of these
    drawn = {str(path.relative_to(PROJECT_ROOT)) for path in (PROJECT_ROOT / "liquor_app/screens").rglob("*.py")
             if re.search(r"\b(email_preview|sms_preview|src_doc|render_source)\b", path.read_text())}  # fmt: skip
    assert drawn == {
        "liquor_app/screens/sending/outbox/page.py", "liquor_app/screens/templates/editor/page.py",
        "liquor_app/screens/organization/brand/page.py", "liquor_app/screens/gallery/marks_panel.py",
    }, "a new place that shows a body belongs into this test"  # fmt: skip


async def execute_plain(sql: str, **values: Any) -> None:
    async with transaction() as session:
        await session.execute(text(sql), values)
