"""SPF, DKIM and DMARC against a DNS of the test's own: each rule, what strangers publish, a DNS that is silent."""

from __future__ import annotations

import asyncio
import base64
from functools import partial
from typing import Any

import dns.message
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, get_job
from liquor_app.organization.models import Channel
from liquor_app.planning.approval.autopilot import plan_ready
from liquor_app.planning.service import make_plan
from liquor_app.providers.channel_admin import save_form, switch_provider
from liquor_app.providers.sender_check import dns_lookups
from liquor_app.providers.sender_check.check_domain import Sender, check_sender, sender_of
from liquor_app.providers.sender_check.dmarc import Record, policy_of, policy_record, walk_tree
from liquor_app.providers.sender_check.dns_lookups import (
    FAILED,
    MOST_QUESTIONS,
    Answer,
    Questions,
    Said,
    ask_system,
    bounded,
)
from liquor_app.providers.sender_check.findings import Finding, Topic, Verdict, worst
from liquor_app.providers.sender_check.sender_checks import failing_sender, list_senders, request_check, tell_keys
from liquor_app.providers.sender_check.tasks import check_senders
from liquor_app.screens.campaigns.detail.outlook_state import OutlookState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.providers.channels.senders_state import SendersState
from liquor_app.segments.service import create_segment, refresh_segments
from tests.factories import approve_seen
from tests.people import add_campaign, add_customer, ensure_shop
from tests.tabs import Tab, run

MARKETER = Actor(ActorKind.USER, uuid7(), "Mara", Role.MANAGER)
ADMIN = Actor(ActorKind.USER, uuid7(), "Dana", Role.ADMIN)

DER, SPKI = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
# a modulus of the right length is all a length check sees; making real keys takes seconds
KEYS = {
    bits: base64.b64encode(
        rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) | 1).public_key().public_bytes(DER, SPKI)
    ).decode()
    for bits in (768, 1024, 2048)
}
GOOD_KEY = f"v=DKIM1; k=rsa; p={KEYS[2048]}"
POLICY = "v=DMARC1; p=none; rua=mailto:d@shop.example"


class Zone:
    """A DNS of the test's own: records by name and kind; what is not there does not exist, `broken` does not answer."""

    def __init__(self, records: dict[str, list[str]], broken: tuple[str, ...] = ()) -> None:
        self.records = {tuple(key.split()): values for key, values in records.items()}
        self.broken, self.asked = broken, list[tuple[str, str]]()

    async def __call__(self, name: str, kind: str) -> Answer:
        self.asked.append((name, kind))
        if name in self.broken:
            return FAILED
        if (found := self.records.get((name, kind))) is not None:
            return bounded(tuple(found))
        return Answer(Said.ABSENT, exists=any(key[0] == name for key in self.records))


def fine(**changes: list[str] | None) -> dict[str, list[str]]:
    """A shop that does everything right, its own server sending; a change of None takes a record away."""
    records: dict[str, list[str]] = {
        "shop.example A": ["192.0.2.1"],
        "shop.example TXT": ["google-site-verification=1", "v=spf1 ip4:192.0.2.0/24 -all"],
        "k9._domainkey.shop.example TXT": [GOOD_KEY],
        "_dmarc.shop.example TXT": [POLICY],
    }
    named = {"spf": "shop.example TXT", "dkim": "k9._domainkey.shop.example TXT", "dmarc": "_dmarc.shop.example TXT"}
    for name, values in changes.items():
        if values is None:
            del records[named[name]]
        else:
            records[named[name]] = values
    return records


def own(domain: str = "shop.example", **changes: object) -> Sender:
    made = sender_of(domain, "smtp", "", ["k9"], "")
    return Sender(**{**{name: getattr(made, name) for name in made.__dataclass_fields__}, **changes})  # type: ignore[arg-type]


async def judged(
    records: dict[str, list[str]], sender: Sender | None = None, broken: tuple[str, ...] = ()
) -> list[Finding]:
    return await check_sender(sender or own(), Zone(records, broken))


