"""Changes of somebody's account that they are told of, whoever made them: by the bell, and by e-mail where that leaves
the house. Whoever recorded one has told it (`audit`): the letter is a job of the same transaction (ASVS 6.3.7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import LinkKind
from liquor_app.accounts.permissions import Actor
from liquor_app.core.clock import now
from liquor_app.core.queue import Job, enqueue_another
from liquor_app.core.security.call_origin import call_origin


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody is told of a change.

    Attributes:
        link: the page that shows it.
        field: only a change of this field is told; any where empty.
        kind: only a link of this kind is told; any where empty.
    """

    title: str
    words: str
    link: str = "/profile"
    field: str = ""
    kind: str = ""


_PASSWORD = Told("Your password was changed", "Nobody signs in with the one before, and every browser was signed out.")
TOLD: Mapping[str, Told] = {
    "user.passkey_added": Told("A passkey was added to your account", "Whoever holds it signs in as you."),
    "user.passkey_removed": Told("A passkey was removed from your account", "Nobody signs in with it any more."),
    "user.two_steps_on": Told("Two-step sign-in was turned on", "Your password alone does not let anybody in now."),
    "user.two_steps_off": Told(
        "Two-step sign-in was turned off", "Codes and recovery codes are not asked for any more when you sign in."
    ),
    "user.password_reset": _PASSWORD,
    "user.updated": Told(_PASSWORD.title, _PASSWORD.words, field="password"),
    "user.changed": Told("You have another role now", "An admin changed what you may do.", field="role"),
    "user.link_made": Told(
        "A link to choose your password was made", "Whoever has it chooses another password for your account.",
        kind=LinkKind.RESET.value,
    ),
    "api_key.created": Told(
        "You made an API key", "Programs that have it act without signing in.", link="/settings/api-keys"
    ),
}  # fmt: skip
"""By what the audit log calls it. A test fails for an action on users, passkeys or keys that is neither told nor said
to be nobody's news."""


async def tell_owner(
    session: AsyncSession, actor: Actor, action: str, about: UUID | None, *, fields: Collection[str],
    notes: Mapping[str, Any],
) -> None:  # fmt: skip
    """Have somebody told of a change of their account, once this commits. Who made a key is told of it. A corridor."""
    told = TOLD.get(action)
    if told is None or (told.field and told.field not in fields) or (told.kind and told.kind != notes.get("kind")):
        return
    owner = about if action.startswith("user.") else actor.user_id
    if owner is None:
        return
    origin = call_origin.get()
    by = "" if actor.user_id == owner else actor.name
    args = {"user_id": str(owner), "change": action, "by": by, "ip": origin.ip, "at": now().isoformat()}
    await enqueue_another(session, Job.TELL_ACCOUNT_CHANGE, args)
