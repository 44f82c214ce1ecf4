"""What is evaluated in a browser: constants, and data as JSON, nothing else."""

from __future__ import annotations

import ast

import pytest

from liquor_app.core.config import PROJECT_ROOT
from tests.sources import parsed, reads_sources

EVALUATED = {"call_script", "run_script"}


def is_safe(node: ast.expr) -> bool:
    """A text of ours, or one with values that went through `json.dumps`; sums and choices of such."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.JoinedStr):
        return all(is_safe(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        call = node.value
        return isinstance(call, ast.Call) and ast.unparse(call.func) == "json.dumps" and node.conversion == -1
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and is_safe(node.left) and is_safe(node.right)
    if isinstance(node, ast.IfExp):
        return is_safe(node.body) and is_safe(node.orelse)
    return False


def evaluated(source: str) -> list[ast.Call]:
    """Every call that has its first argument evaluated in the browser."""
    calls = [node for node in ast.walk(parsed(source)) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in EVALUATED]


SOURCES = sorted((PROJECT_ROOT / "liquor_app").rglob("*.py"))


@reads_sources
def test_every_script_is_a_constant_with_data_as_json() -> None:
    calls = [
        (f"{path.relative_to(PROJECT_ROOT)}:{call.lineno}", call)
        for path in SOURCES
        for call in evaluated(path.read_text(encoding="utf-8"))
    ]
    assert len(calls) > 10
    for place, call in calls:
        assert call.args, f"{place}: the script is the first argument"
        assert is_safe(call.args[0]), f"{place}: only constants and json.dumps(…), not {ast.unparse(call.args[0])}"


def test_there_is_no_other_way() -> None:
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        for other in ("window_eval", "FunctionStringVar", "rx.call_function", "dangerously_set_inner_html", "rx.html("):
            assert other not in text, f"{source}: {other}"
        assert "import call_script" not in text, source


@pytest.mark.parametrize(
    "script",
    ["name", "f'open({name})'", "'open(' + name + ')'", "f'open({json.dumps(name)!r})'", "f'open({str(name)})'",
     "'open(%s)' % name", "'open({})'.format(name)", "5"],
)  # fmt: skip
def test_other_scripts_are_noticed(script: str) -> None:
    (call,) = evaluated(f"rx.call_script({script})")
    assert not is_safe(call.args[0])
