"""Would a test notice? One-line faults, drawn by seed, one at a time; the tests that reach the line must fail.

    make mutants SLICE=analytics          # 30 of them; needs `make coverage` before

Prints a JSON line a mutant and a last one a slice: {"slice", "mutants", "killed", "share"}. Survivors carry the line
before and after, so that a reader can judge whether the two mean the same.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("liquor_app", "tests", "alembic", "worker", "benchmarks", "scripts", "assets", "docs")
SECONDS = 240
TEMPLATE = "liquor_mutants"
"""The migrated database each run's own is copied from."""
UNCHANGING = (
    "pytest",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "psycopg",
    "psycopg_pool",
    "pandas",
    "scipy.optimize",
    "fastapi",
    "reflex",
    "httpx",
    "arq",
    "redis.asyncio",
    "hypothesis",
    "twilio",
    "alembic.command",
    "typer",
)
"""What the tests import of others: taken in once for all mutants."""
MOST_TESTS = 24
FEW = 3
"""Fewer tests than this that reach a line, and the slice's own are run."""
FLIPPED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
SPELLED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
SQL = re.compile(r"\b(SELECT|UPDATE|INSERT|DELETE)\b")
IN_SQL = ((" AND ", " OR "), (">=", ">"), ("<=", "<"), (" > ", " >= "), (" < ", " <= "), ("NOT EXISTS", "EXISTS"))


@dataclass(frozen=True, slots=True)
class Mutant:
    """One line, changed."""

    path: Path
    line: int
    kind: str
    before: str
    after: str
    in_function: bool


def _spots(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Nodes, and whether they run in a function (and not when the module is imported)."""

    def walk(node: ast.AST, inside: bool) -> Iterator[tuple[ast.AST, bool]]:
        for child in ast.iter_child_nodes(node):
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            within = child in node.body if function else inside  # type: ignore[attr-defined]
            yield child, within
            yield from walk(child, within)

    yield from walk(tree, False)


def mutants_of(path: Path) -> list[Mutant]:
    source = path.read_text()
    lines = source.splitlines()
    found: list[Mutant] = []

    def change(line: int, kind: str, after: str, inside: bool) -> None:
        if after != lines[line - 1]:
            found.append(Mutant(path, line, kind, lines[line - 1], after, inside))

    for node, inside in _spots(ast.parse(source)):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and inside:
            left, right, kind = node.left, node.comparators[0], type(node.ops[0])
            if left.end_lineno == right.lineno == left.lineno:
                line = lines[left.end_lineno - 1]
                start, end = left.end_col_offset or 0, right.col_offset
                middle = line.encode()[start:end].decode()
                if SPELLED[kind] in middle:
                    new = middle.replace(SPELLED[kind], FLIPPED[kind], 1)
                    changed = line.encode()[:start].decode() + new + line.encode()[end:].decode()
                    change(left.lineno, "flipped comparison", changed, inside)
        elif isinstance(node, ast.If) and inside and len(node.body) == 1 and not node.orelse:
            if isinstance(node.body[0], ast.Raise | ast.Return | ast.Continue) and node.test.end_lineno == node.lineno:
                line = lines[node.lineno - 1]
                start, end = node.test.col_offset, node.test.end_col_offset or 0
                changed = line.encode()[:start].decode() + "False" + line.encode()[end:].decode()
                change(node.lineno, "dropped guard", changed, inside)
        elif isinstance(node, ast.Expr) and inside and node.lineno == node.end_lineno:
            called = node.value.value if isinstance(node.value, ast.Await) else node.value
            if isinstance(called, ast.Call):
                name = ast.unparse(called.func)
                if re.search(r"authori|require|check|demand|refuse|forbid", name):
                    line = lines[node.lineno - 1]
                    change(node.lineno, "dropped guard", line[: len(line) - len(line.lstrip())] + "pass", inside)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and inside:
            one = node.right
            if (
                isinstance(one, ast.Constant)
                and one.value == 1
                and type(one.value) is int
                and one.lineno == node.lineno
            ):
                line = lines[one.lineno - 1]
                changed = line[: one.col_offset] + "2" + line[(one.end_col_offset or 0) :]
                change(one.lineno, "off by one", changed, inside)
        elif isinstance(node, ast.Constant) and type(node.value) is int and 1 < node.value < 10_000 and inside:
            line = lines[node.lineno - 1]
            changed = line[: node.col_offset] + str(node.value - 1) + line[(node.end_col_offset or 0) :]
            change(node.lineno, "off by one", changed, inside)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                for old, new in IN_SQL:
                    if old in lines[number - 1]:
                        change(number, "statement", lines[number - 1].replace(old, new, 1), False)
                        break
    return found


def tests_of(data: CoverageData, mutant: Mutant) -> list[str]:
    """Tests that ran the line; for a statement, which is a constant, those that ran its module's functions."""
    contexts = data.contexts_by_lineno(str(mutant.path))
    if mutant.in_function:
        named = contexts.get(mutant.line, [])
        if not any(named):  # a later line of a statement that spans several
            named = next((contexts[n] for n in range(mutant.line - 1, mutant.line - 6, -1) if contexts.get(n)), [])
        counted = {name: 1 for name in named if name}
    else:
        counted = defaultdict(int)
        for names in contexts.values():
            for name in names:
                if name:
                    counted[name] += 1
    home = f"tests.{mutant.path.relative_to(ROOT).parts[1]}."
    ordered = sorted(counted, key=lambda name: (not name.startswith(home), -counted[name], name))
    # some of every file: two tests of two files notice more than two of one
    by_file: dict[str, list[str]] = defaultdict(list)
    for name in ordered:
        by_file[".".join(name.split(".")[:3])].append(name)
    chosen: list[str] = []
    while len(chosen) < MOST_TESTS and any(by_file.values()):
        for names in by_file.values():
            if names:
                chosen.append(names.pop(0))
    return chosen[:MOST_TESTS]


def arguments(names: list[str]) -> list[str]:
    """What pytest is told: node ids; of a contract, which its heirs run, the folder and the test's name."""
    nodes: list[str] = []
    inherited: list[str] = []
    for name in names:
        parts = name.split(".")
        depth = next((n for n in range(len(parts), 0, -1) if (ROOT / Path(*parts[:n]).with_suffix(".py")).exists()), 0)
        if not depth:
            continue
        file = Path(*parts[:depth]).with_suffix(".py")
        if file.name.startswith("test_"):
            nodes.append("::".join([str(file), *parts[depth:]]))
        elif parts[-1].startswith("test_"):
            inherited.append(parts[-1])
            nodes.append(str(file.parent))
    if not inherited:
        return nodes
    whole = {node for node in nodes if "::" not in node}
    if all("::" not in node for node in nodes):
        return [*sorted(whole), "-k", " or ".join(sorted(set(inherited)))]
    return [node for node in nodes if "::" in node]


class Nursery:
    """Runs pytest in children that need not import what never changes: a fork of a process which has it all.

    It is a process of its own, for our package must not be imported before the changed copy is.
    """

    def __init__(self, copy: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--nursery", str(copy)], cwd=copy, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, told: list[str]) -> int:
        """Return pytest's code; -1 where it took longer than `SECONDS`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def nurse(copy: Path) -> None:
    """Answer each line of arguments with pytest's code, until there are no more."""
    import importlib

    for name in UNCHANGING:
        importlib.import_module(name)
    import pytest

    assert "liquor_app" not in sys.modules
    sys.path.insert(0, str(copy))
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *json.loads(line)])
            os._exit(int(code))
        print(_waited(child), flush=True)


