"""The one form of ours that strangers fill in: what is typed there moves nobody but whoever says yes to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.clock import now, travel
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import sign
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.ages.age_verification import IN_DOUBT
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.organization.service import notify
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.rest.kit import form_origin
from liquor_app.sending.events.inbox import hear_texts
from liquor_app.sending.sign_up.confirm_sign_up import forget_sign_ups
from liquor_app.sending.sign_up.sign_up_pages import save_sign_up_page
from liquor_app.sending.sign_up.turned_away import DOUBTS_BY_THE_DOZEN, MOST_DOUBTED
from tests.api.client import Client
from tests.people import add_customer
from tests.sign_ups import EMAIL, JOIN, PHONE, fill_in, open_sign_up, token_in, work

pytestmark = pytest.mark.integration

INES = "ines@example.com"
NUMBER = "+12072000042"


@pytest.fixture
async def shop(anybody: Client) -> Client:
    await open_sign_up()
    return anybody


async def rows(sql: str, **values: Any) -> Sequence[Any]:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).all()


async def execute(sql: str) -> None:
    async with transaction() as session:
        await session.execute(text(sql))


async def link() -> str:
    """Of the latest confirmation in the sandbox."""
    await work()
    found = await rows(
        "SELECT body_text FROM outbox_messages WHERE channel = 'email' ORDER BY accepted_at DESC LIMIT 1"
    )
    return "/y/" + re.findall(r"/y/([\w.~-]+)", found[0].body_text)[0]


async def says(words: str, phone: str = NUMBER, at_least: timedelta = timedelta(0)) -> None:
    """A text comes in, as the inbox takes it."""
    event = WebhookEvent(EventKind.INBOUND, uuid7().hex, now() + at_least, None, recipient=phone, text=words)
    async with transaction() as session:
        await hear_texts(session, [("sandbox", event)])


async def test_links_that_are_forged_of_another_purpose_or_spent(shop: Client) -> None:
    await fill_in(shop.http, EMAIL)
    own = await link()
    ((sign_up,),) = await rows("SELECT id FROM sign_ups")
    forged = [
        own[:-2] + ("aa" if own[-2:] != "aa" else "bb"), "/y/x", "/y/" + sign("confirm", {"s": sign_up.hex}),
        "/y/" + sign("sign-up", {"s": uuid7().hex}), "/y/" + sign("sign-up", {"s": "1' OR '1'='1"}),
        "/y/" + sign("sign-up", {}),
    ]  # fmt: skip
    for one in forged:
        assert (await shop.http.post(one)).status_code in {400, 404, 422}, one
    for _ in range(3):
        assert "Yes, sign me up" in (await shop.http.get(own)).text, "a scanner looks"
        assert (await shop.http.head(own)).status_code in {200, 405}
    assert await rows("SELECT 1 FROM consents") == []
    assert (await shop.http.post(own)).status_code == 200
    async with transaction() as session:
        await session.execute(text("UPDATE customers SET email_consent = 'withdrawn'"))
        await suppress_address(
            session, INES, reason=SuppressionReason.UNSUBSCRIBED, channel=Channel.EMAIL, source="unsubscribe link"
        )
    assert (await shop.http.post(own)).status_code == 200
    assert [tuple(one) for one in await rows("SELECT email_consent FROM customers")] == [("withdrawn",)]
    assert len(await rows("SELECT 1 FROM consents")) == 1
    assert len(await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL")) == 1


async def test_a_no_between_the_form_and_the_yes_is_the_last_word(shop: Client) -> None:
    await fill_in(shop.http, {**EMAIL, **PHONE})
    own = await link()
    async with transaction() as session:
        await suppress_address(
            session, INES, reason=SuppressionReason.UNSUBSCRIBED, channel=Channel.EMAIL, source="unsubscribe link"
        )
    assert "expired" in (await shop.http.post(own)).text
    await says("stop")
    await says("yes")
    assert await rows("SELECT 1 FROM consents") == []
    assert [row.body for row in await rows("SELECT body FROM replies")] == ["yes"], "somebody reads it"


async def test_a_stop_of_somebody_who_often_says_it_counts_anew(shop: Client) -> None:
    """The list notes the last repetition and how many there were; the third STOP comes after the form."""
    for day in (50, 49):
        with travel(now() - timedelta(days=day)):
            await says("STOP")
    await execute("UPDATE suppressions SET created_at = now() - interval '50 days', repeated_at = created_at")
    await fill_in(shop.http, PHONE)
    await work()
    await says("STOP")
    await says("YES")
    assert await rows("SELECT 1 FROM consents") == []
    assert await rows("SELECT 1 FROM customers") == []
    ((again, ago),) = await rows("SELECT repeats, now() - repeated_at FROM suppressions")
    assert (again, ago < timedelta(minutes=1)) == (2, True)


async def test_a_yes_of_a_number_that_never_signed_up_makes_nothing(shop: Client) -> None:
    async with transaction() as session:
        person = await add_customer(session, phone=NUMBER, sms_consent=None)
    await says("YES")
    await fill_in(shop.http, PHONE)
    await says("YES")  # nothing was asked yet: the message has not gone out
    await work()
    await says("YES", "+12072000043")
    await says("YES", at_least=timedelta(hours=-1))
    await says("yes I know where your shop is")
    assert [tuple(row) for row in await rows("SELECT id, sms_consent FROM customers")] == [(person, None)]
    assert await rows("SELECT 1 FROM consents") == []
    await says("YES")
    told = {row.id: row.sms_consent for row in await rows("SELECT id, sms_consent FROM customers")}
    assert told.pop(person) is None, "a number that never said yes itself may be another's by now"
    assert list(told.values()) == ["given"]


async def test_a_shared_number_makes_nobody_elses_consent(shop: Client) -> None:
    async with transaction() as session:
        for _ in range(2):
            await add_customer(session, phone=NUMBER, sms_consent=None)
    await fill_in(shop.http, PHONE)
    await work()
    await says("YES")
    said = await rows("SELECT sms_consent FROM customers ORDER BY created_at, id")
    assert [row.sms_consent for row in said] == [None, None, "given"]


async def test_everybody_gets_the_same_answer_and_only_some_a_message(shop: Client) -> None:
    """No oracle: known, unknown, off by their own word, by a complaint, a minor on file, asked too often."""
    addresses = {name: f"{name}@example.com" for name in ("known", "left", "spam", "bounced", "minor", "new", "manual")}
    async with transaction() as session:
        for name in ("known", "left", "spam", "bounced", "manual"):
            await add_customer(session, email=addresses[name], email_key=addresses[name])
        await add_customer(
            session, email=addresses["minor"], email_key=addresses["minor"],
            date_of_birth=now().date() - timedelta(days=6000),
        )  # fmt: skip
        for name, reason in (
            ("left", SuppressionReason.UNSUBSCRIBED), ("spam", SuppressionReason.COMPLAINED),
            ("bounced", SuppressionReason.BOUNCED), ("manual", SuppressionReason.MANUAL),
        ):  # fmt: skip
            await suppress_address(session, addresses[name], reason=reason, channel=Channel.EMAIL, source="x")
    answers = set()
    for address in (*addresses.values(), addresses["new"]):
        answer = await fill_in(shop.http, {**EMAIL, "email": address})
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    await work()
    sent = await rows("SELECT recipient FROM outbox_messages ORDER BY recipient")
    assert [row.recipient for row in sent] == ["known@example.com", "left@example.com", "new@example.com"]
    with travel(now() + timedelta(days=1)):
        for name in ("left", "new"):
            await fill_in(shop.http, {**EMAIL, "email": addresses[name]})
    asked = "SELECT count(*) AS times FROM sign_ups WHERE address_hash = :hash"
    times = {name: (await rows(asked, hash=address_hash(one)))[0].times for name, one in addresses.items()}
    # who said no by themselves is asked once in a month
    assert times == {"known": 1, "left": 1, "spam": 0, "bounced": 0, "minor": 0, "new": 2, "manual": 0}


async def test_a_flood_ends_at_the_address_and_at_its_source(shop: Client) -> None:
    start = now()
    for day in range(6):
        with travel(start + timedelta(days=day)):
            await fill_in(shop.http, EMAIL)
    assert len(await rows("SELECT 1 FROM service_messages")) == 3, "three without a yes, then silence"
    statuses = []
    with travel(start - timedelta(seconds=30)):
        form = token_in(await shop.http.get(JOIN))
    for number in range(25):
        fields = {**EMAIL, "email": f"p{number}@example.com", "form": form}
        statuses.append((await shop.http.post(JOIN, data=fields)).status_code)
    assert statuses.count(429) >= 5
    assert len(await rows("SELECT 1 FROM sign_ups")) <= 3 + 20


async def test_who_is_too_young_leaves_nothing_but_a_count(shop: Client) -> None:
    today = now().date()
    answer = await fill_in(
        shop.http, {**EMAIL, **PHONE, "first_name": "Kim", "born": today.replace(year=today.year - 20).isoformat()}
    )
    assert (answer.status_code, "21 or older" in answer.text, "Kim" in answer.text) == (403, True, False)
    for table in ("sign_ups", "service_messages", "customers", "jobs", "consents"):
        assert await rows(f"SELECT 1 FROM {table}") == [], table
    assert [tuple(row) for row in await rows("SELECT what, count FROM sign_up_days")] == [("too_young", 1)]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://shop.test"},
    ],
)  # fmt: skip
async def test_another_sites_form_agrees_to_nothing(shop: Client, headers: dict[str, str]) -> None:
    """A shop's own web site may send an address here; the boxes are ticked on our page or not at all."""
    answer = await fill_in(shop.http, {**EMAIL, "first_name": "<script>x"}, **headers)
    assert "value='Ines@Example.com'" in answer.text
    assert "tick what you agree to" in answer.text
    assert " checked" not in answer.text
    assert "<script>" not in answer.text
    assert await rows("SELECT 1 FROM service_messages") == []


