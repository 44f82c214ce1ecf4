"""Local servers that speak each provider's real protocol, and do as a test plans.

One `House` stands behind all of them: it keeps what was taken, in the form a recipient would see, and decides what
the next call is answered. The chaos program and the contract test use the same ones.
"""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from liquor_app.core.platform.child_process import free_port

DOMAIN = "mg.harborvine.example"
API_KEY = "key-for-tests"
TWILIO_SID = "AC" + "0" * 31 + "1"
BAD = "bad@example.com"
BAD_PHONE = "+10000000000"
GARBAGE = "<html>It works!"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as it arrived; variables filled in."""

    send_id: str
    recipient: str
    subject: str
    html: str
    text: str
    headers: dict[str, str]
    files: tuple[tuple[str, str, bytes], ...] = ()
    """Name, kind and content of what came with it."""


@dataclass(slots=True)
class House:
    """What was taken, and what is answered.

    Attributes:
        plan: answers of the next calls, first to last: `ok`, `slow`, `cut_before`, `cut_after`, `garbage`, or a
            status. When it is empty, chance decides by the shares below.
        hidden: the log is asked but does not know yet.
        calls: how many messages each call carried.
    """

    latency: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    errors: float = 0.0
    plan: list[str | int] = field(default_factory=list)
    hidden: bool = False
    taken: Counter[str] = field(default_factory=Counter)
    mails: dict[str, Mail] = field(default_factory=dict)
    by_recipient: dict[str, list[str]] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    cut: Counter[str] = field(default_factory=Counter)
    cut_ids: set[str] = field(default_factory=set)
    keeps_mails: bool = True
    retry_after: int = 7
    random: random.Random = field(default_factory=lambda: random.Random(7))

    def next(self) -> str | int:
        if self.plan:
            return self.plan.pop(0)
        drawn = self.random.random()
        for share, answer in (
            (self.cut_before, "cut_before"),
            (self.cut_after, "cut_after"),
            (self.errors / 2, 429),
            (self.errors / 2, 503),
        ):
            if drawn < share:
                return answer
            drawn -= share
        return "ok"

    async def wait(self) -> None:
        if self.latency:
            await asyncio.sleep(self.latency * self.random.uniform(0.5, 1.5))

    def take(self, mails: list[Mail]) -> None:
        for mail in mails:
            self.taken[mail.send_id] += 1
            self.by_recipient.setdefault(mail.recipient, []).append(mail.send_id)
            self.mails[mail.send_id] = mail if self.keeps_mails else Mail(mail.send_id, mail.recipient, "", "", "", {})

    def note_cut(self, when: str, mails: list[Mail]) -> None:
        self.cut[when] += len(mails)
        self.cut_ids |= {mail.send_id for mail in mails}

    async def answer(
        self,
        request: web.Request,
        mails: list[Mail],
        good: Callable[[], web.Response],
        bad: Callable[[int], web.Response],
    ) -> web.Response:
        """Do as planned with a call whose form is right."""
        self.calls.append(len(mails))
        await self.wait()
        step = self.next()
        if isinstance(step, int):
            return bad(step)
        if step == "slow":
            await asyncio.sleep(30)
        if step == "cut_before":
            return self._hang_up(request, "before", mails)
        self.take(mails)
        if step == "cut_after":
            return self._hang_up(request, "after", mails)
        return web.Response(text=GARBAGE) if step == "garbage" else good()

    def _refusal(self, status: int, said: object) -> web.Response:
        headers = {"Retry-After": str(self.retry_after)} if status == 429 else {}
        return web.json_response(said, status=status, headers=headers)

    def _hang_up(self, request: web.Request, when: str, mails: list[Mail]) -> web.Response:
        self.note_cut(when, mails)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def app(self) -> web.Application:
        """Mailgun, SendGrid, Postmark and Twilio, told apart by their paths; `GET /counts` for the test."""
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v3/mail/send", self.sendgrid)
        app.router.add_get("/v3/messages", self.sendgrid_search)
        app.router.add_post("/v3/{domain}/messages", self.mailgun)
        app.router.add_get("/v3/{domain}/events", self.mailgun_events)
        app.router.add_post("/email/batch", self.postmark)
        app.router.add_get("/messages/outbound", self.postmark_search)
        app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self.twilio)
        app.router.add_get("/counts", self.counts)
        return app

    # --- Mailgun ---

    def _mailgun_refuses(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != _basic("api", API_KEY):
            return web.Response(status=401, text="Forbidden")
        if request.match_info["domain"] != DOMAIN:
            return web.json_response({"message": "Domain not found"}, status=404)
        return None

    async def mailgun(self, request: web.Request) -> web.Response:
        if (refusal := self._mailgun_refuses(request)) is not None:
            return refusal
        posted = await request.post()
        form = {name: str(value) for name, value in posted.items()}
        files = tuple((one.filename, one.content_type, one.file.read()) for one in posted.getall("attachment", []))
        variables = json.loads(form.get("recipient-variables", "null"))
        recipients = [address.strip() for address in form["to"].split(",")]
        if BAD in recipients or len(recipients) > 1000 or (len(recipients) > 1 and variables is None):
            return web.json_response({"message": "to parameter is not a valid address"}, status=400)

        def fill(value: str, own: dict[str, str]) -> str:
            for name, content in own.items():
                value = value.replace(f"%recipient.{name}%", content)
            return value

        mails = []
        for address in recipients:
            own = variables[address] if variables else {}
            headers = {name[2:]: fill(value, own) for name, value in form.items() if name.startswith("h:")}
            headers["From"] = form["from"]
            send_id = fill(form["v:send_id"], own)
            mails.append(
                Mail(send_id, address, *(fill(form[part], own) for part in ("subject", "html", "text")), headers, files)
            )
        return await self.answer(
            request, mails,
            lambda: web.json_response({"id": form.get("h:Message-Id", "<batch@mg>"), "message": "Queued. Thank you."}),
            lambda status: self._refusal(status, {"message": f"planned {status}"}),
        )  # fmt: skip

    async def mailgun_events(self, request: web.Request) -> web.Response:
        if (refusal := self._mailgun_refuses(request)) is not None:
            return refusal
        recipient = request.query["recipient"]
        items = [
            {"event": "accepted", "recipient": recipient, "user-variables": {"send_id": mail.send_id},
             "message": {"headers": {"message-id": f"{mail.send_id}@{DOMAIN}"}}}
            for mail in self._by_recipient(recipient)
        ]  # fmt: skip
        return web.json_response({"items": [] if self.hidden else items, "paging": {}})

    def _by_recipient(self, recipient: str) -> list[Mail]:
        return [self.mails[send_id] for send_id in self.by_recipient.get(recipient, [])]

    # --- SendGrid ---

    async def sendgrid(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            return web.json_response({"errors": [{"message": "authorization required"}]}, status=401)
        body = await request.json()
        content = {part["type"]: part["value"] for part in body["content"]}
        people = body["personalizations"]
        addresses = [one["to"][0]["email"] for one in people]
        if BAD in addresses or len(people) > 1000 or len(set(addresses)) != len(addresses):
            error = {"message": "Does not contain a valid address.", "field": "personalizations.0.to.0.email"}
            return web.json_response({"errors": [error]}, status=400)
        mails = []
        for one in people:

            def fill(value: str, own: dict[str, str] = one.get("substitutions", {})) -> str:  # noqa: B008
                for mark, filling in own.items():
                    value = value.replace(mark, filling)
                return value

            headers = {name: fill(value) for name, value in one.get("headers", {}).items()}
            html, text = fill(content.get("text/html", "")), fill(content.get("text/plain", ""))
            send_id = one["custom_args"]["send_id"]
            files = _files(body.get("attachments", []), "filename", "type", "content")
            mails.append(Mail(send_id, one["to"][0]["email"], fill(body["subject"]), html, text, headers, files))
        return await self.answer(
            request, mails,
            lambda: web.Response(status=202, headers={"X-Message-Id": f"sg-{mails[0].send_id}"}),
            lambda status: self._refusal(status, {"errors": [{"message": f"planned {status}"}]}),
        )  # fmt: skip

    async def sendgrid_search(self, request: web.Request) -> web.Response:
        wanted = request.query["query"].split('"')[1]
        known = wanted in self.mails and not self.hidden
        return web.json_response({"messages": [{"msg_id": f"sg-{wanted}"}] if known else []})

    # --- Postmark ---

    async def postmark(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Postmark-Server-Token") != API_KEY:
            return web.json_response({"ErrorCode": 10, "Message": "No Account or Server API tokens"}, status=401)
        bodies = await request.json()
        mails, answers = [], []
        for one in bodies:
            if one["To"] == BAD:
                answers.append({"ErrorCode": 300, "Message": "Invalid 'To' address"})
                continue
            send_id = one["Metadata"]["send_id"]
            headers = {header["Name"]: header["Value"] for header in one["Headers"]}
            headers |= {"From": one["From"], "Reply-To": one.get("ReplyTo", "")}
            files = _files(one.get("Attachments", []), "Name", "ContentType", "Content")
            mails.append(Mail(send_id, one["To"], one["Subject"], one["HtmlBody"], one["TextBody"], headers, files))
            answers.append({"ErrorCode": 0, "Message": "OK", "MessageID": f"pm-{send_id}"})
        return await self.answer(
            request, mails,
            lambda: web.json_response(answers),
            lambda status: self._refusal(status, {"ErrorCode": 0, "Message": f"planned {status}"}),
        )  # fmt: skip

    async def postmark_search(self, request: web.Request) -> web.Response:
        wanted = request.query["metadata_send_id"]
        known = wanted in self.mails and not self.hidden
        return web.json_response({"TotalCount": int(known), "Messages": [{"MessageID": f"pm-{wanted}"}] * known})

    # --- Twilio ---

    async def twilio(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != _basic(TWILIO_SID, API_KEY):
            return web.json_response({"code": 20003, "message": "Authenticate"}, status=401)
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form["To"] == BAD_PHONE:
            return web.json_response({"code": 21211, "message": "not a valid phone number"}, status=400)
        asked = parse_qs(urlsplit(form.get("StatusCallback", "")).query)
        send_id = asked.get("send_id", [f"text-{len(self.calls)}"])[
            0
        ]  # no callback is asked for while we are nowhere public
        mails = [Mail(send_id, form["To"], "", "", form["Body"], {})]
        return await self.answer(
            request, mails,
            lambda: web.json_response({"sid": f"SM{send_id}", "status": "queued"}, status=201),
            lambda status: self._refusal(status, {"message": f"planned {status}"}),
        )  # fmt: skip

    async def counts(self, request: web.Request) -> web.Response:
        return web.json_response({"taken": dict(self.taken), "cut": dict(self.cut), "cut_ids": sorted(self.cut_ids)})

    # --- SMTP ---

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; planned answers are given at RCPT, cuts before or after the letter."""

        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 harbor ESMTP")
        recipient, step = "", "ok"
        try:
            while line := (await reader.readline()).decode().strip():
                word = line.upper().split(":")[0].split(" ")[0]
                if word in ("EHLO", "HELO"):
                    writer.write(b"250-harbor\r\n250 AUTH PLAIN\r\n")
                elif word == "AUTH":
                    wanted = base64.b64encode(f"\0shop\0{API_KEY}".encode()).decode()
                    say("235 ok" if line.split()[-1] == wanted else "535 5.7.8 wrong credentials")
                elif word == "MAIL":
                    planned = bool(self.plan)
                    step = self.next()
                    if isinstance(step, int) and not planned:
                        step = 451  # by chance: "not now", in SMTP's own words
                    if step == "cut_before":
                        self.cut["before"] += 1
                        writer.transport.abort()
                        return
                    say("250 ok")
                elif word == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    say("550 5.1.1 no such user" if recipient == BAD else
                        f"{step} planned" if isinstance(step, int) else "250 ok")  # fmt: skip
                elif word == "DATA":
                    say("354 go on")
                    raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5].replace(b"\r\n..", b"\r\n.")
                    mail = _letter(raw, recipient)
                    await self.wait()
                    self.calls.append(1)
                    if step == "slow":
                        await asyncio.sleep(30)
                    self.take([mail])
                    if step == "cut_after":
                        self.note_cut("after", [mail])
                        writer.transport.abort()
                        return
                    say(GARBAGE if step == "garbage" else "250 queued")
                elif word == "QUIT":
                    say("221 bye")
                    break
                else:
                    say("250 ok")
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def _letter(raw: bytes, recipient: str) -> Mail:
    letter = email.message_from_bytes(raw, policy=email.policy.default)

    def body(kind: str) -> str:
        part: Any = letter.get_body((kind,))
        # SMTP ends every line its own way
        return str(part.get_content()).replace("\r\n", "\n") if part else ""

    send_id = str(letter["Message-ID"]).strip("<>").partition("@")[0]
    files = tuple(
        (str(one.get_filename()), one.get_content_type(), one.get_content()) for one in letter.iter_attachments()
    )
    return Mail(send_id, recipient, str(letter["Subject"]), body("html"), body("plain"), dict(letter.items()), files)


def _files(given: list[dict[str, str]], name: str, kind: str, content: str) -> tuple[tuple[str, str, bytes], ...]:
    return tuple((one[name], one[kind], base64.b64decode(one[content])) for one in given)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@asynccontextmanager
async def standing(house: House) -> AsyncIterator[str]:
    """Its address, for as long as it stands here."""
    runner, port = web.AppRunner(house.app(), shutdown_timeout=0.1), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
