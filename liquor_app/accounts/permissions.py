"""Who acts, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from liquor_app.accounts.key_areas import holds
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import RANK, TABLE, Permission, Way
from liquor_app.core.errors import Forbidden


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Share:
    """What a key uses of another one's requests: that which made it, or made this."""

    key_id: UUID
    per_minute: int
    per_month: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """Requests a key may make. What it makes counts against each of `shares`, too."""

    per_minute: int
    per_month: int
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever calls a service: a person, a program with a key, or the system itself (worker, CLI)."""

    kind: ActorKind
    id: UUID | None
    name: str
    role: Role
    areas: tuple[str, ...] = ()
    """What a key is good for (`key_areas`); empty for all its role may."""
    allowance: Allowance | None = None
    """What a key that calls may ask."""

    @property
    def user_id(self) -> UUID | None:
        """The user's id for `created_by` columns; None for keys and the system."""
        return self.id if self.kind is ActorKind.USER else None


SYSTEM = Actor(ActorKind.SYSTEM, None, "system", Role.ADMIN)
"""The worker and the command line on the server: whoever can run them already owns the database."""

STRANGER = Actor(ActorKind.STRANGER, None, "nobody known", Role.USER)
"""Whoever is not signed in, in the audit log; no service lets it do anything."""


def may(actor: Actor, permission: Permission) -> bool:
    """Tell whether `actor` has a permission: by its role and, of a key that is good for some areas only, by these. A
    stranger has what everybody has."""
    return _has_role(actor, permission) and holds(actor.areas, permission)


def require(actor: Actor, permission: Permission) -> None:
    """Let `actor` pass if it has a permission (`may`).

    Raises:
        Forbidden: it has not; the message names the role or the area that would do.
    """
    rule = TABLE[permission]
    if may(actor, permission):
        return
    takes = lacking(actor, permission)
    if rule.role is not None and not _has_role(actor, permission):
        if actor.kind is ActorKind.STRANGER:
            raise Forbidden("Nobody is signed in.", takes=takes)
        raise Forbidden(f"This needs the role {rule.role.label}; you are signed in as {actor.role.label}.", takes=takes)
    way = {Way.READ: "read", Way.WRITE: "change", Way.ADMIN: "administer"}[rule.way]
    said = f"This key may not {way} {rule.area or 'this'}. It is good for {', '.join(actor.areas)}."
    raise Forbidden(said, takes=takes)


def require_person(actor: Actor) -> None:
    """Let nobody pass who calls with a key: an account a key opened, or rights it gave, would outlive the key.

    Raises:
        Forbidden: the actor is a key.
    """
    if actor.kind is ActorKind.API_KEY:
        raise Forbidden("A key opens no accounts and gives nobody more rights. Sign in as a person.")


def lacking(actor: Actor, permission: Permission) -> str:
    """Return what `actor` lacks for a permission: the least role, else the area of a key; empty for nothing."""
    if may(actor, permission):
        return ""
    rule = TABLE[permission]
    return rule.role.value if rule.role is not None and not _has_role(actor, permission) else rule.scope


def _has_role(actor: Actor, permission: Permission) -> bool:
    least = TABLE[permission].role
    return least is None or (actor.kind is not ActorKind.STRANGER and RANK[actor.role] >= RANK[least])