async def test_programs_are_shown_the_form_again(shop: Client) -> None:
    shown = token_in(await shop.http.get(JOIN))
    assert "very quick" in (await shop.http.post(JOIN, data={**EMAIL, "form": shown})).text
    trapped = await fill_in(shop.http, {**EMAIL, "website": "https://buy.example"})
    assert "One more step" in trapped.text
    for form in (
        "",
        "x",
        sign("sign-up form", {"s": "another", "v": 1, "t": 0}),
        sign("sign-up", {"s": "harbor-vine"}),
    ):
        answer = await shop.http.post(JOIN, data={**EMAIL, "form": form})
        assert "tick what you agree to" in answer.text
    with travel(now() - timedelta(hours=13)):
        old = token_in(await shop.http.get(JOIN))
    assert "tick what you agree to" in (await shop.http.post(JOIN, data={**EMAIL, "form": old})).text
    assert await rows("SELECT 1 FROM service_messages") == []
    page = await shop.http.get(JOIN)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/join/x'--", "/join/%00", "/join/" + "a" * 61, "/join/HARBOR-VINE"):
        assert (await shop.http.get(path)).status_code in {404, 422}, path


async def test_the_words_agreed_to_are_those_that_were_shown(shop: Client) -> None:
    """Somebody writes the page anew while a form is open: the consent names, and quotes, what its person read."""
    with travel(now() - timedelta(minutes=5)):
        form = token_in(await shop.http.get(JOIN))
    await open_sign_up(programme="everything we can think of", messages_a_month=30)
    await shop.http.post(JOIN, data={**EMAIL, "form": form})
    await shop.http.post(await link())
    ((version, words),) = await rows("SELECT wording_version, evidence ->> 'words' FROM consents")
    assert version == "harbor-vine 1"
    assert "up to 4 messages a month" in words


