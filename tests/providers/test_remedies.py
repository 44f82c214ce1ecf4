"""What only the shop can mend is said with how, and never held against an address."""

from __future__ import annotations

from typing import Any

import pytest

from liquor_app.providers.adapters.twilio_events import _event, _kind
from liquor_app.providers.kit.base import EventKind
from liquor_app.providers.kit.remedies import TWILIO, explained, remedy_of


@pytest.mark.parametrize("code", TWILIO)
@pytest.mark.parametrize("status", ["failed", "undelivered"])
def test_carriers_codes_are_configuration(code: int, status: str) -> None:
    form: dict[str, Any] = {
        "MessageStatus": status,
        "ErrorCode": str(code),
        "MessageSid": "SM" + "1" * 32,
        "To": "+12075550100",
    }
    assert _kind(form, code) is EventKind.FAILED
    told = _event(form, None)
    assert (told.kind, told.is_permanent) == (EventKind.FAILED, False)
    assert remedy_of(told.code, told.detail) == TWILIO[code]


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        ("550", "5.7.26 Unauthenticated email from example.com is not accepted", "Gmail"),
        ("550", "5.7.515 Access denied, sending domain does not meet the required authentication level", "Microsoft"),
        (550, "This message does not have authentication information: unauthenticated sender", "Gmail"),
        ("421", "4.7.26 this message is unauthenticated", "Gmail"),
        ("550", "5.7.25 no PTR record", "PTR"),
        ("550", "5.1.1 no such user", ""),
        (None, None, ""),
        ("30003", "unreachable", ""),
    ],
)
def test_mailboxes_refusals_are_explained(code: str | int | None, words: str | None, told: str) -> None:
    assert (told in remedy_of(code, words)) if told else remedy_of(code, words) == ""


def test_an_explanation_is_given_once() -> None:
    once = explained("30034", "Unregistered number")
    assert once == f"Unregistered number. {TWILIO[30034]}"
    assert explained("30034", once) == once
    assert explained("5.1.1", "no such user") == "no such user"
    assert explained(None, None) is None