def of(findings: list[Finding], topic: Topic) -> list[Finding]:
    return [one for one in findings if one.topic is topic]


async def test_a_domain_that_does_everything_right_is_good() -> None:
    findings = await judged(fine())
    assert worst(findings) is Verdict.GOOD
    assert {one.topic for one in findings} == set(Topic)
    assert of(findings, Topic.ALIGNMENT)[0].words == "DKIM and SPF agrees with shop.example in From."


async def test_without_a_provider_no_record_is_proposed_that_lets_nobody_in() -> None:
    (alone,) = of(await judged(fine(spf=None), own(includes="")), Topic.SPF)
    assert (alone.verdict, alone.record) == (Verdict.WRONG, "")
    assert "Your provider says what it has to hold" in alone.words
    (carried,) = of(await judged(fine(spf=None), own(includes="mailgun.org")), Topic.SPF)
    assert carried.record == "v=spf1 include:mailgun.org ~all"


INCLUDES = {f"i{n}.example TXT": ["v=spf1 ip4:192.0.2.1 -all"] for n in range(12)}


@pytest.mark.parametrize(
    ("texts", "more", "says"),
    [
        ([], {}, "no SPF record"),
        (["v=spf10 -all"], {}, "no SPF record"),
        (["v=spf1 -all", "V=SPF1 ~all"], {}, "has 2 SPF records"),
        (["v=spf1 +all"], {}, "lets anybody send"),
        (["v=spf1 all"], {}, "lets anybody send"),
        (["v=spf1 ip4:1.2.3 -all"], {}, "cannot read: “ip4:1.2.3”"),
        (["v=spf1 ip6:192.0.2.1 -all"], {}, "cannot read: “ip6:192.0.2.1”"),
        (["v=spf1 include: -all"], {}, "cannot read"),
        (["v=spf1 exclude:a.example -all"], {}, "cannot read"),
        (["v=spf1 include:none.example -all"], {}, "has no SPF record: receivers take it for broken"),
        (["v=spf1 redirect=none.example"], {}, "redirect:none.example, which has no SPF record"),
        (["v=spf1 include:a.example -all"], {"a.example TXT": ["v=spf1 -all", "v=spf1 ~all"]}, "several SPF records"),
        (["v=spf1 include:shop.example -all"], {}, "leads back to itself"),
        (["v=spf1 include:a.example -all"], {"a.example TXT": ["v=spf1 include:b.example -all"],
                                             "b.example TXT": ["v=spf1 redirect=A.example"]}, "leads back to itself"),
        ([f"v=spf1 {' '.join(f'include:i{n}.example' for n in range(11))} -all"], INCLUDES, "more than 10 times"),
        (["v=spf1 a:x.example a:y.example exists:z.example -all"], {}, "more than 2 hosts that do not exist"),
        (["v=spf1 mx -all"], {"shop.example MX": [f"m{n}.example" for n in range(11)]}, "more than 10 mail servers"),
        (["v=spf1 include:bücher.example -all"], {}, "letters that are not ASCII"),
        ([f"v=spf1 include:{'a' * 64}.example -all"], {}, "no name of a host"),
    ],
)  # fmt: skip
async def test_spf_that_receivers_refuse(texts: list[str], more: dict[str, list[str]], says: str) -> None:
    findings = of(await judged({**fine(spf=texts), **more}), Topic.SPF)
    assert [one.verdict for one in findings] == [Verdict.WRONG], findings
    assert says in findings[0].words
    assert "550 5.7.26" in findings[0].why
    assert "550 5.7.515" in findings[0].why
    if record := findings[0].record:  # what we say to publish is itself right
        again = of(await judged({**fine(spf=[record]), **more}), Topic.SPF)
        assert record.startswith("v=spf1 ")
        assert record.endswith(" ~all")
        assert not any(one.verdict is Verdict.WRONG for one in again)


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        ([f"v=spf1 {' '.join(f'include:i{n}.example' for n in range(10))} -all"], Verdict.GOOD),
        (["v=spf1 a:x.example a:y.example -all"], Verdict.GOOD),
        (["v=spf1 ip4:192.0.2.1 ?all"], Verdict.BETTER),
        (["v=spf1 ip4:192.0.2.1"], Verdict.BETTER),
        (["v=spf1 ptr -all"], Verdict.BETTER),
        (["v=spf1 redirect=i1.example"], Verdict.GOOD),
        (["v=spf1 -all redirect=none.example"], Verdict.GOOD),
        (["v=spf1 -all include:none.example"], Verdict.GOOD),
        (["v=spf1 exists:%{i}.x.example -all"], Verdict.UNKNOWN),
        (["v=SPF1 IP4:192.0.2.1 unknown=thing -ALL"], Verdict.GOOD),
        (["v=spf1 a/24 mx:x.example/24 -all"], Verdict.GOOD),
    ],
)
async def test_spf_within_the_limits(texts: list[str], verdict: Verdict) -> None:
    assert worst(of(await judged({**fine(spf=texts), **INCLUDES}), Topic.SPF)) is verdict


