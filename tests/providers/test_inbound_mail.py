"""E-mail people write back, as three providers hand it on: proved, whose words, and which of them say no."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import tracemalloc
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from liquor_app.core.errors import Invalid, Unauthenticated, Unavailable
from liquor_app.providers.adapters import twilio_events
from liquor_app.providers.adapters.mailgun import Mailgun, MailgunConfig
from liquor_app.providers.adapters.postmark import Postmark, PostmarkConfig
from liquor_app.providers.adapters.sendgrid import SendGrid, SendGridConfig
from liquor_app.providers.adapters.sendgrid_events import SIGNATURE, TIMESTAMP
from liquor_app.providers.kit.base import EventKind
from liquor_app.providers.kit.inbound_mail import form_of, own_words
from liquor_app.providers.kit.mail_proof import is_proved, only_signer
from liquor_app.sending.events.mail_answers import says_no

KEY = "key-of-the-webhook"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
FORM = {"content-type": "application/x-www-form-urlencoded"}
URL = "https://shop.example/api/v1/webhooks/x"


def letter(token: str = "t" * 50, *, key: str = KEY, age: int = 0, **changes: str) -> bytes:
    """A route's form, as Mailgun documents it."""
    stamp = str(int(time.time()) - age)
    signature = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    return urlencode({
        "recipient": "us@shop.example", "sender": "bounce+1@mail.example", "from": "Mia Voss <Mia@Example.com>",
        "subject": "Re: Gin for you", "body-plain": "STOP\n\n> You may unsubscribe", "stripped-text": "STOP",
        "timestamp": stamp, "token": token, "signature": signature, "message-headers": "[]", **changes,
    }).encode()  # fmt: skip


def parts(boundary: str = "xYzZY", **fields: str) -> bytes:
    """A form in parts, as SendGrid's inbound parse sends it, with a file among them."""
    made = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="a1"; filename="x.bin"\r\n\r\nSTOP\r\n'
    return f"{made}{file}--{boundary}--\r\n".encode()


