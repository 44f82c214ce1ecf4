"""Waiting for a child that starts: as long as it gets on, and never without a word."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from liquor_app import up
from liquor_app.core.errors import Unavailable
from liquor_app.core.platform.child_process import Child, Patience
from liquor_app.core.platform.supervisor import Supervisor


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    started: list[Child] = []

    def run(program: str) -> Child:
        child = Child("web", [sys.executable, "-u", "-c", program], tmp_path / "web.log")
        child.start()
        started.append(child)
        return child

    yield run
    for child in started:
        child.stop(0.1)


def outlast(patience: Patience, seconds: float) -> bool:
    """Whether it lasts that long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if patience.is_over:
            return False
        time.sleep(0.02)
    return True


def test_whoever_works_is_waited_for(start: object) -> None:
    """However slowly: on a loaded machine a start takes minutes."""
    said: list[str] = []
    child = start("import time\nwhile True:\n print('reading pages'); time.sleep(0.05)")  # type: ignore[operator]
    assert outlast(Patience(child, said.append, idle=0.6, every=0.5), 2.0)
    assert said
    assert "web is still starting" in said[0]
    assert "reading pages" in said[0]


def test_whoever_stands_still_is_given_up(start: object) -> None:
    child = start("import time; time.sleep(60)")  # type: ignore[operator]
    patience = Patience(child, lambda _: None, idle=0.5)
    assert not outlast(patience, 10)
    assert "did nothing for 0" in patience.why or "did nothing for 1" in patience.why
    assert "It wrote nothing." in patience.why


def test_whoever_never_ends_is_given_up_too(start: object) -> None:
    child = start("while True: pass")  # type: ignore[operator]
    patience = Patience(child, lambda _: None, idle=60, most=0.5)
    assert not outlast(patience, 5)
    assert "was not ready after" in patience.why


def test_whoever_dies_says_why(start: object) -> None:
    child = start("import sys; print('no such port'); sys.exit(3)")  # type: ignore[operator]
    patience = Patience(child, lambda _: None)
    assert not outlast(patience, 10)
    assert "ended with code 3" in patience.why
    assert "no such port" in patience.why


class _Server(BaseHTTPRequestHandler):
    """Answers as it is told, request by request."""

    answers: ClassVar[list[tuple[int, bytes]]] = []

    def do_GET(self) -> None:
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{one.server_port}/"
        one.shutdown()


def test_what_a_server_lacks_is_told_in_its_own_words(server: str) -> None:
    """Waiting for a database that another version migrated said four minutes long that nothing had been said."""
    for status, body, told in [
        (200, b"{}", ""),
        (503, b'{"detail": "The database is at migration 0116, this version needs 0114."}', "needs 0114."),
        (502, b"<html>", "It answers 502."),
        (500, b"[]", "It answers 500."),
    ]:
        _Server.answers = [(status, body)]
        assert up._lacks(server).endswith(told)
        assert bool(up._lacks(server)) == bool(told)
    assert up._lacks("http://127.0.0.1:1/") == "It does not answer."


def test_waiting_for_the_web_server_says_what_it_lacks(
    start: object, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _Server.answers = [(503, b'{"detail": "The database was never migrated."}')]
    child = start("import time; time.sleep(60)")  # type: ignore[operator]
    said: list[str] = []
    monkeypatch.setattr(up, "_own_address", lambda *_: server)
    monkeypatch.setattr(up, "Patience", lambda web, say: Patience(web, say, idle=2.5, every=0.4))
    supervisor = Supervisor(said.append)
    with pytest.raises(Unavailable, match=r"The database was never migrated\. it did nothing"):
        up._wait_until_ready(child, supervisor, 1)
    assert "The database was never migrated." in said[0]