async def test_spf_has_to_let_the_provider_in() -> None:
    mailgun = sender_of("shop.example", "mailgun", "mg.shop.example", ["k9"], "")
    records = {**fine(), "mg.shop.example TXT": ["v=spf1 ip4:192.0.2.1 ~all"], "mailgun.org TXT": ["v=spf1 ~all"],
               "k9._domainkey.mg.shop.example TXT": [GOOD_KEY]}  # fmt: skip
    (finding,) = of(await judged(records, mailgun), Topic.SPF)
    assert finding.record == "v=spf1 ip4:192.0.2.1 include:mailgun.org ~all"
    assert finding.name == "mg.shop.example"
    records["mg.shop.example TXT"] = [finding.record]
    assert worst(await judged(records, mailgun)) is Verdict.GOOD
    # an include nobody could read may hold it: not known, never wrong
    records["mg.shop.example TXT"] = ["v=spf1 include:far.example ~all"]
    assert of(await judged(records, mailgun, ("far.example",)), Topic.SPF)[0].verdict is Verdict.UNKNOWN


ED25519 = base64.b64encode(
    ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
).decode()


@pytest.mark.parametrize(
    ("texts", "verdict", "says"),
    [
        ([f"v=DKIM1; p={KEYS[1024]}"], Verdict.BETTER, "1024 bits"),
        ([f"p={KEYS[2048]}"], Verdict.GOOD, "2048 bits"),
        ([f"v=DKIM1; p={KEYS[2048][:40]} {KEYS[2048][40:]}"], Verdict.GOOD, "2048 bits"),
        ([f"v=DKIM1; t=y; p={KEYS[2048]}"], Verdict.BETTER, "t=y"),
        ([f"v=DKIM1; k=ed25519; p={ED25519}"], Verdict.BETTER, "Ed25519"),
        ([f"v=DKIM1; p={KEYS[768]}"], Verdict.WRONG, "768 bits"),
        (["v=DKIM1; p="], Verdict.WRONG, "revoked"),
        (["v=DKIM1; k=rsa"], Verdict.WRONG, "no DKIM key"),
        (["v=DKIM2; p=abcd"], Verdict.WRONG, "no DKIM key"),
        ([f"v=DKIM1; p={KEYS[2048][:-9]}"], Verdict.WRONG, "cut or mistyped"),
        (["v=DKIM1; p=nö"], Verdict.WRONG, "cut or mistyped"),
        ([f"v=DKIM1; h=sha1; p={KEYS[2048]}"], Verdict.WRONG, "SHA-256"),
        ([f"v=DKIM1; s=tlsrpt; p={KEYS[2048]}"], Verdict.WRONG, "not for e-mail"),
        (["v=DKIM1; k=ed25519; p=YQ=="], Verdict.WRONG, "no Ed25519 key"),
        (["v=DKIM1; k=dsa; p=YQ=="], Verdict.WRONG, "nobody knows"),
        ([f"p={KEYS[2048]}; p={KEYS[2048]}"], Verdict.WRONG, "no DKIM key"),
        ([GOOD_KEY, GOOD_KEY], Verdict.WRONG, "2 records"),
    ],
)
async def test_dkim_keys(texts: list[str], verdict: Verdict, says: str) -> None:
    (finding,) = of(await judged(fine(dkim=texts)), Topic.DKIM)
    assert finding.verdict is verdict
    assert says in finding.words


