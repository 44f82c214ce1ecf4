"""Nobody known gets nothing: every service that takes an actor refuses a stranger before it touches anything."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

import liquor_app
from liquor_app.accounts.permissions import STRANGER
from liquor_app.core.errors import Forbidden
from liquor_app.core.queue import Job
from liquor_app.segments.lists import CUSTOMER_ACTIONS, CUSTOMERS

ABOVE = ("screens", "rest", "ui", "cli", "commands", "liquor_app", "up", "demo")
"""Who calls services; and the sample, which is loaded into an empty shop."""
APART = {
    "liquor_app.core.sandbox.archive_member", "liquor_app.core.sandbox.workbook_rows",
    "liquor_app.templates.rendering.compile_worker",
}  # fmt: skip
"""Imported within the sandbox alone."""
GIVEN: dict[str, Any] = {
    "spec": CUSTOMERS, "bulk": CUSTOMER_ACTIONS, "customer_id": UUID(int=1), "campaign_id": UUID(int=1),
    "offer": "10% off", "discount_pct": "10", "days": 30, "action": "tag", "name": "tag", "source": "the till",
    "job": Job.ROLL_UP,
}  # fmt: skip
"""What is looked at before anybody is asked."""


class Untouched:
    """Stands for a database, and is none: whoever asks it first has not asked who is there."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was asked ({name}) before the actor")


def services() -> Iterator[Callable[..., Any]]:
    for module in pkgutil.walk_packages(liquor_app.__path__, "liquor_app."):
        if module.name.split(".")[1] in ABOVE or module.name in APART:
            continue
        loaded = importlib.import_module(module.name)
        for name, value in vars(loaded).items():
            own = inspect.iscoroutinefunction(value) and value.__module__ == module.name and not name.startswith("_")
            if own and "actor" in inspect.signature(value).parameters:
                yield value


def is_corridor(service: Callable[..., Any]) -> bool:
    """Its docstring says so: a part of a service, behind the door that asked."""
    return re.search(r"\bcorridor\b", service.__doc__ or "", re.IGNORECASE) is not None


DOORS = [one for one in services() if not is_corridor(one)]


@pytest.mark.parametrize("service", DOORS, ids=[f"{one.__module__[11:]}.{one.__name__}" for one in DOORS])
async def test_a_stranger_is_refused_first(service: Callable[..., Any]) -> None:
    given: list[Any] = []
    named: dict[str, Any] = {}
    for one in inspect.signature(service).parameters.values():
        if one.kind is one.VAR_KEYWORD and one.name == "evidence":
            named["source"] = "the till"
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            continue
        default = None if one.default is one.empty else one.default
        value = {"session": Untouched(), "actor": STRANGER}.get(one.name, GIVEN.get(one.name, default))
        if one.kind is one.KEYWORD_ONLY:
            named[one.name] = value
        else:
            given.append(value)
    with pytest.raises(Forbidden):
        await service(*given, **named)


def test_there_are_doors_to_try() -> None:
    assert len(DOORS) > 150
