"""Entries of the audit log in words. Pure.

What is written down are the names the code uses, for programs that read the log (API, export); here they are said as
people say them, by one table. What only a program can use stays out of sight.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from liquor_app.accounts.audit import ACCESS
from liquor_app.accounts.key_areas import area_words
from liquor_app.accounts.models import AuditOutcome, Role
from liquor_app.accounts.permission_table import RANK
from liquor_app.accounts.permissions import ActorKind
from liquor_app.privacy.lists import AUDIT, AuditRow
from liquor_app.ui.words import NONE, figure, listed, plain_number, show_day, show_moment, spoken

DID = {
    "session.opened": "signed in", "session.closed": "signed out", "sessions.closed": "signed out everywhere",
    "session.others_closed": "signed out everywhere else",
    "tokens.issued": "signed in a program", "user.joined": "chose a password", "user.signed_out": "signed out",
    "user.two_steps_on": "turned two steps on", "user.two_steps_off": "turned two steps off",
    "user.passkey_added": "added a passkey", "user.passkey_renamed": "renamed a passkey",
    "user.passkey_removed": "removed a passkey", "passkey.used": "signed in with a passkey",
    "passkey.refused": "tried a passkey", "sign_in.refused": "tried a password", "sign_in.locked": "tried too often",
    "password_change.refused": "said a wrong present password", "password_change.locked": "tried too often",
    "code.refused": "tried a code", "code.locked": "tried too many codes", "api_key.refused": "came with a key",
    "setup.refused": "tried a set-up code", "setup_code.made": "made a set-up code", "two_steps.begun":
    "began to set two steps up", "refresh.reused": "came with a spent token", "access.refused":
    "tried what they may not",
    "user.link_made": "made a link for", "user.link_mailed": "mailed a link to",
    "retention.applied": "deleted what was too old",
    "products.told": "told products",
    "job.cancel_asked": "asked to stop", "message.asked_for": "asked for a message", "preferences.said": "chose",
    "plan.ai_failed": "got no plan from the AI", "plan.made": "made a plan", "holdout.drawn": "drew the control group",
    "autopilot.left_to_people": "left to people", "customer.merged": "merged two", "channel.secret_removed":
    "removed a secret", "customer.custom_fields": "changed own fields", "actions.generated": "proposed actions",
}  # fmt: skip
"""What was done, where the last word of its name does not say it."""

THINGS = {
    "general": "settings", "access": "signing in", "sends": "message", "compliance_rule": "law", "api_key": "API key",
    "job": "background work", "saved_view": "view",
}  # fmt: skip

PLACES = {
    "general": "/settings", "settings": "/settings", "sending": "/settings", "retention": "/settings",
    "compliance": "/settings", "planning": "/settings", "sample": "/settings", "guidance": "/settings/guidance",
    "brand": "/settings/brand", "channel": "/settings/channels", "compliance_rule": "/settings/law",
    "custom_field": "/settings/custom-fields", "drop_source": "/settings/drop-folders",
    "drop_file": "/settings/drop-folders", "suppression": "/customers/suppressed", "cell_rule": "/learning",
    "uplift_model": "/learning", "import": "/customers/import", "coupon_pool": "/coupons",
}  # fmt: skip
"""Entity → the page all of them are on."""
PAGES_OF = {
    "campaign": "/campaigns", "template": "/templates", "product": "/catalogue", "allocation": "/allocations",
    "webhook": "/settings/webhooks",
}  # fmt: skip
"""Entity → where one of it has a page of its own, by its id."""
SEARCHED = {"user": "/settings/users", "api_key": "/settings/api-keys", "segment": "/segments"}
"""Entity → the list one of it is found in by its name."""

NAMES = {
    "slug": "short name", "ip": "address", "was": "before", "rfm_segment": "RFM segment", "sms_consent": "SMS consent",
    "email_consent": "e-mail consent", "email": "e-mail", "discount_pct": "discount in percent", "holdout_pct":
    "control group in percent", "max_discount_pct": "most off in percent", "held_out": "in the control group",
    "valid_from": "binds from", "valid_to": "binds until", "reply_to": "answers go to", "is_paused": "paused",
    "is_active": "active", "is_sample": "sample", "what": "tried", "whom": "to whom", "given": "asked for",
    "search": "searched for something", "areas": "good for", "expires_at": "ends", "takes": "who may",
}  # fmt: skip
"""Fields that are not called as people call them."""

PASSKEY_WHY = {
    "challenge": "too late, or for another page", "unknown": "none that we know", "proof": "its signature is wrong",
    "counter": "a copy of a device, or an old answer", "deactivated": "its owner was deactivated",
}  # fmt: skip
"""Why a passkey opened nothing."""
UNSAID = frozenset({"seed", "fingerprint", "batch", "plan", "plan_id", "send_id", "job", "was", "ip", "family"})
"""For programs, or said in a column of its own; the export has them."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})")
DAY = len("2026-11-28")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:$|[T ]\d{2}:\d{2})")
_CODE = re.compile(r"[a-z]+(_[a-z0-9]+)+")
_HANDLER = re.compile(r"(\w+?)(?:State)?\.(\w+)")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing somebody did, in words."""

    id: str
    when: str
    who: str
    kind: str
    did: str
    outcome: str
    """In words where it was not simply done."""
    about: str
    subject: str
    """What the thing is called now; empty where it is gone or has no name."""
    href: str
    """Where it is; empty where there is no such page, or it is gone."""
    history: str
    """The log of this one thing; empty where the entry is about no single one."""
    changes: list[str]
    source: str
    """The address it was done from; what did it, where that was no person."""
    by: str
    """The request or the page's event, short."""
    via: str
    same: str
    """Everything that request did; empty for what was no request."""