async def test_a_key_nobody_named_is_not_known_and_one_that_was_named_is_missing() -> None:
    (missing,) = of(await judged(fine(dkim=None)), Topic.DKIM)
    assert missing.verdict is Verdict.WRONG
    assert missing.name == "k9._domainkey.shop.example"
    for provider in ("postmark", "smtp", "sendgrid", "mailgun", ""):
        untold = sender_of("shop.example", provider, "", [], "")
        (finding,) = of(await judged(fine(), untold), Topic.DKIM)
        assert finding.verdict is Verdict.UNKNOWN
        assert "selector" in finding.words
    usual = sender_of("shop.example", "sendgrid", "", [], "")
    found = of(await judged({**fine(), "s2._domainkey.shop.example TXT": [GOOD_KEY]}, usual), Topic.DKIM)
    assert [one.verdict for one in found] == [Verdict.GOOD]


# DMARC


async def tree(records: dict[str, list[str]], name: str) -> tuple[str, str | None, list[str]]:
    zone = Zone({f"_dmarc.{key} TXT": value for key, value in records.items()})
    walk = await walk_tree(Questions(zone), name)
    record = policy_record(walk)
    return walk.organization, record.domain if record else None, [asked for asked, _ in zone.asked]


NONE, SUFFIX, END = ["v=DMARC1; p=none"], ["v=DMARC1; p=reject; psd=y"], ["v=DMARC1; p=none; psd=n"]


