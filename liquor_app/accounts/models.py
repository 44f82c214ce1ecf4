"""Who may do what, and who did what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, SmallInteger, text
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import (
    blob,
    choice,
    document,
    flag,
    moment,
    pk,
    plain_uuid,
    ref,
    stamped,
    texts,
    whole,
    words,
)
from liquor_app.core.platform.named_in import named_in, names_them
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.platform.retention import Kept


class Role(StrEnum):
    """Stored values; `user` is shown as "Viewer"."""

    ADMIN = "admin"
    MANAGER = "manager"
    USER = "user"

    @property
    def label(self) -> str:
        return {"admin": "Admin", "manager": "Marketer", "user": "Viewer"}[self.value]


class User(SQLModel, table=True):
    __tablename__ = "users"
    __table_args__ = (Index("uq_users_email", text("lower(email)"), unique=True),)

    id: UUID = pk()
    email: str = words()
    password_hash: str = words()
    """Empty for somebody who was invited and has not chosen one: nothing matches it."""
    full_name: str | None = words(nullable=True)
    role: Role = choice("role", Role, Role.USER)
    is_active: bool = flag(default=True)
    last_login_at: datetime | None = moment()
    created_at: datetime = stamped()
    updated_at: datetime = stamped()


class LinkKind(StrEnum):
    INVITATION = "invitation"
    """For somebody who was added and has no password yet."""
    RESET = "reset"


class AccessLink(SQLModel, table=True):
    """A link that lets its user choose a password, once. Only a hash of its token is stored."""

    __tablename__ = "access_links"
    __table_args__ = (Index("ix_access_links_user", "user_id"),)

    id: UUID = pk()
    user_id: UUID = ref("users.id")
    kind: LinkKind = choice("kind", LinkKind)
    token_hash: str = words(unique=True)
    created_at: datetime = stamped()
    expires_at: datetime = moment(nullable=False)


class TotpSecret(SQLModel, table=True):
    """Second factor; the secret is encrypted, recovery codes are hashed, `last_step` stops replays."""

    __tablename__ = "totp_secrets"

    user_id: UUID = ref("users.id", primary=True)
    secret_encrypted: bytes = blob(nullable=False)
    recovery_hashes: list[str] = document(empty="[]")
    last_step: int | None = whole(nullable=True)
    confirmed_at: datetime | None = moment()
    created_at: datetime = stamped()


class Passkey(SQLModel, table=True):
    """A key pair of a user's device or password manager (WebAuthn); only its public half is known here."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_user", "user_id"),)

    id: UUID = pk()
    user_id: UUID = ref("users.id")
    name: str = words()
    credential_id: str = words(unique=True)
    """As the device calls it, base64url."""
    public_key: str = words()
    """COSE, base64url."""
    sign_count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    """Of its last use, unsigned 32 bits; devices that count nothing say 0 each time."""
    created_at: datetime = stamped()
    last_used_at: datetime | None = moment()


class AccessRule(SQLModel, table=True):
    """A rule of signing in that the shop has turned on; one that is off has no row."""

    __tablename__ = "access_rules"

    name: str = words(primary=True)
    set_at: datetime = stamped()


class BrowserSession(SQLModel, table=True):
    """A signed-in browser. The cookie holds a random key; only its hash is stored."""

    __tablename__ = "browser_sessions"

    id: UUID = pk()
    user_id: UUID = ref("users.id")
    token_hash: str = words(unique=True)
    ip: str | None = words(nullable=True)
    user_agent: str | None = words(nullable=True)
    created_at: datetime = stamped()
    last_seen_at: datetime = stamped()
    expires_at: datetime = moment(nullable=False)
    revoked_at: datetime | None = moment()


class RefreshToken(SQLModel, table=True):
    """Rotated on each use; a second use of one revokes its whole family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_family", "family_id"),)

    id: UUID = pk()
    user_id: UUID = ref("users.id")
    family_id: UUID = plain_uuid(nullable=False)
    token_hash: str = words(unique=True)
    created_at: datetime = stamped()
    expires_at: datetime = moment(nullable=False)
    ip: str | None = words(nullable=True)
    user_agent: str | None = words(nullable=True)
    used_at: datetime | None = moment()
    revoked_at: datetime | None = moment()


class SignInAttempt(SQLModel, table=True):
    """Failed attempts in a row at a password; `key_hash` is a keyed hash of whose and from where."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_last", "last_at"),)

    key_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    failures: int = whole()
    last_at: datetime = stamped()
    blocked_until: datetime | None = moment()


class SetupCode(SQLModel, table=True):
    """The code of a shop that is not set up: one row, gone once it was used."""

    __tablename__ = "setup_codes"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    nonce: str = words()
    code_hash: str = words()
    created_at: datetime = stamped()