async def test_one_mailbox_is_one_whatever_its_tags_and_dots(shop: Client) -> None:
    """A stranger's mailbox is not flooded by spelling it anew, and who complained there is asked by no tag."""
    async with transaction() as session:
        await suppress_address(
            session, "left@m.example", reason=SuppressionReason.COMPLAINED, channel=Channel.EMAIL, source="x"
        )
    names = [f"a.da{'.' * (n % 2)}x+{n}@{'gmail' if n % 2 else 'googlemail'}.com" for n in range(8)]
    answers = set()
    for name in [*names, "left+again@m.example"]:
        answer = await fill_in(shop.http, {**EMAIL, "email": name})
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    assert len(await rows("SELECT 1 FROM service_messages")) == 4


async def test_numbers_typed_by_the_thousand_cost_a_hundred(shop: Client) -> None:
    """Whatever the number of sources: where hardly anybody says yes, nobody else is asked, and staff are told once."""
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO sign_ups (form_id, brand_id, channel, status, address_hash)"
                " SELECT uuidv7(), b.id, 'sms', CASE WHEN n <= 10 THEN 'confirmed' ELSE 'waiting' END,"
                " decode(lpad(to_hex(n), 64, '0'), 'hex') FROM brands b, generate_series(1, 99) n WHERE b.is_default"
            )
        )
    answers = {(await fill_in(shop.http, {**PHONE, "phone": f"207200004{n}"})).text for n in range(3)}
    assert len(answers) == 1
    assert len(await rows("SELECT 1 FROM service_messages WHERE channel = 'sms'")) == 1
    assert len(await rows("SELECT 1 FROM notifications WHERE title = 'Sign-ups are held back'")) == 1
    await fill_in(shop.http, EMAIL)
    assert len(await rows("SELECT 1 FROM service_messages WHERE channel = 'email'")) == 1, "mail goes on"
    await rows("UPDATE sign_ups SET status = 'confirmed' WHERE id IN (SELECT id FROM sign_ups WHERE channel = 'sms'"
               " AND status = 'waiting' LIMIT 20) RETURNING 1")  # fmt: skip
    await fill_in(shop.http, {**PHONE, "phone": "2072000049"})
    assert len(await rows("SELECT 1 FROM service_messages WHERE channel = 'sms'")) == 2