@pytest.mark.parametrize(
    ("records", "name", "organization", "policy"),
    [
        ({"shop.example": NONE}, "shop.example", "shop.example", "shop.example"),
        ({"shop.example": NONE}, "mail.eu.shop.example", "shop.example", "shop.example"),
        ({"shop.example": NONE, "eu.shop.example": NONE}, "mail.eu.shop.example", "shop.example", "shop.example"),
        ({"shop.example": NONE, "eu.shop.example": END}, "mail.eu.shop.example", "eu.shop.example", "eu.shop.example"),
        ({"shop.example": END, "eu.shop.example": NONE}, "eu.shop.example", "shop.example", "eu.shop.example"),
        ({"co.example": SUFFIX, "shop.co.example": NONE}, "a.shop.co.example", "shop.co.example", "shop.co.example"),
        ({"co.example": SUFFIX}, "a.shop.co.example", "shop.co.example", "co.example"),
        ({"co.example": SUFFIX}, "co.example", "co.example", "co.example"),
        ({}, "a.shop.example", "a.shop.example", None),
        ({"shop.example": ["v=dmarc1; p=none"]}, "shop.example", "shop.example", None),
        ({"shop.example": ["p=none; v=DMARC1"]}, "shop.example", "shop.example", None),
        ({"shop.example": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "shop.example", "shop.example", None),
        ({"shop.example": ["v=spf1 -all", "v=DMARC1;p=reject"]}, "shop.example", "shop.example", "shop.example"),
    ],
)  # fmt: skip
async def test_the_tree_walk(records: dict[str, list[str]], name: str, organization: str, policy: str | None) -> None:
    """RFC 9989 § 4.10: where an organisation ends is what the DNS says, and which record counts."""
    assert (await tree(records, name))[:2] == (organization, policy)


async def test_a_long_name_costs_eight_questions() -> None:
    """RFC 9989 § 4.10: after the name itself it is cut to seven labels."""
    _, _, asked = await tree({}, "a.b.c.d.e.f.g.h.i.j.example")
    assert asked == [
        "_dmarc.a.b.c.d.e.f.g.h.i.j.example", "_dmarc.e.f.g.h.i.j.example", "_dmarc.f.g.h.i.j.example",
        "_dmarc.g.h.i.j.example", "_dmarc.h.i.j.example", "_dmarc.i.j.example", "_dmarc.j.example", "_dmarc.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "name", "exists", "policy"),
    [
        ({"p": "reject"}, "shop.example", True, "reject"),
        ({"p": "reject", "sp": "none"}, "shop.example", True, "reject"),
        ({"p": "reject", "sp": "none"}, "a.shop.example", True, "none"),
        ({"p": "none", "sp": "quarantine", "np": "reject"}, "a.shop.example", True, "quarantine"),
        ({"p": "none", "sp": "quarantine", "np": "reject"}, "a.shop.example", False, "reject"),
        ({"p": "none", "sp": "quarantine"}, "a.shop.example", False, "quarantine"),
        ({"p": "reject", "t": "y"}, "shop.example", True, "quarantine"),
        ({"p": "quarantine", "t": "y"}, "shop.example", True, "none"),
        ({"p": "reject", "pct": "0"}, "shop.example", True, "reject"),
        ({"p": "often"}, "shop.example", True, None),
        ({"rua": "mailto:a@shop.example"}, "shop.example", True, "none"),
        ({"p": "reject", "sp": "often", "rua": "mailto:a@shop.example"}, "shop.example", True, "none"),
    ],
)
def test_the_policy_in_force(tags: dict[str, str], name: str, exists: bool, policy: str | None) -> None:
    assert policy_of(Record("shop.example", tags), name, exists=exists) == policy


@pytest.mark.parametrize(
    ("texts", "verdict", "says"),
    [
        (None, Verdict.WRONG, "has no DMARC record"),
        ([POLICY, POLICY], Verdict.WRONG, "several DMARC records"),
        (["v=DMARC1; p=often"], Verdict.WRONG, "names no policy"),
        ([POLICY + "; pct=50; rf=afrf; ri=1"], Verdict.BETTER, "pct, rf, ri"),
        ([POLICY + "; t=y"], Verdict.BETTER, "tested"),
        (["v=DMARC1; p=none"], Verdict.BETTER, "reports"),
    ],
)
async def test_dmarc_records(texts: list[str] | None, verdict: Verdict, says: str) -> None:
    finding = of(await judged(fine(dmarc=texts)), Topic.DMARC)[0]
    assert finding.verdict is verdict
    assert says in finding.words
    if verdict is Verdict.WRONG:
        assert (finding.name, finding.record) == (
            "_dmarc.shop.example",
            "v=DMARC1; p=none; rua=mailto:postmaster@shop.example",
        )


@pytest.mark.parametrize(
    ("signs_as", "envelope", "policy", "verdict"),
    [
        ("mail.shop.example", "other.example", POLICY, Verdict.GOOD),
        ("mail.shop.example", "other.example", POLICY + "; adkim=s", Verdict.WRONG),
        ("other.example", "mail.shop.example", POLICY, Verdict.GOOD),
        ("other.example", "mail.shop.example", POLICY + "; aspf=s", Verdict.WRONG),
        ("other.example", "mail.shop.example", POLICY + "; adkim=s", Verdict.GOOD),
        ("other.example", "other.example", POLICY, Verdict.WRONG),
        ("other.example", "", POLICY, Verdict.UNKNOWN),
        ("shop.example", "", POLICY + "; adkim=s; aspf=s", Verdict.GOOD),
    ],
)
async def test_alignment_relaxed_and_strict(signs_as: str, envelope: str, policy: str, verdict: Verdict) -> None:
    records = fine(dmarc=[policy])
    for name in ("other.example", "mail.shop.example"):
        records[f"{name} TXT"] = ["v=spf1 ip4:192.0.2.0/24 -all"]
        records[f"k9._domainkey.{name} TXT"] = [GOOD_KEY]
    (finding,) = of(await judged(records, own(signs_as=signs_as, envelope=envelope)), Topic.ALIGNMENT)
    assert finding.verdict is verdict


# a DNS that fails, and strangers


@pytest.mark.parametrize("broken", ["shop.example", "_dmarc.shop.example", "k9._domainkey.shop.example"])
async def test_a_dns_that_does_not_answer_is_no_fault(broken: str) -> None:
    findings = await judged(fine(), broken=(broken,))
    assert worst(findings) is Verdict.UNKNOWN
    assert all(one.verdict is not Verdict.WRONG for one in findings)


async def test_hostile_records_cost_little_and_prove_nothing() -> None:
    """Huge texts, thousands of records, includes without end, letters of any kind."""
    huge = ["v=spf1 " + "a" * 60_000 + " -all"]
    thousands = ["x=1"] * 5_000
    assert worst(of(await judged(fine(spf=huge)), Topic.SPF)) is Verdict.UNKNOWN
    assert worst(of(await judged(fine(spf=[*thousands, "v=spf1 -all"])), Topic.SPF)) is Verdict.UNKNOWN
    assert worst(of(await judged(fine(dmarc=["v=DMARC1; p=none" + ";x" * 9_000])), Topic.DMARC)) is Verdict.UNKNOWN
    assert worst(of(await judged(fine(dkim=["p=" + "A" * 60_000])), Topic.DKIM)) is Verdict.UNKNOWN
    assert of(await judged(fine(dmarc=["v=DMARC1; " + ";".join(f"a{n}=b" for n in range(500))])), Topic.DMARC)
    assert of(await judged(fine(spf=["v=spf1 " + "ip4:192.0.2.1 " * 250 + "-all"])), Topic.SPF)
    hostile = Zone(
        {f"x{n}.example TXT": [f"v=spf1 include:x{n + 1}.example include:y{n}.example -all"] for n in range(500)}
    )
    hostile.records["shop.example", "TXT"] = ["v=spf1 include:x0.example -all"]
    assert worst(await check_sender(own(), hostile)) is Verdict.WRONG
    assert len(hostile.asked) < MOST_QUESTIONS
    for name in ("\x00", "ä.example", "a" * 300, "", "..", "<script>.example"):
        assert await check_sender(own(name), Zone({}))


async def test_a_check_ends_though_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_lookups, "MOST_SECONDS", 0.05)

    async def never(name: str, kind: str) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError

    findings = await asyncio.wait_for(check_sender(own(), never), 5)
    assert worst(findings) is Verdict.UNKNOWN
    assert all(one.verdict is Verdict.UNKNOWN for one in findings)


