"""The command line, in this process: the same services, told as a table or as JSON, and errors in one line."""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from sqlalchemy import text

from liquor_app import cli
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.kit import plain
from liquor_app.commands.models import _figure
from liquor_app.commands.pipeline import _interval
from liquor_app.core import db, redis
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.segments.service import create_segment
from tests.factories import add_people, open_shop
from tests.people import add_campaign, believe

pytestmark = pytest.mark.integration


class Terminal:
    """Types commands; `answers` are what its prompts are told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.answers: list[str] = []
        monkeypatch.setattr(cli, "configure", lambda: None)
        monkeypatch.setattr(typer, "prompt", lambda *_, **__: self.answers.pop(0))
        monkeypatch.setattr(typer, "confirm", self._confirm)

    def _confirm(self, *_: Any, abort: bool = False, **__: Any) -> bool:
        if (said := self.answers.pop(0)) != "y" and abort:
            raise typer.Abort
        return said == "y"

    async def run(self, *words: str, code: int = 0) -> str:
        """What is printed, on both streams; the exit code must be `code`."""
        await db.dispose()
        await redis.dispose()
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["liquor", *words])
        assert await asyncio.to_thread(self._main) == code, "".join(self._capsys.readouterr())
        said = self._capsys.readouterr()
        return said.out if "--json" in words else said.out + said.err

    async def told(self, *words: str) -> Any:
        return json.loads(await self.run(*words, "--json"))

    def _main(self) -> int:
        try:
            cli.main()
        except SystemExit as done:
            return int(done.code or 0)
        return 0


@pytest.fixture
def terminal(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(monkeypatch, capsys)


async def one(sql: str) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql))).scalar_one()


async def test_people_and_sales_come_in_from_files(terminal: Terminal, tmp_path: Path) -> None:
    people, sales = tmp_path / "people.csv", tmp_path / "sales.csv"
    people.write_text("Mail address,Given\nann@example.com,Ann\nnobody,Bo\n")
    sales.write_text(
        "order id,email,date,amount\nA1,ann@example.com,03/04/2026,12.50\nA2,ann@example.com,13/04/2026,5\n"
    )
    names = tmp_path / "map.json"
    names.write_text(json.dumps({"email": "Mail address", "first_name": "Given", "options": {"decimal": "."}}))
    tried = await terminal.told("import", "customers", str(people), "--map", str(names), "--dry-run")
    assert (tried["created"], tried["rejected"]) == (1, 1)
    assert await one("SELECT count(*) FROM customers") == 0, "tried, and taken back"
    assert "Imported" in await terminal.run("import", "customers", str(people), "--map", str(names))
    report = await terminal.told("import", "purchases", str(sales))
    assert (report["rows"], report["created"], report["rejected"]) == (2, 2, 0)
    assert await one("SELECT sum(total) FROM purchases") == 17.5
    for words, why in (
        (("customers", str(tmp_path / "none.csv")), "There is no file"),
        (("customers", str(people), "--map", str(people)), "must hold a JSON object"),
        (("customers", str(people), "--policy", "maybe"), "policy must be one of"),
    ):
        assert why in await terminal.run("import", *words, code=2)
    refused = json.loads(await terminal.run("import", "customers", str(people), "--policy", "maybe", "--json", code=2))
    assert (refused["error"], refused["field"]) == ("rule.value", "policy")


async def test_a_week_from_scores_to_sending(terminal: Terminal) -> None:
    async with transaction() as session:
        await open_shop(session)
        await add_people(session, 40)
        await believe(session)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
        await session.execute(
            text(
                "INSERT INTO purchases (customer_id, occurred_at, total)"
                " SELECT id, now() - make_interval(days => 5 + n * 3), 20 FROM customers, generate_series(1, 3) n"
            )
        )
    assert (await terminal.told("score"))["customers"] == 40
    listed = await terminal.told("segments")
    slugs = [row["slug"] for row in listed["items"] if row["customer_count"]]
    assert slugs == ["all"]
    assert "slug" in await terminal.run("segments", "--no-refresh")
    assert (await terminal.told("models"))["items"]
    assert (await terminal.told("holdout"))["share"] == 0
    assert "left out of everything" in await terminal.run("holdout")
    learned = await terminal.told("learn")
    whole = learned["overall"]
    assert whole["low_80"] <= whole["buyers_of_100"] <= whole["high_80"]
    assert (whole["messages"], whole["held_out"], whole["version"], whole["basis"]) == (6000, 500, 1, "learned")
    assert "version 1, learned from 6,000 messages, 500 times somebody was held out" in await terminal.run("learn")
    assert {row["learned_from"] for row in learned["items"]} == {1000}
    assert all(isinstance(row["since_last_week"], float) for row in learned["items"])
    assert [row["segment"] for row in learned["next"]] == ["all"]
    assert learned["next"][0]["why"].startswith("Believed to be worth most")
    assert "Believed to be worth most" in await terminal.run("learn")
    assert "40 of 40 buyers" in await terminal.run("suggest")
    assert (await terminal.told("suggest"))["suggestions"] == []
    assert "must be a date" in await terminal.run("backtest", "churn", "--cutoff", "soon", code=2)

    assert "no campaign yet" in await terminal.run("campaigns", "show", code=2)
    async with transaction() as session:
        bare = await add_campaign(session, ["all"], name="Bare")
    assert "has no plan yet" in await terminal.run("simulate", str(bare), code=2)
    assert "has no plan yet" in await terminal.run("why", str(bare), code=2)
    made = await terminal.told("plan", "--name", "Quiet week", "--segment", slugs[0])
    assert (made["engine"], made["version"]) == ("heuristic", 1)
    assert made["proposed"] == await one("SELECT count(*) FROM actions")
    assert "engine must be one of" in await terminal.run("plan", "--engine", "magic", code=2)
    assert "Plan 2" in await terminal.run("plan", "--campaign", "latest", "--prompt", "rain", "--engine", "heuristic")
    rows = await terminal.told("campaigns", "list")
    assert ({row["name"] for row in rows["items"]}, rows["total"]) == ({"Quiet week", "Bare"}, 2)
    assert (await terminal.told("campaigns", "list", "--limit", "1"))["total"] == 2
    assert "1 of 2" in await terminal.run("campaigns", "list", "--limit", "1")
    assert " of 2" not in await terminal.run("campaigns", "list"), "all of them are there"
    assert (await terminal.told("campaigns", "show", str(bare)))["name"] == "Bare", "an older one by its id"
    assert (await terminal.told("campaigns", "show", made["campaign_id"]))["id"] == made["campaign_id"]
    assert "messages" in await terminal.run("simulate")
    assert (await terminal.told("simulate"))["version"] == 2
    assert "Plan 2" in await terminal.run("why")
    assert (await terminal.told("why", "--version", "1"))["version"] == 1
    assert "left out." not in await terminal.run("actions")
    assert "40 proposed for 40 customers, 0 left out." in await terminal.run("actions", "--generate")
    proposed = await terminal.told("actions", "--limit", "3")
    assert len(proposed["items"]) == 3
    assert "heuristic" in await terminal.run("plan", "--campaign", "latest")
    looked = await terminal.told("approve", "--look")
    assert "channel_in_sandbox" in {one["concern"] for one in looked["warnings"]}
    plan = looked["plan_id"]
    assert plan == (await terminal.told("simulate"))["plan_id"] == (await terminal.told("why"))["plan_id"]
    for words in (("approve", "--look"), ("simulate",), ("why",)):
        assert plan in await terminal.run(*words), "whoever looks at a plan can name it"
    named = ("--plan", plan, "--fingerprint", looked["fingerprint"])
    assert looked["fingerprint"] in await terminal.run("approve", "--look")
    assert (await terminal.told("approve", *named))["status"] == "scheduled"
    assert (await terminal.told("send"))["status"] == "active"
    assert (await terminal.told("campaigns", "pause"))["status"] == "paused"
    assert (await terminal.told("campaigns", "resume"))["status"] == "active"
    assert (await terminal.told("campaigns", "cancel"))["status"] == "cancelled"
    assert "cancelled" in await terminal.run("campaigns", "resume", code=4)


async def test_no_plan_is_approved_unseen(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """`liquor approve` took whatever plan of the newest campaign was current, also one made since it was looked at."""
    async with transaction() as session:
        await open_shop(session)
        await add_people(session, 40)
        await believe(session)
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}})
        await session.execute(
            text(
                "INSERT INTO purchases (customer_id, occurred_at, total)"
                " SELECT id, now() - make_interval(days => 5 + n * 3), 20 FROM customers, generate_series(1, 3) n"
            )
        )
    await terminal.told("score")
    await terminal.told("segments")
    status = "SELECT status FROM campaigns WHERE name = 'Mine'"
    seen = await terminal.told("plan", "--name", "Mine")
    newer = await terminal.told("plan", "--campaign", seen["campaign_id"])
    other = await terminal.told("plan", "--name", "Another's")
    refused = json.loads(await terminal.run("approve", seen["campaign_id"], "--json", code=2))
    assert (refused["field"], newer["plan_id"] in refused["message"]) == ("plan", True)
    assert newer["plan_id"] in await terminal.run("approve", seen["campaign_id"], code=2), "nobody there to be asked"
    mark = (await terminal.told("approve", seen["campaign_id"], "--look"))["fingerprint"]
    assert mark in refused["message"]
    assert mark in await terminal.run("approve", "--plan", newer["plan_id"], code=2), "as which messages it was seen"
    named = ("--plan", newer["plan_id"], "--fingerprint", "0" * 64)
    assert "changed since you looked" in await terminal.run("approve", *named, code=4)
    named = ("--plan", seen["plan_id"], "--fingerprint", mark)
    assert "newer plan" in await terminal.run("approve", *named, code=4)
    assert "another campaign" in await terminal.run("approve", seen["campaign_id"], "--plan", other["plan_id"], code=2)
    assert await one(status) == "awaiting_approval"
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    terminal.answers = ["n", "y"]
    asked = await terminal.run("approve", seen["campaign_id"], code=130)
    assert newer["plan_id"] in asked, "it is shown before anybody is asked"
    assert await one(status) == "awaiting_approval"
    assert "scheduled" in await terminal.run("approve", seen["campaign_id"])
    looked = await terminal.told("approve", "--plan", other["plan_id"], "--look")
    assert looked["plan_id"] == other["plan_id"], "a plan says which campaign it is of"


async def test_a_table_cuts_nothing_however_narrow(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cells list` showed half of each id at eighty columns, and `cells undo` wants the whole."""
    monkeypatch.setenv("COLUMNS", "80")
    async with transaction() as session:
        await open_shop(session)
        await create_segment(session, SYSTEM, {"name": "A segment of a rather long name", "rules": {"all": []}})
    why = "Because somebody promised it to a good customer at the counter, in so many words"
    made = await terminal.told(
        "cells", "pin", "a_segment_of_a_rather_long_name", "Favourite category", "email", "--reason", why
    )
    shown = await terminal.run("cells", "list")
    assert made["id"] in shown
    assert why in shown
    assert "undone" in await terminal.run("cells", "undo", made["id"])


