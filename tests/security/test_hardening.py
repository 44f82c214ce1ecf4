"""What is so because nothing says otherwise: headers, methods, primitives, how programs start, password fields."""

from __future__ import annotations

import ast
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import Type, extract_parameters

from liquor_app.accounts.entry.passwords import hash_password
from liquor_app.core import config
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.platform.logs import JsonFormatter
from tests.api.client import Client, is_problem
from tests.sources import parsed, reads_sources

SOURCES = [path for folder in ("liquor_app", "worker") for path in (PROJECT_ROOT / folder).rglob("*.py")]


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(parsed(path.read_text())) if isinstance(node, ast.Call)]


def name_of(node: ast.expr) -> str:
    return f"{name_of(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else getattr(node, "id", "")


# --- answers ---

ANSWERS = ("/api/v1/health/live", "/api/v1/customers", "/api/v1/nothing", "/docs", "/openapi.json", "/nothing")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("address", "wanted"), [("https://shop.example", "max-age=31536000; includeSubDomains"), ("", None)]
)
async def test_over_https_browsers_are_told_to_stay_there(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, address: str, wanted: str | None
) -> None:
    monkeypatch.setenv("LIQUOR_PUBLIC_URL", address)
    config.get_settings.cache_clear()
    for path in ANSWERS:
        assert (await http.get(path)).headers.get("strict-transport-security") == wanted, path


@pytest.mark.integration
async def test_no_other_origin_reads_an_answer(http: httpx.AsyncClient) -> None:
    for path in ANSWERS:
        for method in ("GET", "OPTIONS"):
            asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
            answer = await http.request(method, path, headers=asked)
            assert [one for one in answer.headers if one.startswith("access-control-")] == [], (method, path)
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-type"].partition(";")[0] in {
                "application/json", "application/problem+json", "text/html",
            }  # fmt: skip


@pytest.mark.integration
async def test_a_trace_is_not_answered(anybody: Client) -> None:
    for path in ("/customers", "/health/live"):
        is_problem(await anybody.call("TRACE", path, headers={"X-Secret": "mark3r"}), 405, "method_not_allowed")


# --- source ---


@reads_sources
def test_no_shell_is_started() -> None:
    """Programs are started by lists of arguments: no word of anybody's is read by a shell."""
    found, started = [], 0
    for path in SOURCES:
        for call in calls(path):
            name = name_of(call.func)
            if name in {"os.system", "os.popen", "subprocess.getoutput", "asyncio.create_subprocess_shell"} or any(
                one.arg == "shell" for one in call.keywords
            ):
                found.append(f"{path.name}:{call.lineno}")
            if name in {"subprocess.run", "subprocess.Popen", "subprocess.check_output"}:
                started += 1
                if call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr):
                    found.append(f"{path.name}:{call.lineno}")
    assert started > 3
    assert found == []


@reads_sources
def test_primitives_are_of_libraries_and_none_is_broken() -> None:
    hashed: set[str] = set()
    for path in SOURCES:
        for call in calls(path):
            name = name_of(call.func)
            if name.startswith("hashlib."):
                hashed.add(name.partition(".")[2])
            if name in {"hmac.new", "hmac.digest", "hashlib.file_digest", "hashlib.new"}:
                digest = [one.value for one in call.args if isinstance(one, ast.Constant)]
                assert digest in (["sha256"], ["blake2b"]) or name_of(call.args[-1]) == "hashlib.sha256", (
                    f"{path.name}:{call.lineno}"
                )
    assert hashed == {"sha256", "file_digest", "blake2b"}


@reads_sources
def test_secrets_are_of_the_systems_generator() -> None:
    """Nothing that decides who gets in knows `random`, whose next number follows from those before."""
    places = [path for path in SOURCES if {"accounts", "security"} & set(path.parts)]
    assert len(places) > 30
    for path in places:
        for node in ast.walk(parsed(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"random", "numpy", "numpy.random"} & set(names), f"{path.name} imports {names}"


@reads_sources
def test_password_fields_hide_what_is_typed_and_let_managers_fill_it() -> None:
    seen = 0
    for path in (PROJECT_ROOT / "liquor_app" / "screens" / "accounts").rglob("*.py"):
        for call in calls(path):
            name = call.args[1] if len(call.args) > 1 else None
            if (
                name_of(call.func) != "text_field"
                or not isinstance(name, ast.Constant)
                or "password" not in str(name.value)
            ):
                continue
            told: dict[str | None, Any] = {one.arg: getattr(one.value, "value", None) for one in call.keywords}
            seen += 1
            assert told.get("type") == "password", f"{path.name}:{call.lineno}"
            assert told.get("auto_complete") in {"current-password", "new-password"}, f"{path.name}:{call.lineno}"
            assert not {"on_paste", "read_only"} & set(told), f"{path.name}:{call.lineno}"
    assert seen >= 6


# --- what is stored and written ---


async def test_passwords_cost_what_owasp_asks() -> None:
    """Argon2id with 19 MiB and two passes, or more (OWASP Password Storage Cheat Sheet)."""
    cost = extract_parameters(await hash_password("tundra oboe kestrel 7"))
    assert cost.type is Type.ID
    assert cost.memory_cost >= 19 * 1024
    assert cost.time_cost >= 2
    assert cost.hash_len >= 32
    assert cost.salt_len >= 16


def test_a_line_of_the_log_is_json_where_that_is_asked() -> None:
    record = logging.LogRecord("liquor_app.api", logging.WARNING, "", 0, 'said "%s"\n{', ("x",), None)
    told = json.loads(JsonFormatter().format(record))
    assert (told["level"], told["logger"]) == ("warning", "liquor_app.api")
    assert set(told) == {"at", "level", "logger", "message"}
