"""A passkey's two requests, by whichever route they come: the cookie between them, and signing in with the second."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from liquor_app.accounts.cookies import CEREMONY, cookie_name
from liquor_app.accounts.entry.passkey_ceremony import Begun, Ceremony, take_challenge
from liquor_app.accounts.entry.passkeys import finish_entry
from liquor_app.accounts.users import UserRow
from liquor_app.api.client_address import source_group, source_of
from liquor_app.api.http_rate_limit import limit
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Invalid, Unauthenticated
from liquor_app.rest.kit.authentication import keep_cookie
from liquor_app.rest.kit.form_origin import is_own_form
from liquor_app.rest.kit.own_password import device_of

REFUSED = "This passkey was not accepted. Try again, or sign in with your password."
PER_MINUTE = 60
"""Of one device, or of one source: as with passwords."""


async def limit_passkeys(request: Request) -> None:
    """Count one use of passkeys by somebody unknown.

    Raises:
        Forbidden: a browser sends it from another site's page.
        TooMany: over the limit.
    """
    if not is_own_form(request):
        raise Forbidden("This request came from another site.")
    device = device_of(request)
    who = f"device:{device.id}" if device else source_group(source_of(request))
    await limit("passkey", who, allowed=PER_MINUTE, seconds=60)


def hold_ceremony(response: Response, begun: Begun) -> None:
    """Have the browser hold what it was given; what it stands for ends long before the cookie."""
    keep_cookie(response, CEREMONY, begun.cookie, days=1)


async def taken_challenge(request: Request, kind: Ceremony, user_id: UUID | None = None) -> bytes | None:
    """Return the challenge this browser holds, and use it up; None for none that is good."""
    return await take_challenge(request.cookies.get(cookie_name(CEREMONY)), kind, user_id)


def read_answer(words: str) -> Mapping[str, Any]:
    """Return a passkey's answer out of a form's field.

    Raises:
        Invalid: it is no JSON object.
    """
    if not words:  # pressed before the page's script was there to ask the device
        raise Invalid("The page had not finished loading. Please try again.", field="credential")
    try:
        answer = json.loads(words)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Invalid("Your browser's answer could not be read. Please try again.", field="credential")
    return answer


async def enter_with(request: Request, answer: Mapping[str, Any]) -> UserRow:
    """Return whose passkey it is.

    Raises:
        Unauthenticated: nobody's who may sign in, or it signed nothing this browser was given.
        TooMany: over the limit.
    """
    await limit_passkeys(request)
    challenge = await taken_challenge(request, Ceremony.ENTER)
    async with transaction() as session:
        user = await finish_entry(session, challenge, answer, source=source_of(request))
    if user is None:
        raise Unauthenticated(REFUSED)
    return user