def signed(body: bytes, stamp: str = "") -> dict[str, str]:
    stamp = stamp or str(int(time.time()))
    signature = base64.b64encode(PRIVATE.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    return {SIGNATURE: signature, TIMESTAMP: stamp, "Content-Type": "multipart/form-data; boundary=xYzZY"}


def mailgun(key: str = KEY) -> Mailgun:
    return Mailgun(MailgunConfig.model_validate({"domain": "mg.x.example", "api_key": "k", "webhook_signing_key": key}))


def sendgrid(key: str = PUBLIC) -> SendGrid:
    return SendGrid(SendGridConfig.model_validate({"api_key": "k", "parse_verification_key": key}))


PROVED = [
    # SPF and DKIM speak for the author's own domain, or for nobody
    ("pass", "b@mail.example.com", "", [], True),
    ("Pass (sender SPF authorized)", "x@example.com", "fail", [], True),
    ("pass", "x@evil.example", "", [], False),
    ("pass", "x@com", "", [], False),
    ("softfail", "x@example.com", "pass", ["example.com"], True),
    ("none", "", "pass", ["evil.example"], False),
    ("none", "", "fail", ["example.com"], False),
    ("", "", "pass", ["notexample.com"], False),
    ("", "x@example.com", "", ["example.com"], None),
]  # fmt: skip


@pytest.mark.parametrize(("spf", "envelope", "dkim", "signers", "proved"), PROVED)
def test_a_letter_is_proved_for_its_authors_domain_alone(
    spf: str, envelope: str, dkim: str, signers: list[str], proved: bool | None
) -> None:
    found = is_proved("Mia <mia@example.com>", spf=spf, envelope=envelope, dkim=dkim, signers=signers)
    assert found is proved


def test_what_each_provider_says_of_the_proof() -> None:
    """Before, nobody read it. What a letter's headers say may be the forger's own words, with or without the provider's
    beside them: it never proves anything."""

    def mailed(*pairs: tuple[str, str], **changes: str) -> bool | None:
        body = letter(**{"message-headers": json.dumps([list(one) for one in pairs]), **changes})
        return mailgun().parse_webhook(body, FORM, URL)[0].is_proved

    own, other = ("Dkim-Signature", "v=1; d=example.com; s=a"), ("Dkim-Signature", "v=1; a=x; d=evil.example")
    spf, dkim = ("X-Mailgun-Spf", "Pass"), ("X-Mailgun-Dkim-Check-Result", "Pass")
    assert mailed() is None
    assert mailed(dkim, own) is None
    assert mailed(dkim, own, other) is False, "nobody says which of the two passed"
    assert mailed(spf) is False, "for mail.example, which is not in From"
    assert mailed(spf, sender="mia@example.com") is None
    assert mailed(("X-Mailgun-Spf", "Fail"), spf, sender="mia@example.com") is False

    def parsed(**fields: str) -> bool | None:
        body = parts(**{"from": "Mia <mia@example.com>", "subject": "Re: Gin", "text": "stop", **fields})
        return sendgrid().parse_webhook(body, signed(body), URL)[0].is_proved

    assert parsed() is None
    assert parsed(dkim="{@example.com : pass}", SPF="fail") is True
    assert parsed(dkim="{@evil.example : pass}", SPF="pass", envelope='{"from": "x@evil.example"}') is False
    assert parsed(dkim="none", SPF="pass", envelope='{"from": "mia@example.com"}') is True
    assert parsed(dkim="none", SPF="pass", envelope="[") is False

    def posted(*headers: tuple[str, str]) -> bool | None:
        said = {"FromFull": {"Email": "mia@example.com"}, "Subject": "Re: Gin", "TextBody": "stop",
                "Headers": [{"Name": name, "Value": value} for name, value in headers]}  # fmt: skip
        secret = {"X-Webhook-Secret": "s" * 20}
        provider = Postmark(PostmarkConfig.model_validate({"server_token": "k", "webhook_secret": "s" * 20}))
        return provider.parse_webhook(json.dumps(said).encode(), secret, URL)[0].is_proved

    mia = (
        "Pass (ok) identity=mailfrom; client-ip=192.0.2.1; helo=x; envelope-from=mia@example.com; receiver=a@x.example"
    )
    for headers in ([], [("Received-SPF", mia)], [("Received-SPF", mia)] * 2, [("X-Spam-Tests", "DKIM_VALID_AU")]):
        assert posted(*headers) is False, headers


@pytest.mark.parametrize(
    ("signature", "signer"),
    [
        ("v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d = Example.COM ; s=k; bh=x=; b=y", ["example.com"]),
        ("v=1; a=rsa-sha256; x-n=hi d=gmail.com; d=evil.example; s=k; bh=x; b=y", ["evil.example"]),
        ("v=1; x-n=\td=gmail.com;d=evil.example; b=y", ["evil.example"]),
        ("v=1; d=gmail.com; d=evil.example; b=y", [""]),
        ("v=1; D=gmail.com; d=evil.example; b=y", [""]),
        ("v=1; d=gmail.com evil.example; b=y", [""]),
        (f"v=1; x={'a' * 3_983}; d=gmail.com.evil.example", [""]),
        ("v=1; b=y d=gmail.com", [""]),
    ],
)
def test_a_signature_is_its_signers_whatever_other_tags_hold(signature: str, signer: list[str]) -> None:
    assert only_signer([signature]) == signer


def test_a_letter_names_what_it_answers() -> None:
    body = letter(**{"message-headers": json.dumps([["In-Reply-To", "<b@x>"], ["References", "<a@x> <b@x>"]])})
    assert mailgun().parse_webhook(body, FORM, URL)[0].answers == ("b@x", "a@x")


def test_mailguns_route_is_proved_and_read() -> None:
    (told,) = mailgun().parse_webhook(letter(), FORM, URL)
    assert (told.kind, told.recipient, told.text) == (EventKind.INBOUND_MAIL, "Mia@Example.com", "STOP")
    assert told.event_id == "t" * 50
    for body in (letter(key="wrong"), letter(age=999_999), letter().replace(b"signature=", b"signature=0")):
        with pytest.raises(Unauthenticated):
            mailgun().parse_webhook(body, FORM, URL)
    with pytest.raises(Unavailable):
        mailgun("").parse_webhook(letter(), FORM, URL)
    for body in (b"nothing", b"\xff=1", b"&&&&"):
        with pytest.raises(Invalid):
            mailgun().parse_webhook(body, FORM, URL)


def test_sendgrids_parse_is_proved_and_read() -> None:
    body = parts(**{"from": "mia@example.com", "subject": "Re: Gin",
                    "text": "no more e-mails, please\n\nOn Mon, X wrote:\n> hi",
                    "headers": "Message-ID: <1@mail.example>\nX-Y: z\n"})  # fmt: skip
    (told,) = sendgrid().parse_webhook(body, signed(body), URL)
    assert (told.kind, told.recipient, told.text) == (
        EventKind.INBOUND_MAIL,
        "mia@example.com",
        "no more e-mails, please",
    )
    assert sendgrid().parse_webhook(body, signed(body), URL)[0].event_id == told.event_id, "told twice it is one"
    for headers in (
        {**signed(body), SIGNATURE: signed(b"other")[SIGNATURE]},
        signed(body, "1000"),
        {**signed(body), SIGNATURE: "?"},
    ):
        with pytest.raises(Unauthenticated):
            sendgrid().parse_webhook(body, headers, URL)
    with pytest.raises(Unavailable):  # the event webhook's key is another one
        SendGrid(SendGridConfig.model_validate({"api_key": "k", "verification_key": PUBLIC})).parse_webhook(
            body, signed(body), URL
        )


def test_postmarks_inbound_is_proved_and_read() -> None:
    postmark = Postmark(PostmarkConfig.model_validate({"server_token": "t", "webhook_secret": KEY}))
    said: dict[str, Any] = {"FromFull": {"Email": "mia@example.com"}, "MessageID": "1", "Subject": "Re: Gin",
                            "TextBody": "Stop!\n\n> x", "StrippedTextReply": "Stop!", "Headers": []}  # fmt: skip
    body = json.dumps(said).encode()
    (told,) = postmark.parse_webhook(body, {"X-Webhook-Secret": KEY}, URL)
    assert (told.kind, told.recipient, told.text) == (EventKind.INBOUND_MAIL, "mia@example.com", "Stop!")
    with pytest.raises(Unauthenticated):
        postmark.parse_webhook(body, {"X-Webhook-Secret": "no"}, URL)
    away = {**said, "Headers": [{"Name": "Auto-Submitted", "Value": "auto-replied"}]}
    assert postmark.parse_webhook(json.dumps(away).encode(), {"X-Webhook-Secret": KEY}, URL)[0].kind is EventKind.OTHER


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Automatic reply: away"}, {"subject": "Out of Office"}, {"from": "MAILER-DAEMON@x.example"},
        {"subject": "Undeliverable: Gin"}, {"message-headers": '[["Auto-Submitted", "auto-replied"]]'},
        {"message-headers": '[["Precedence", "bulk"]]'}, {"from": "no address", "sender": "none"},
        {"message-headers": '[["Return-Path", "<>"]]'},
    ],
)  # fmt: skip
def test_what_a_machine_wrote_is_nobodys_word(changes: dict[str, str]) -> None:
    assert mailgun().parse_webhook(letter(**changes), FORM, URL)[0].kind is EventKind.OTHER


