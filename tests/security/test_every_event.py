"""A viewer calls every event of the product, in a tab that never loaded its page, with values no page sends."""

from __future__ import annotations

import asyncio
from inspect import Parameter, signature
from typing import Any, get_origin

import pytest
from reflex_base.registry import RegistrationContext

from liquor_app.accounts.models import Role
from tests.api.client import Client
from tests.security.test_streams import opened
from tests.security.wire import Wire, running

pytestmark = pytest.mark.integration

ODD: dict[Any, list[Any]] = {
    str: ["", "x", "-1", "9" * 30], int: [-1, 0, 2**53], float: [-1, 2**53], bool: [True], list: [[]], dict: [{}],
}  # fmt: skip


def odd_values(hint: Any, nth: int) -> Any:
    kind = get_origin(hint) or hint
    values = ODD.get(kind, ODD[str])
    return values[nth % len(values)]


async def settled() -> None:
    """Wait until only streams are left, which have no end of their own."""
    before = -1
    async with asyncio.timeout(60):
        while (now := running()) != before:
            before = now
            await asyncio.sleep(2)


async def test_no_event_fails_whatever_it_is_given(
    wire: Wire, anybody: Client, caplog: pytest.LogCaptureFixture
) -> None:
    tab, _, _ = await opened(wire, "/campaigns", Role.USER)
    called = 0
    for name, registered in RegistrationContext.get().event_handlers.items():
        handler = registered.handler
        if ".liquor_app___" not in name or name.endswith(".setvar") or handler.is_background:
            continue
        taken = list(signature(handler.fn).parameters.items())[1:]
        hints = handler._type_hints or {}
        for nth in range(4 if taken else 1):
            payload = {
                key: odd_values(hints.get(key, str), nth) for key, one in taken if one.default is Parameter.empty
            }
            await wire.namespace.on_event(tab.sid, tab.event(name, **payload))
            called += 1
    await settled()
    assert called > 200
    failed = {
        f"{record.getMessage()[:200]} {record.exc_info[1]!r}"[:400]
        for record in caplog.records
        if record.exc_info and record.exc_info[1]
    }
    assert not failed, "\n".join(sorted(failed))
    assert "Something went wrong" not in tab.text()