def _waited(child: int) -> int:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def survives(copy: Path, mutant: Mutant, told: list[str], nursery: Nursery) -> bool:
    """Run the tests on the changed copy: true when none fails."""
    target = copy / mutant.path.relative_to(ROOT)
    lines = mutant.path.read_text().splitlines(keepends=True)
    lines[mutant.line - 1] = mutant.after + "\n"
    target.write_text("".join(lines))
    try:
        return nursery.run(told) in {0, 5}
    finally:
        shutil.copy2(mutant.path, target)  # with its time, so that what was compiled of it holds again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slices", nargs="*")
    parser.add_argument("--nursery", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    if told.nursery:
        return nurse(told.nursery)
    if not told.slices:
        parser.error("say which slices")
    data = CoverageData(str(ROOT / ".coverage"))
    data.read()
    from sqlalchemy import create_engine, text

    from liquor_app.core.platform import embedded, migrate, runtime_info

    copy = Path(tempfile.mkdtemp(prefix="liquor-mutants-", dir="/var/lib" if os.geteuid() == 0 else None))
    copy.chmod(0o755)
    os.environ["LIQUOR_DATA_DIR"] = str(copy / "engines")
    try:
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ROOT.iterdir():
            if file.is_file() and not file.name.startswith(".coverage"):
                shutil.copy(file, copy / file.name)
        compileall.compile_dir(copy, quiet=1, workers=0)
        with embedded.engines():
            admin = create_engine(runtime_info.database_owner_url(), isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
            admin.dispose()
            migrate.upgrade(runtime_info.database_owner_url().rsplit("/", 1)[0] + f"/{TEMPLATE}")
            environment = os.environ | {
                "LIQUOR_TEST_TEMPLATE": TEMPLATE,
                "TEST_DATABASE_URL": runtime_info.database_owner_url(), "TEST_REDIS_URL": runtime_info.redis_url(),
                "PYTHONDONTWRITEBYTECODE": "1",
            }  # fmt: skip
            environment.pop("LIQUOR_DATA_DIR")
            nursery = Nursery(copy, environment)
            try:
                for name in told.slices:
                    judge(name, (told.count, told.seed), data, copy, nursery)
            finally:
                nursery.close()
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def judge(name: str, drawn_by: tuple[int, int], data: CoverageData, copy: Path, nursery: Nursery) -> None:
    """Draw (how many, seed), try and print the mutants of a slice."""
    count, seed = drawn_by
    there = [
        mutant
        for path in sorted((ROOT / "liquor_app" / name).rglob("*.py"))
        if name != "screens" or path.name == "state.py"
        for mutant in mutants_of(path)
    ]
    drawn = random.Random(f"{seed} {name}").sample(there, min(count, len(there)))
    killed = 0
    for number, mutant in enumerate(drawn):
        tests = arguments(tests_of(data, mutant))
        if len(tests) < FEW and (ROOT / "tests" / name).is_dir():  # what runs in threads of tests has no context
            tests = [f"tests/{name}"] if "-k" in tests else [*tests, f"tests/{name}"]
        if number % 10 == 0 and tests and nursery.run(tests):
            sys.exit(f"These fail without a fault as well: {' '.join(tests)}")
        survived = not tests or survives(copy, mutant, tests, nursery)
        killed += not survived
        where = f"{mutant.path.relative_to(ROOT)}:{mutant.line}"
        line = {"mutant": where, "kind": mutant.kind, "survived": survived, "tests": len(tests)}
        if survived:
            line |= {"before": mutant.before.strip(), "after": mutant.after.strip()}
        print(json.dumps(line), flush=True)
    print(
        json.dumps({"slice": name, "mutants": len(drawn), "killed": killed, "share": round(killed / len(drawn), 3)}),
        flush=True,
    )


if __name__ == "__main__":
    main()
