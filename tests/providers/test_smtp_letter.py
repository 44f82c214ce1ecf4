"""A letter as it stands on the wire."""

from __future__ import annotations

import pytest

from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters import smtp
from liquor_app.providers.kit.base import OutgoingMessage
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.sending.recipients.unsubscribe import unsubscribe_url
from liquor_app.templates.rendering.render import unsubscribe_headers


def letter(headers: dict[str, str]) -> list[str]:
    message = OutgoingMessage(
        send_id=uuid7(), campaign_id=None, channel=Channel.EMAIL, sender="offers@shop.example",
        sender_name="Käse & Wein", recipient="ann@example.com", body=Whole("Hello"), subject="Für Sie " + "ü" * 90,
        headers=headers,
    )  # fmt: skip
    return smtp._mime(message).decode("ascii").split("\r\n\r\n")[0].split("\r\n")


def test_the_way_out_is_written_as_mail_programs_read_it() -> None:
    """RFC 2369 and 8058: the address itself between angle brackets, on one line, however long its signature is."""
    link = unsubscribe_url(uuid7())
    assert len(f"List-Unsubscribe: <{link}>") > 78, "what fits a line was never at risk"
    lines = letter(unsubscribe_headers(link))
    assert f"List-Unsubscribe: <{link}>" in lines
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert max(map(len, lines)) < 998


def test_words_are_still_encoded_and_folded() -> None:
    lines = letter({})
    subject = next(line for line in lines if line.startswith("Subject:"))
    assert "=?utf-8?" in subject
    assert max(map(len, lines)) <= 78


@pytest.mark.parametrize("name", ["List-Unsubscribe", "X-Other"])
def test_nothing_slips_in_behind_a_line_break(name: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|newline"):
        letter({name: "<https://x.example>\r\nBcc: everybody@example.com"})
