"""What authors and uploaders supply is parsed where nothing can be read, opened, reached or worn out."""

from __future__ import annotations

import ast
import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.errors import TooMany, Unavailable
from liquor_app.core.sandbox import Broken, Overrun, RowStream, Sandbox, jail
from liquor_app.core.sandbox import process_pool as pool_module
from liquor_app.core.sandbox.jailed_process import Worker
from liquor_app.templates.rendering.compile_sandboxed import COMPILING
from tests.sources import parsed, reads_sources

HOSTILE = "tests.security.hostile_worker"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(HOSTILE, size=1, seconds=1)
    yield made
    made.close()


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_nothing_is_within_reach(
    sandbox: Sandbox, listener: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the shop")
    secret.chmod(0o644)
    for path in (str(secret), "/etc/passwd", "/proc/self/environ", f"/proc/{os.getpid()}/environ", "/dev/null"):
        assert sandbox.call("open", path).startswith("refused"), path
    assert sandbox.call("write", str(tmp_path / "new")).startswith("refused")
    assert sandbox.call("connect", listener).startswith("refused")
    assert sandbox.call("resolve", "localhost").startswith("refused")
    assert sandbox.call("raise_limits", None).startswith("refused")
    assert sandbox.call("run", None).startswith("refused")
    if os.geteuid() == 0:
        assert sandbox.call("fork", None).startswith("refused")
        assert sandbox.call("kill_parent", None).startswith("refused")


def test_a_worker_holds_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIQUOR_SECRET_KEY", "of the shop" * 4)
    sandbox = Sandbox(HOSTILE, size=1)
    facts = sandbox.call("facts", None)
    assert {name: value for name, value in facts["environment"].items() if name != "LC_CTYPE"} == {}
    assert facts["held"] == [0, 1, 2]
    assert facts["uid"] == (jail.USER if os.geteuid() == 0 else os.geteuid())
    sandbox.close()


def test_a_worker_comes_after_everybody_else(sandbox: Sandbox) -> None:
    """As a process and, where sessions are groups to the scheduler, as a group: within which alone niceness counts."""
    worker = Worker(HOSTILE)
    try:
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) == os.getpriority(os.PRIO_PROCESS, 0) + jail.STANDS_BACK
        if (group := Path(f"/proc/{worker.pid}/autogroup")).exists():
            assert group.read_text().split()[-1] == str(jail.STANDS_BACK)
            assert group.read_text() != Path("/proc/self/autogroup").read_text()
    finally:
        worker.kill()


def test_who_swells_or_never_ends_is_killed(sandbox: Sandbox) -> None:
    for operation, why in (("swell", "memory|time"), ("spin", "time"), ("dig", "memory"), ("shout", "answer")):
        with pytest.raises(Overrun, match=why):
            sandbox.call(operation, None)
        assert sandbox.call("facts", None)["pid"], "the next question is answered"
    with pytest.raises(Overrun, match="question"):
        sandbox.call("fail", "x" * (jail.MOST_BYTES + 1))


def test_a_worker_that_fails_tells_nothing_of_what_it_read(sandbox: Sandbox) -> None:
    with pytest.raises(Broken) as caught:
        sandbox.call("fail", "a customer's name")
    assert str(caught.value) == "KeyError"
    with pytest.raises(Broken):
        sandbox.call("die", None)
    with pytest.raises(Broken):
        sandbox.call("no such operation", None)
    assert sandbox.call("facts", None)["pid"]


def test_workers_are_replaced_after_their_time() -> None:
    sandbox = Sandbox(HOSTILE, size=1, lifetime=3)
    pids = [sandbox.call("facts", None)["pid"] for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    last = pids[-1]
    sandbox.close()
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


def test_a_worker_that_can_still_open_something_is_not_used() -> None:
    assert not jail.can_open_nothing(), "the proof fails where it has to"
    with pytest.raises(Unavailable, match="nothing is read in it"):
        Sandbox("tests.security.careless_worker").call("pid", None)


def test_rows_stop_when_they_do_not_come_and_do_not_run_ahead(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    with path.open("rb") as file:
        stream = RowStream(HOSTILE, "endless", file, None, seconds=1)
        assert next(stream) == 1
        with pytest.raises(Overrun):
            next(stream)
        stream = RowStream(HOSTILE, "many", file, None, seconds=5)
        pid = stream._worker.pid
        next(stream)
        time.sleep(0.2)
        assert len(stream._worker._buffer) < 1 << 17, "the pipe is full, and the worker waits"
        os.kill(pid, 0)
        stream.close()
        stream.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_who_finds_no_worker_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "WAIT_SECONDS", 0.2)
    sandbox = Sandbox(HOSTILE, size=1, seconds=2)

    def spin() -> None:
        with pytest.raises(Overrun):
            sandbox.call("spin", None)

    busy = threading.Thread(target=spin)
    busy.start()
    time.sleep(1)
    with pytest.raises(TooMany, match="try again"):
        sandbox.call("facts", None)
    busy.join()
    sandbox.close()


async def test_nobody_else_waits_for_templates() -> None:
    """Threads are busy, the loop is not; those who come late are told so instead of piling up."""
    gate = threading.Event()
    waiting = [asyncio.ensure_future(COMPILING.run(gate.wait, 20)) for _ in range(12)]
    await asyncio.sleep(0.05)
    with pytest.raises(TooMany):
        await COMPILING.run(gate.wait, 20)
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 12


INSIDE = {
    "css_inline": "templates/rendering/mjml_compiler.py",
    "mjml": "templates/rendering/mjml_compiler.py",
    "openpyxl": "core/sandbox/workbook_rows.py",
    "liquor_app.templates.rendering.mjml_compiler": "templates/rendering/compile_worker.py",
    "liquor_app.templates.rendering.compile_worker": None,
    "liquor_app.core.sandbox.archive_member": None,
    "liquor_app.core.sandbox.workbook_rows": None,
}
"""What only one module imports, because it runs in the sandbox; None: nobody does, it is named to the worker."""


@reads_sources
def test_parsers_are_imported_inside_only() -> None:
    found: dict[str, set[str]] = {}
    for path in [*(PROJECT_ROOT / "liquor_app").rglob("*.py"), *(PROJECT_ROOT / "worker").rglob("*.py")]:
        for node in ast.walk(parsed(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
            for name in names:
                for parser in INSIDE:
                    if name == parser or name.startswith(f"{parser}."):
                        found.setdefault(parser, set()).add(str(path.relative_to(PROJECT_ROOT / "liquor_app")))
    assert found == {parser: {place} for parser, place in INSIDE.items() if place}


def test_the_running_app_has_no_parser_in_it() -> None:
    """Not by any detour either: the web app, the worker and the command line, imported whole."""
    names = [name for name in INSIDE if "." not in name]
    program = (
        "import sys, worker, liquor_app.liquor_app, liquor_app.cli\n"
        f"print(sorted(name for name in {names!r} if name in sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert said.stdout.strip().splitlines()[-1] == "[]"