async def test_the_systems_resolver_joins_strings_and_tells_no_from_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real packets over UDP on this machine: dnspython asks a server of the test's own."""

    class Server(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.out = transport

        def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
            asked = dns.message.from_wire(data)
            answer, name = dns.message.make_response(asked), asked.question[0].name.to_text()
            if name == "long.example.":
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", '"v=spf1 " "-all \\228"'))
            elif name == "gone.example.":
                answer.set_rcode(3)
            elif name == "sick.example.":
                answer.set_rcode(2)
            self.out.sendto(answer.to_wire(), address)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]

    class Local(dns_lookups.dns.asyncresolver.Resolver):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(configure=False)
            self.nameservers, self.port = ["127.0.0.1"], port

    monkeypatch.setattr(dns_lookups.dns.asyncresolver, "Resolver", Local)
    monkeypatch.setattr(dns_lookups, "QUESTION_SECONDS", 0.4)
    try:
        assert await ask_system("long.example", "TXT") == Answer(Said.FOUND, ("v=spf1 -all ä",))
        assert await ask_system("gone.example", "TXT") == Answer(Said.ABSENT, exists=False)
        assert await ask_system("bare.example", "TXT") == Answer(Said.ABSENT)
        assert (await ask_system("sick.example", "TXT")).said is Said.FAILED
        assert (await ask_system("a..b", "TXT")).said is Said.FAILED
    finally:
        transport.close()