class ApiKey(SQLModel, table=True):
    __tablename__ = "api_keys"

    id: UUID = pk()
    name: str = words()
    prefix: str = words()
    key_hash: str = words(unique=True)
    role: Role = choice("role", Role, Role.USER)
    areas: list[str] = texts()
    """What it is good for, as "area:read" or "area:write"; empty for all its role may."""
    created_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    made_with: UUID | None = ref("api_keys.id", ondelete="SET NULL", nullable=True)
    """The key that made it, with which it is revoked."""
    created_at: datetime = stamped()
    last_used_at: datetime | None = moment()
    expires_at: datetime | None = moment()
    revoked_at: datetime | None = moment()
    per_minute: int | None = whole(default=None, nullable=True)
    """Requests; None for what all may (`key_usage`)."""
    per_month: int | None = whole(default=None, nullable=True)


class ApiKeyMonth(SQLModel, table=True):
    """Requests made with a key in a month, counted as long as there is an allowance left."""

    __tablename__ = "api_key_months"

    key_id: UUID = ref("api_keys.id", primary=True)
    month: datetime = stamped(primary=True)
    """Its first moment, UTC."""
    requests: int = whole()


class AuditOutcome(StrEnum):
    """What came of what somebody did."""

    DONE = "done"
    REFUSED = "refused"
    """Somebody tried and was not let."""
    FAILED = "failed"


REFUSALS = (".refused", ".locked", ".reused")
"""How an action ends that a stranger can cause at will. What succeeded is recorded whatever was refused before."""


def outcome_sql(action: str) -> str:
    """Return what came of an action as SQL; an index of the log is of the same."""
    refused = " OR ".join(f"{action} LIKE '%{ending}'" for ending in REFUSALS)
    return (
        f"(CASE WHEN {refused} THEN '{AuditOutcome.REFUSED}' WHEN {action} LIKE '%\\_failed'"
        f" THEN '{AuditOutcome.FAILED}' ELSE '{AuditOutcome.DONE}' END)"
    )


class AuditEntry(SQLModel, table=True):
    """What somebody changed; never updated, never deleted but by retention."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_at", "at", "id"),
        Index("ix_audit_log_entity", "entity", "at", "id"),
        Index("ix_audit_log_subject", "entity_id", "at", "id", postgresql_where=text("entity_id IS NOT NULL")),
        Index("ix_audit_log_actor", "actor_id", "at", "id", postgresql_where=text("actor_id IS NOT NULL")),
        Index("ix_audit_log_action", "action", "at", "id"),
        Index("ix_audit_log_ip", "ip", "at", "id", postgresql_where=text("ip IS NOT NULL")),
        Index("ix_audit_log_via", "via", "at", "id"),
        Index("ix_audit_log_outcome", text(outcome_sql("action")), "at", "id"),
        Index(
            "ix_audit_log_search",
            text("lower(actor_name || ' ' || action || ' ' || entity || ' ' || via) gin_trgm_ops"),
            postgresql_using="gin",
        ),
        Index("ix_audit_log_access", "action", "at", postgresql_where=text("entity = 'access'")),
    )

    id: UUID = pk()
    at: datetime = stamped()
    actor_kind: str = words()
    actor_id: UUID | None = plain_uuid()
    actor_name: str = words()
    action: str = words()
    entity: str = words()
    entity_id: UUID | None = plain_uuid()
    ip: str | None = words(nullable=True)
    """Where the person or program called from."""
    via: str = words(default="")
    """What it was done by: a request's id, a page's event, a job, the command line, the clock."""
    fields: list[str] = texts()
    """Those of `changes` that are fields of the entity: each is [before, after]. The others are notes."""
    changes: dict[str, Any] = document(empty="{}")


KEPT = (
    Kept("audit_log", "at", "audit_days"),
    Kept("api_key_months", "month", 400, key=("key_id", "month")),  # a month beside that of the year before
)
"""How long rows are kept."""

PERSONAL = (
    Personal(
        "audit_log",
        rows="SELECT at, actor_kind, action, entity, entity_id, ip, via, fields, changes FROM audit_log WHERE"
        f" (entity = 'customer' AND entity_id = ANY(:people)) OR {names_them('CAST(changes AS text)', ':words')}",
        scrub="SELECT audit_log_scrub(:people, :words, :mark, :hints)",
        why="that something was done, by whom of the shop and when",
    ),
)
"""What rows hold of a person."""

MENTIONS = (named_in("api_keys", ("name",), name="name"),)
"""Where the shop's own words may name somebody."""