def test_the_subject_of_a_new_letter_counts_ours_does_not() -> None:
    (new,) = mailgun().parse_webhook(
        letter(subject="Unsubscribe", **{"stripped-text": "", "body-plain": "-- \nMia"}), FORM, URL
    )
    assert says_no(new.text or "")
    (answer,) = mailgun().parse_webhook(
        letter(subject="Re: Don't stop now", **{"stripped-text": "Nice gin"}), FORM, URL
    )
    assert answer.text == "Nice gin"


@pytest.mark.parametrize(
    ("words", "no"),
    [
        ("STOP", True),
        ("Hi,\n\nplease stop\n\nMia Voss\nExample Ltd, 1 Main St", True),
        ("Take me off your list.\nThanks", True),
        ("No más mensajes", True),
        ("UNSUBSCRIBE\nMia", True),
        ("Please stop sending me these", True),
        ("Is the Macallan in stock?", False),
        ("Yes, please keep two bottles for me", False),
        ("Don't stop, I love these", False),
        ("START", False),
        ("", False),
    ],
)
def test_which_letters_say_no(words: str, no: bool) -> None:
    assert says_no(words) is no


def test_what_is_quoted_is_not_theirs() -> None:
    for quoted in (
        "> click to unsubscribe me", "On Mon, 2 Nov 2026 at 10:00, Harbor & Vine wrote:\nSTOP",
        "-----Original Message-----\nSTOP",
        "From: us\nSTOP", "________________________________\nSTOP", "-- \nSTOP", "Sent from my iPhone\nSTOP",
        "El lun, 2 nov 2026, Harbor escribió:\nSTOP",
    ):  # fmt: skip
        assert own_words(f"Two of the Macallan, please\n\n{quoted}") == "Two of the Macallan, please"
    assert own_words("> STOP above an answer\nmine") == "mine"


def test_hostile_letters_cost_little() -> None:
    began = time.process_time()
    for words in ("On " * 80_000, "> " * 90_000, "\n" * 200_000, "\x00" * 1000, "stop " * 60_000, "Re: " * 50_000):
        says_no(own_words(words))
        mailgun().parse_webhook(letter(**{"stripped-text": words, "subject": words[:900]}), FORM, URL)
    nested = b"--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 5_000
    for body in (nested, b"", b"--xYzZY--", parts(**{f"f{n}": "x" for n in range(1_000)})):
        try:
            assert len(form_of(body, "multipart/form-data; boundary=xYzZY\r\nX: y")) <= 200
        except Invalid:
            continue
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (b"--b\r\n\r\n" * 120_000, "b"),
        (b'--b\r\nContent-Disposition: form-data; name="' + b"=?utf-8?q?a?= " * 71_000 + b'"\r\n\r\nx\r\n--b--', "b"),
        (b'--b\r\nContent-Disposition: form-data; ' + b"a*0=b;" * 100_000 + b"\r\n\r\nx\r\n--b--", "b"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n' + b"X: y\r\n" * 100_000 + b"\r\nx\r\n--b--", "b"),
        (b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" + b"--c\r\n" * 150_000, "b"),
        (b"-" * 900_000, "-" * 50),
        (b"x" * 900_000, "b" * 900),
    ],
    ids=["parts", "encoded words", "pieces", "headers", "nested", "dashes", "boundary"],
)  # fmt: skip
def test_a_form_nobody_signed_costs_neither_time_nor_memory(body: bytes, boundary: str) -> None:
    """One request of a stranger took 23 GB, another half a minute of everybody's."""
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises((Invalid, Unauthenticated)):
        mailgun().parse_webhook(body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}, URL)
    spent, (_, most) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    assert spent < 2


def test_a_callback_of_many_fields_is_none() -> None:
    with pytest.raises(Invalid, match="forms"):
        twilio_events.read_callback("&".join(f"f{n}=" for n in range(100_000)).encode(), {}, URL, "t")