def audit_line(row: AuditRow, at: datetime) -> AuditLine:
    """Return an entry in words; `at` is now in the shop's zone."""
    given = row.changes
    if row.action == "passkey.refused":
        given = given | {"why": PASSKEY_WHY.get(str(given.get("why")))}
    told = [
        _told(name, value, name in row.fields, at)
        for name, value in given.items()
        if value not in (None, {}, [], "") and (name, value) != ("search", False)
        if name not in UNSAID or name in row.fields
    ]
    source = row.ip or (row.via if row.via and row.actor_kind == ActorKind.SYSTEM else NONE)
    return AuditLine(
        str(row.id), show_moment(row.at, at), row.actor_name, _as(row.actor_kind), did(row.action),
        "" if row.outcome == AuditOutcome.DONE else row.outcome, _about(row), _subject(row), _href(row),
        f"/settings/audit?subject={_kind_of(row.entity)}:{row.entity_id}" if row.entity_id else "", told,
        source, "" if source == row.via else _by(row.via, at), row.via,
        f"/settings/audit?via={row.via}" if _ID.fullmatch(row.via) else "",
    )  # fmt: skip


def _as(kind: str) -> str:
    return AUDIT.filter_names["actor_kind"].words(kind)


def _about(row: AuditRow) -> str:
    """Return what kind of thing an entry is about, in words. What somebody was refused was no signing in."""
    if row.action == "access.refused":
        return "more than their rights"
    return thing(row.action.rpartition(".")[0] if row.entity == "list" else row.entity)


def _subject(row: AuditRow) -> str:
    """Return whose or which; nothing where it is whoever did it."""
    return "" if row.action == "access.refused" else row.subject or ""


def thing(entity: str) -> str:
    """Return what kind of thing an entry is about, in words."""
    return THINGS.get(entity) or _plain(entity)


def did(action: str) -> str:
    """Return what was done, in words."""
    return DID.get(action) or _plain(action.rpartition(".")[2])


def _kind_of(entity: str) -> str:
    """Signing in is about a user."""
    return "user" if entity == ACCESS else entity


def _href(row: AuditRow) -> str:
    """Return where the thing is, if it is still there."""
    if row.entity in PLACES:
        return PLACES[row.entity]
    if row.subject is None:
        return ""
    if row.person_id:
        return f"/customers/{row.person_id}"
    kind = _kind_of(row.entity)
    if kind in SEARCHED:
        return f"{SEARCHED[kind]}?{urlencode({'search': row.subject})}"
    return f"{PAGES_OF[kind]}/{row.entity_id}" if kind in PAGES_OF else ""


def _by(via: str, at: datetime) -> str:
    """Return a request's or a job's id by its end, a page's event in words."""
    if via.startswith("job "):
        return f"job {_text(via.removeprefix('job '), at)}"
    return f"request {_text(via, at)}" if _ID.fullmatch(via) else _text(via, at)


def _told(name: str, value: Any, is_change: bool, at: datetime) -> str:
    """Return a note, or a field as it was and as it is."""
    words = NAMES.get(name) or _plain(name)
    say = SAID.get(name, _shown)
    if not is_change:
        return f"{words}: {say(value, at)}"
    before, after = (say(one, at) or NONE for one in value)
    return f"{words}: {before} → {after}"


def _role(value: Any, at: datetime) -> str:
    return Role(value).label if value in set(Role) else _shown(value, at)


def _areas(value: Any, at: datetime) -> str:
    return listed([area_words(str(one)) for one in value]) if isinstance(value, list) else _shown(value, at)


def _takes(value: Any, at: datetime) -> str:
    """Return who may: those of a role and of those above it, or a key of an area."""
    if value in set(Role):
        return listed([role.label for role in RANK if RANK[role] >= RANK[Role(value)]], "or")
    return f"a key that may {area_words(str(value))}" if value else ""


SAID: Mapping[str, Callable[[Any, datetime], str]] = {"role": _role, "areas": _areas, "takes": _takes}
"""Fields whose values people know by other words."""


def _shown(value: Any, at: datetime) -> str:
    """Return a value as people write it; none of it as a program would."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return figure(value)
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, list):
        return ", ".join(_shown(one, at) for one in value)
    if isinstance(value, dict):
        counts = all(isinstance(one, int | float) and not isinstance(one, bool) for one in value.values())
        pairs = [(NAMES.get(name) or _plain(str(name)), _shown(one, at)) for name, one in value.items()]
        return ", ".join(f"{one} {name}" if counts else f"{name} {one}" for name, one in pairs)
    return _text(str(value), at)


def _text(text: str, at: datetime) -> str:
    if one := _ID.fullmatch(text):
        return f"…{one[1][-6:]}"
    if one := _HANDLER.fullmatch(text):
        return f"{_plain(one[2])} ({_spaced(one[1])})" if text[0].isupper() else text
    if _DAY.match(text):
        with suppress(ValueError, TypeError):
            return show_day(date.fromisoformat(text), at) if len(text) == DAY else _moment(text, at)
        return text
    return _plain(text) if _CODE.fullmatch(text) else text.replace("[hidden]", "(not kept)")


def _moment(text: str, at: datetime) -> str:
    moment = datetime.fromisoformat(text)
    return show_moment(moment if moment.tzinfo else moment.replace(tzinfo=UTC), at)


def _spaced(name: str) -> str:
    """Return "Edit customer" for "EditCustomer"."""
    return spoken(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))


def _plain(code: str) -> str:
    return code.replace("_", " ").replace(".", ", ").strip()