@pytest.mark.parametrize("phone", ["8882000042", "9002000042", "5002000042", "4162000042", "+442079460018", "911"])
async def test_no_text_goes_to_a_number_that_is_no_persons(shop: Client, phone: str) -> None:
    """Toll-free, premium, follow-me, abroad: owners of some are paid for what they are sent."""
    assert "not a phone number of the United States" in (await fill_in(shop.http, {**PHONE, "phone": phone})).text
    assert await rows("SELECT 1 FROM service_messages") == []


@pytest.mark.parametrize("name", ["evil.com", "Win at www.evil.com", "A.Bcd.efg", "http://x", "<b>x</b>", "{{7*7}}"])
async def test_no_name_is_an_address(shop: Client, name: str) -> None:
    answer = await fill_in(shop.http, {**EMAIL, "first_name": name})
    assert "Letters only" in answer.text
    assert await rows("SELECT 1 FROM sign_ups") == []


@pytest.mark.parametrize(
    ("licence", "words", "refused"),
    [
        ("MA", {"intro": "Sign up and get 20% off"}, "intro"), ("MA", {"headline": "Coup\u043ens for you"}, "headline"),
        ("ME", {"intro": "A free bottle when you join"}, "intro"),
        ("CT", {"programme": "half price days"}, "programme"),
        (None, {"intro": "Sign up and get 20% off"}, "licence_state"),
        ("MA", {"intro": "New arrivals and tastings"}, None), ("TX", {"intro": "Sign up and get 20% off"}, None),
    ],
)  # fmt: skip
async def test_no_page_promises_what_the_licence_may_not_offer(
    shop: Client, licence: str | None, words: dict[str, str], refused: str | None
) -> None:
    async with transaction() as session:
        await ensure_rule_pack(session)
        await session.execute(text("UPDATE brands SET licence_state = :state"), {"state": licence})
    field = None
    async with transaction() as session:
        try:
            await save_sign_up_page(session, SYSTEM, None, words)
        except (Invalid, Conflict) as told:
            field = told.field
    assert field == refused