async def test_a_database_that_does_not_answer_is_told_in_words(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\nann@example.com\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://x:x@127.0.0.1:9/x")
    get_settings.cache_clear()
    for words in (("segments",), ("import", "customers", str(file))):
        assert "The database cannot be reached" in await terminal.run(*words, code=7)


@pytest.mark.parametrize(
    ("middle", "low", "high", "form", "times", "told"),
    [
        (0.021, 0.01, 0.032, "{:+.1f} pts", 100, "+2.1 pts (95%: +1.0 pts to +3.2 pts)"),
        (1.5, None, 2.0, "{:+.2f}", 1, "+1.50 (no interval yet)"),
        (1.5, 1.0, None, "{:+.2f}", 1, "+1.50 (no interval yet)"),
    ],
)
def test_an_interval_is_told_where_there_is_one(
    middle: float, low: float | None, high: float | None, form: str, times: float, told: str
) -> None:
    assert _interval(middle, low, high, form, times) == told


def test_what_was_not_measured_is_a_dash() -> None:
    assert (_figure(None), _figure(0.12345)) == ("–", "0.123")
    assert plain({"a": [Decimal("1.5"), (UUID(int=1),)]}) == {"a": ["1.5", [str(UUID(int=1))]]}


async def test_the_kill_switch(terminal: Terminal) -> None:
    assert (await terminal.told("autopilot"))["stopped"] is False
    assert (await terminal.told("autopilot", "stop"))["stopped"] is True
    assert (await terminal.told("autopilot", "release"))["stopped"] is False
    assert "Say status" in await terminal.run("autopilot", "fly", code=2)


async def test_codes_users_keys_and_the_schema(terminal: Terminal, tmp_path: Path) -> None:
    codes = tmp_path / "codes.csv"
    codes.write_text("AB1\nAB2\nAB1\n")
    assert "Give --discount" in await terminal.run("coupons", "add", "June", str(codes), code=2)
    assert (await terminal.told("coupons", "add", "June", str(codes), "--discount", "10"))["added"] == 2
    assert (await terminal.told("coupons", "list"))["items"][0]["total"] == 2
    assert "There is no file" in await terminal.run("coupons", "add", "June", str(tmp_path / "x"), code=2)

    assert (await terminal.told("users", "setup-code"))["setup_code"]
    terminal.answers = ["twelve words of mine, said once"]
    added = await terminal.told("users", "add", "mara@example.com", "--role", "manager")
    assert await one("SELECT role FROM users") == added["role"] == "manager"
    assert "role must be one of" in await terminal.run("users", "add", "x@example.com", "--role", "king", code=2)
    before = await one("SELECT password_hash FROM users")
    assert "New password of mara@example.com" in await terminal.run("users", "reset-password", "mara@example.com")
    assert await one("SELECT password_hash FROM users") != before
    assert "set up already" in await terminal.run("users", "setup-code", code=4)

    assert len((await terminal.run("keys", "new")).strip()) > 30
    assert (await terminal.told("keys", "list"))["items"][0]["is_first"]
    terminal.answers = ["n"]
    await terminal.run("keys", "retire", code=130)
    schema = await terminal.told("migrate")
    assert schema["before"] == schema["now"]
    assert (await terminal.told("privacy", "replay"))["erased_again"] == 0
    copy = tmp_path / "copy"
    assert (await terminal.told("privacy", "anonymised", str(copy)))["rows"]["customers"] == 0
    assert len(list(copy.iterdir())) == 4
    assert (await terminal.told("data", "clear-sample")) is not None
    assert "No such command" in await terminal.run("nonsense", code=2)


async def test_the_embedded_data_is_deleted_on_a_yes_alone(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    monkeypatch.setenv("LIQUOR_DATA_DIR", str(folder))
    get_settings.cache_clear()
    assert "Nothing to delete" in await terminal.run("data", "clear")
    folder.mkdir()
    terminal.answers = ["n"]
    await terminal.run("data", "clear", code=1)
    assert folder.exists()
    assert "Deleted" in await terminal.run("data", "clear", "--yes")
    assert not folder.exists()


async def test_cells_are_pinned_forbidden_and_taken_back(terminal: Terminal) -> None:
    async with transaction() as session:
        await create_segment(session, SYSTEM, {"name": "All", "rules": {"all": []}, "optimal_channels": ["email"]})
    cell = ("all", "Favourite category", "email")
    assert "no such offer" in await terminal.run("cells", "pin", "all", "Nothing", "email", "--reason", "x", code=2)
    made = await terminal.told("cells", "pin", *cell, "--reason", "As promised", "--due", "overdue")
    assert made["rule"].startswith("Pinned: Favourite category by e-mail to All, of those overdue")
    other = await terminal.told("cells", "forbid", "all", "A word from the shop", "email", "--reason", "Tired")
    listed = (await terminal.told("cells", "list"))["items"]
    assert [one["effect"] for one in listed] == ["forbid", "pin"]
    for rule in (made, other):
        await terminal.told("cells", "undo", rule["id"])
    assert (await terminal.told("cells", "list"))["items"] == []
