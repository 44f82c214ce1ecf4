"""Every action on an account is either told to whose it is, or said to be no news to them."""

from __future__ import annotations

import re
from pathlib import Path

from liquor_app.accounts.entry.told_changes import TOLD

APP = Path(__file__).parents[2] / "liquor_app"
OF_ACCOUNTS = re.compile(r"""\baudit(?:_change|_access)?\([^"]*"((?:user|api_key|two_steps|passkey)\.[a-z_]+)\"""")
NO_NEWS = {
    "user.created": "they are asked in by a link of its own",
    "user.joined": "they have just chosen the password themselves",
    "user.link_mailed": "the mail is the news",
    "user.passkey_renamed": "it opens what it opened",
    "user.signed_out": "it opens nothing, and they see it at once",
    "api_key.changed": "it may ask more or less often, and no more than before",
    "api_key.refused": "anybody can cause it, as often as they like",
    "api_key.revoked": "it opens nothing any more",
    "two_steps.begun": "nothing holds until a code was said",
    "passkey.used": "a sign-in: the profile lists where one is signed in",
    "passkey.refused": "anybody can cause it, as often as they like",
}


def test_every_action_on_an_account_is_told_or_no_news() -> None:
    found = {name for path in APP.rglob("*.py") for name in OF_ACCOUNTS.findall(path.read_text())}
    found |= {"user.joined", "user.password_reset"}  # one of the two, by the kind of the link
    assert found == set(TOLD) | set(NO_NEWS)
    assert not set(TOLD) & set(NO_NEWS)