async def test_too_young_then_retyped_as_an_adult_is_not_asked(shop: Client) -> None:
    """The attack: "too young", then another year. The address in any spelling, the number and the browser are silent
    for 30 days; everybody gets the page everybody gets, and nothing of the date is kept."""
    young = {"born": (now().date() - timedelta(days=19 * 365)).isoformat()}
    elsewhere = {"email": "other@example.com", "want_email": "yes", "born": "1984-05-06"}
    usual = await fill_in(shop.http, elsewhere)
    await work()
    shop.http.cookies.clear()
    refused = await fill_in(shop.http, {**EMAIL, **PHONE, **young})
    assert (refused.status_code, "Not yet" in refused.text) == (403, True)
    assert refused.text.count("1984") == 0
    browser = dict(shop.http.cookies)
    for name, fields in {
        "the mailbox in another spelling": {**EMAIL, "email": "ines+a@example.com"},
        "the number": PHONE,
        "the browser": {"email": "third@example.com", "want_email": "yes", "born": "1984-05-06"},
    }.items():
        shop.http.cookies.clear()
        if name == "the browser":
            shop.http.cookies.update(browser)
        again = await fill_in(shop.http, fields)
        assert (again.status_code, again.text) == (usual.status_code, usual.text), name
    shop.http.cookies.clear()
    await work()
    assert len(await rows("SELECT 1 FROM sign_ups")) == 1, "the one of somebody else"
    assert len(await rows("SELECT 1 FROM outbox_messages")) == 1
    kept = await rows("SELECT * FROM sign_up_refusals")
    assert {bytes(one.address_hash) for one in kept} == {address_hash(INES), address_hash(NUMBER)}
    assert set(kept[0]._fields) == {"address_hash", "refused_at"}
    for forged in ("x", sign("sign-up form", {"t": 1}), sign("sign_up_later", {"t": 1}), sign("sign_up_later", {})):
        shop.http.cookies.set("sign_up_later", forged)
        assert (await fill_in(shop.http, elsewhere)).status_code == 200
    shop.http.cookies.clear()
    await execute("UPDATE sign_up_refusals SET refused_at = now() - interval '31 days'")
    async with transaction() as session:
        await forget_sign_ups(session)
    assert await rows("SELECT 1 FROM sign_up_refusals") == []
    await fill_in(shop.http, PHONE)
    assert len(await rows("SELECT 1 FROM sign_ups WHERE channel = 'sms'")) == 1, "a month later it is asked"


@pytest.mark.parametrize(
    "refused",
    [
        {**EMAIL, **PHONE}, EMAIL, PHONE, {**EMAIL, "email": "i.nes@example.com"},
        {**EMAIL, "email": "ines+b@example.com"},
    ],
    ids=["both", "mailbox", "number", "another mailbox", "mailbox in another spelling"],
)  # fmt: skip
async def test_too_young_voids_the_form_that_still_waits(shop: Client, refused: dict[str, str]) -> None:
    """The attack: a form with an adult date waits, then the same person's own date is refused; the first form's link,
    and YES to its text, made a consent of age. One address of a form speaks for both."""
    await fill_in(shop.http, {**EMAIL, **PHONE, "email": "ines+a@example.com"})
    own = await link()
    young = {"born": (now().date() - timedelta(days=19 * 365)).isoformat()}
    assert (await fill_in(shop.http, {**refused, **young})).status_code == 403
    is_other = refused.get("email") == "i.nes@example.com"
    for answered in (await shop.http.get(own), await shop.http.post(own)):
        assert ("expired" in answered.text) is not is_other
    await says("YES")
    assert len(await rows("SELECT 1 FROM consents")) == (2 if is_other else 0)
    assert len(await rows("SELECT 1 FROM customers")) == (1 if is_other else 0)


async def test_who_is_of_age_on_file_and_too_young_on_the_page_is_held_until_somebody_settles_it(shop: Client) -> None:
    """Before: confirmed by an ID long ago, "born 19 years ago" on the page, and the next offer went out all the same.
    A shared number speaks for nobody, and whoever types customers' addresses by the dozen silences fifty of a day."""
    async with transaction() as session:
        ines = await add_customer(session, email=INES, email_key=INES)
        unknown = await add_customer(
            session, email="unknown@example.com", email_key="unknown@example.com", age_verified_at=None
        )
        for name in ("f0@example.com", "f1@example.com"):
            await add_customer(session, email=name, email_key=name, phone=NUMBER)
    young = {"born": (now().date() - timedelta(days=19 * 365)).isoformat()}
    for fields in ({**EMAIL, **PHONE, **young}, {**EMAIL, **young}, {**EMAIL, **young, "email": "unknown@example.com"}):
        assert (await fill_in(shop.http, fields)).status_code == 403
    held = await rows("SELECT id, age_verified_at FROM customers WHERE age_disputed_at IS NOT NULL ORDER BY id")
    assert [tuple(one) for one in held] == sorted([(ines, None), (unknown, None)]), "and neither of the family"
    assert await rows("SELECT 1 FROM age_ledger") == [], "no date of a minor's is kept"
    told = await rows("SELECT link FROM notifications WHERE title = :title ORDER BY id", title=IN_DOUBT)
    assert [one.link for one in told] == [f"/customers/{ines}", f"/customers/{unknown}"]
    async with transaction() as session:
        for _ in range(MOST_DOUBTED - 2):
            await notify(session, title=IN_DOUBT, body="")
    for _ in range(2):
        assert (await fill_in(shop.http, {**EMAIL, **young, "email": "f1@example.com"})).status_code == 403
    assert len(await rows("SELECT 1 FROM customers WHERE age_disputed_at IS NOT NULL")) == 2
    assert len(await rows("SELECT 1 FROM notifications WHERE title = :title", title=DOUBTS_BY_THE_DOZEN)) == 1