# kept, shown, and asked at approval


async def looked(zone: Zone) -> Any:
    async with transaction() as session:
        job = await request_check(session, SYSTEM)
    await queue.run(job, {Job.CHECK_SENDERS: partial(check_senders, ask=zone)})
    async with transaction() as session:
        return (await get_job(session, job)).result


async def test_a_failing_domain_is_asked_about_when_mail_is_approved(database: str) -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await add_customer(session, response_likelihood=0.7, avg_order_value=60)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
        await refresh_segments(session, SYSTEM)
        campaign = await add_campaign(session, ["all"])
        await make_plan(session, SYSTEM, campaign)
        await plan_ready(session, SYSTEM, campaign)
        (before,) = await list_senders(session, SYSTEM)
        assert (before.last.verdict, before.last.checked_at, before.provider) == (Verdict.UNKNOWN, None, "")
        await save_form(session, ADMIN, Channel.EMAIL, "smtp", {"host": "mail.example.com"}, rate_per_second=20)
        await switch_provider(session, ADMIN, Channel.EMAIL, "smtp", on=True)
        await tell_keys(session, ADMIN, before.domain, "smtp", selectors="K9, k9", envelope="")
        for actor, told, error in (
            (MARKETER, {}, Forbidden),
            (ADMIN, {"selectors": "a b/c"}, Invalid),
            (ADMIN, {"envelope": "nodot"}, Invalid),
            (ADMIN, {"domain": "x.example"}, NotFound),
        ):
            with pytest.raises(error):
                await tell_keys(session, actor, **{"domain": before.domain, "provider": "smtp", "selectors": "",
                                                   "envelope": "", **told})  # fmt: skip
        with pytest.raises(Forbidden):
            await request_check(session, MARKETER)
    domain = before.domain
    zone = Zone(
        {f"{domain} TXT": ["v=spf1 -all"], f"_dmarc.{domain} TXT": [POLICY]}, broken=(f"k9._domainkey.{domain}",)
    )
    assert await looked(zone) == {"domains": 1, "unknown": 1}
    async with transaction() as session:
        assert await failing_sender(session, f"us@{domain}") == ""  # not known is no fault
    zone.records[f"{domain}", "TXT"] = ["v=spf1 +all"]
    assert await looked(zone) == {"domains": 1, "wrong": 1}
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await list_senders(session, MARKETER)
        (row,) = await list_senders(session, SYSTEM)
        assert row.selectors == ["k9"]
        assert row.last.verdict is Verdict.WRONG
        assert row.last.checked_at is not None
        assert row.last.findings[0].record == "v=spf1 ~all"
        with pytest.raises(Conflict, match="lets anybody send") as refused:
            await approve_seen(session, MARKETER, campaign)
        assert refused.value.field == "sender_domain"
    page = await Tab(f"/campaigns/{campaign}", SYSTEM).state(CampaignState)
    await run(CampaignState.load, page)
    await run(CampaignState.approve, page, "approve", page.seen)
    assert page.asking == "outlook"
    outlook = await page.get_state(OutlookState)
    assert outlook.refused
    assert any("lets anybody send" in words for words in outlook.warnings)
    await run(CampaignState.approve, page, "approve_anyway", page.seen)
    assert page.head.status == "scheduled"
    assert page.asking == ""
    senders = await Tab("/settings/channels", ADMIN).state(SendersState)
    await run(SendersState.load, senders)
    assert senders.senders[0].word == "Wrong"
    assert senders.senders[0].findings[0].record == "v=spf1 ~all"
    async with transaction() as session:  # with the sandbox first nothing leaves
        await switch_provider(session, ADMIN, Channel.EMAIL, "smtp", on=False)
        assert await failing_sender(session, f"us@{domain}") == ""
