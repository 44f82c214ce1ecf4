"""Who may do what stands in one table: nothing else in the product says it again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from fastapi.routing import APIRoute, APIWebSocketRoute
from reflex_base.registry import RegistrationContext

from liquor_app import cli
from liquor_app.accounts.key_areas import SCOPES
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import AREAS, JOBS, RANK, TABLE, Permission, Way, needed
from liquor_app.accounts.permissions import SYSTEM, may
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.queue import Job
from liquor_app.liquor_app import app
from liquor_app.rest.routers import AT_ROOT, ROUTERS, create_api
from liquor_app.screens.accounts.permissions.page import permission_line
from tests.guards.permission_table import as_markdown, in_docs
from worker.settings import TASKS

PAGES = app
"""Loading the roof registers every page's events."""
ROLES_NAMED = {
    "accounts/permission_table.py": "the table",
    "accounts/models.py": "the roles there are, and the one a new user has",
    "accounts/permissions.py": "what the system and strangers are",
    "accounts/users.py": "the first person of a shop is its admin",
    "accounts/team.py": "a shop is never without an admin",
    "accounts/entry/second_step_rule.py": "who is asked for a second step, and what they are until then",
    "accounts/entry/two_steps.py": "whom a shop asks for a second step",
    "planning/approval/autopilot.py": "what the autopilot is",
    "rest/accounts.py": "the role somebody is given",
    "rest/people/team.py": "the role somebody is given",
    "screens/accounts/team/page.py": "the roles there are to give",
    "screens/accounts/api_keys/page.py": "the roles there are to give",
}
"""Modules that name a role, each with why; none of them lets anybody do anything by it."""


def roles_in(tree: ast.AST) -> Iterator[int]:
    """Lines that name a role: `Role.ADMIN`, or its value compared with somebody's role."""
    names = {role.name for role in Role}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Role":
            if node.attr in names:
                yield node.lineno
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            of_role = any(isinstance(one, ast.Attribute) and one.attr in ("role", "_role") for one in sides)
            if of_role and any(isinstance(one, ast.Constant) and one.value in set(Role) for one in sides):
                yield node.lineno


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((PROJECT_ROOT / "liquor_app").rglob("*.py")):
        yield str(path.relative_to(PROJECT_ROOT / "liquor_app")), ast.parse(path.read_text())


def test_no_module_decides_by_a_role() -> None:
    naming = {name for name, tree in modules() if any(True for _ in roles_in(tree))}
    assert naming - ROLES_NAMED.keys() == set(), "ask for a permission instead: require(actor, Permission.X)"
    assert ROLES_NAMED.keys() - naming == set(), "take these off the list"


@pytest.mark.parametrize("line", ["x = Role.ADMIN", 'if actor.role == "manager": pass', 'x = "admin" != self.role'])
def test_a_role_that_decides_is_found(line: str) -> None:
    assert list(roles_in(ast.parse(line))) == [1]


def test_permissions_are_asked_for_by_name() -> None:
    """`require` and `may` take a permission of the table, or one that a list or a verb was declared with."""
    wrong = []
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("require", "may"):
                asked = ast.unparse(node.args[1])
                if not re.search(r"\bPermission\b|\bPERMISSION\b|\bpermission\b", asked):
                    wrong.append(f"{name}:{node.lineno} {asked}")
    assert wrong == []


def test_every_permission_is_asked_for() -> None:
    """One that nothing asks for would be shown and mean nothing."""
    text = "\n".join(ast.unparse(tree) for name, tree in modules() if name != "accounts/permission_table.py")
    unused = [one.name for one in Permission if not re.search(rf"\bPermission\.{one.name}\b", text)]
    assert unused == []


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(Permission)
    assert set(JOBS) == set(Job), "say in JOBS what whoever asks for a job must have"
    assert len({rule.words for rule in TABLE.values()}) == len(TABLE)
    assert set(RANK) == set(Role)
    for permission, rule in TABLE.items():
        assert rule.words[0].isupper(), permission
        if rule.way is Way.ADMIN:
            assert rule.role is Role.ADMIN, f"{permission}: what a key's admin may, only admins may"
        if rule.role is None:
            assert not rule.area, f"{permission}: what everybody may takes no key"
    assert {scope.partition(":")[0] for scope in SCOPES} == set(AREAS)


def test_the_page_shows_the_table() -> None:
    for rule in TABLE.values():
        line = permission_line(rule)
        assert line["what"] == rule.words
        assert {role for role in RANK if line[role.value] == "yes"} == set(rule.roles)


def test_the_documentation_has_the_table() -> None:
    assert in_docs() == as_markdown(), "python -m tests.guards.permission_table"


def test_no_router_hides_routes_in_another() -> None:
    """FastAPI makes those when it is asked, and nobody who walks the routes sees them: list the router in ROUTERS."""
    for router in (*ROUTERS, *AT_ROOT):
        assert all(isinstance(one, APIRoute | APIWebSocketRoute) for one in router.routes), router.routes


def test_the_reference_says_what_each_operation_takes() -> None:
    known = {one.value for one in Permission}
    for path, operations in create_api().openapi()["paths"].items():
        for method, operation in operations.items():
            if "/health/" not in path:  # whether the app runs is told to everybody, before there is a database
                assert operation.get("x-permission") in known, f"{method} {path}: @needs(Permission.X)"


def test_every_event_says_what_it_takes() -> None:
    """Each event of each page, whatever runs in the background included."""
    events = {
        name: registered.handler.fn
        for name, registered in RegistrationContext.get().event_handlers.items()
        if ".liquor_app___" in name and not name.endswith(".setvar")
    }
    silent = [name for name, function in events.items() if needed(function) is None]
    assert silent == [], "@needs(Permission.X) right above the function"
    assert len(events) > 300


def test_every_job_says_what_it_takes() -> None:
    assert set(TASKS) == set(Job) == set(JOBS)
    for job, task in TASKS.items():
        assert hasattr(task, "__wrapped__") or JOBS[job] is None, f"{job} begins without asking"


def commands(group: typer.Typer) -> Iterator[Any]:
    for one in group.registered_commands:
        yield one.callback
    for one in group.registered_groups:
        assert one.typer_instance is not None
        yield from commands(one.typer_instance)


def test_every_command_says_what_it_takes() -> None:
    found = list(commands(cli.app))
    assert len(found) > 40
    for callback in found:
        permission = needed(callback)
        assert permission is not None, f"{callback.__name__}: @needs(Permission.X) right above the function"
        assert may(SYSTEM, permission)
        assert hasattr(callback, "__wrapped__"), f"{callback.__name__} runs without asking"