OLD = """
SELECT c.sms_consent, c.name, c.postal_code, (SELECT count(*) FROM consents WHERE customer_id = c.id) AS said
  FROM customers c WHERE c.id = :id
"""


@pytest.mark.parametrize("known", ["withdrew", "long ago", "never texted", "confirmed", "both typed"])
async def test_a_number_that_may_have_changed_hands_makes_somebody_new(shop: Client, known: str) -> None:
    """The attack without an attacker: a carrier gives a number to somebody else, who signs up with it."""
    consent = {"withdrew": "withdrawn", "never texted": None, "both typed": None}.get(known, "given")
    async with transaction() as session:
        old = await add_customer(session, phone=NUMBER, email=INES, email_key=INES, name=None, sms_consent=consent)
    days = 20 if known == "confirmed" else 500
    if known != "never texted":
        await execute(
            "INSERT INTO consents (customer_id, channel, status, source, at)"
            f" SELECT id, 'sms', 'given', 'sign-up page', now() - interval '{days} days' FROM customers"
        )
    fields = {**PHONE, "first_name": "Mia", "postal_code": "04101"}
    if known == "both typed":
        fields |= EMAIL
    await fill_in(shop.http, fields)
    await work()
    (before,) = await rows(OLD, id=old)
    assert before.name is None, "what a stranger types fills nothing before the address says yes"
    await says("YES")
    (after,) = await rows(OLD, id=old)
    joins = known in {"confirmed", "both typed"}
    assert len(await rows("SELECT 1 FROM customers")) == (1 if joins else 2)
    if joins:
        assert (after.sms_consent, after.name) == ("given", "Mia")
        return
    assert after == before, "nothing of it is the old profile's"
    ((new,),) = await rows("SELECT id FROM customers WHERE name = 'Mia' AND phone = :phone", phone=NUMBER)
    await work()
    pairs = await rows("SELECT first_id, second_id, reasons FROM likely_doubles")
    assert [({one.first_id, one.second_id}, one.reasons) for one in pairs] == [({old, new}, ["phone"])]


@pytest.mark.parametrize(
    ("public", "host", "origin", "is_ours"),
    [
        ("https://shop.example", "shop.example", "https://shop.example", True),
        ("https://shop.example", "shop.example", "HTTPS://SHOP.EXAMPLE", True),
        # somebody else's name that leads to this machine: Host and Origin agree, and are not ours
        ("https://shop.example", "evil.example", "https://evil.example", False),
        ("https://shop.example", "shop.example", "http://shop.example", False),
        ("https://shop.example", "shop.example", "https://shop.example.evil.example", False),
        ("https://shop.example", "shop.example", "null", False),
        ("", "shop.test", "http://shop.test", True),
        ("", "shop.test", "https://evil.example", False),
        ("", "shop.test", "http://[bad", False),
        ("", "[bad", "http://[bad", False),
        ("https://shop.example", "shop.example", "http://[bad", False),
    ],
)
def test_a_form_is_ours_by_the_address_that_was_configured(
    monkeypatch: pytest.MonkeyPatch, public: str, host: str, origin: str, is_ours: bool
) -> None:
    monkeypatch.setattr(form_origin, "get_settings", lambda: SimpleNamespace(public_url=public))
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    assert form_origin.is_own_form(Request({"type": "http", "headers": headers})) is is_ours
