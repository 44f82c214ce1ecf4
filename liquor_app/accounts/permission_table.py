"""Who may do what: the one table that services, routes, sockets, events of pages, jobs and verbs ask, and that people
read in the app.

Each permission has the least role of a person or a key, and what it is of an API key's areas: `customers:write` lets a
key do what is of "customers" and writes, `customers:admin` what only admins may there. A key needs both, role and area;
one without areas is good for all its role may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from liquor_app.accounts.models import Role
from liquor_app.core.queue import Job

F = TypeVar("F", bound=Callable[..., Any])
RANK = {Role.USER: 0, Role.MANAGER: 1, Role.ADMIN: 2}


class Way(StrEnum):
    """What an API key may do in an area; who may write may read, who is its admin may both."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Permission(StrEnum):
    ENTER = "entry"
    OWN_LINK = "own_link"
    PROVIDER_WORD = "provider_word"
    APP = "app"
    OWN_ACCOUNT = "account.own"
    TICKETS = "sockets.read"
    OWN_FILES = "files.read"
    JOBS_READ = "jobs.read"
    JOBS_WRITE = "jobs.write"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_PRIVATE = "customers.private"
    CUSTOMERS_WRITE = "customers.write"
    CUSTOMERS_ADMIN = "customers.admin"
    PURCHASES_WRITE = "purchases.write"
    EVENTS_WRITE = "events.write"
    IMPORTS_READ = "imports.read"
    IMPORTS_WRITE = "imports.write"
    IMPORTS_ADMIN = "imports.admin"
    PRODUCTS_READ = "products.read"
    PRODUCTS_EXPORT = "products.export"
    PRODUCTS_WRITE = "products.write"
    ALLOCATIONS_READ = "allocations.read"
    ALLOCATIONS_EXPORT = "allocations.export"
    ALLOCATIONS_WRITE = "allocations.write"
    ALLOCATIONS_ADMIN = "allocations.admin"
    SEGMENTS_READ = "segments.read"
    SEGMENTS_EXPORT = "segments.export"
    SEGMENTS_WRITE = "segments.write"
    CAMPAIGNS_READ = "campaigns.read"
    CAMPAIGNS_EXPORT = "campaigns.export"
    CAMPAIGNS_WRITE = "campaigns.write"
    CAMPAIGNS_ADMIN = "campaigns.admin"
    PLANS_READ = "plans.read"
    PLANS_EXPORT = "plans.export"
    PLANS_WRITE = "plans.write"
    ACTIONS_READ = "actions.read"
    ACTIONS_EXPORT = "actions.export"
    ACTIONS_WRITE = "actions.write"
    COUPONS_READ = "coupons.read"
    COUPONS_EXPORT = "coupons.export"
    COUPONS_WRITE = "coupons.write"
    SENDS_READ = "sends.read"
    SENDS_PRIVATE = "sends.private"
    SENDS_WRITE = "sends.write"
    ANALYTICS_READ = "analytics.read"
    ANALYTICS_WRITE = "analytics.write"
    SETTINGS_READ = "settings.read"
    BRANDS_READ = "brands.read"
    GUIDANCE_READ = "guidance.read"
    CHANNELS_READ = "channels.read"
    LAW_READ = "law.read"
    SETTINGS_EXPORT = "settings.export"
    SETTINGS_WRITE = "settings.write"
    SETTINGS_ADMIN = "settings.admin"
    TEMPLATES_ADMIN = "templates.admin"
    CHANNELS_ADMIN = "channels.admin"
    SHARED_VIEWS = "views.share"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_ADMIN = "webhooks.admin"
    TEAM_ADMIN = "team.admin"
    KEYS_ADMIN = "keys.admin"
    AUDIT_READ = "audit.read"
    DATA_ADMIN = "data.admin"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a permission takes.

    Attributes:
        role: the least; None for everybody, signed in or not.
        area: of an API key; empty for what no key that is good for some areas only may do.
        way: within the area.
        words: what it lets somebody do, as people read it.
    """

    role: Role | None
    area: str
    way: Way
    words: str

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who has it, the least first."""
        return tuple(role for role in RANK if self.role is None or RANK[role] >= RANK[self.role])

    @property
    def scope(self) -> str:
        """As keys name it: "customers:write"; empty without an area."""
        return f"{self.area}:{self.way}" if self.area else ""


_VIEWER, _MARKETER, _ADMIN = Role.USER, Role.MANAGER, Role.ADMIN
_R, _W, _A = Way.READ, Way.WRITE, Way.ADMIN

TABLE: Mapping[Permission, Rule] = MappingProxyType({
    Permission.ENTER: Rule(None, "", _R, "Sign in, ask for a new password, choose one by a link"),
    Permission.OWN_LINK: Rule(
        None, "", _R, "As a customer: join, unsubscribe, confirm and choose by the link of one's own message"
    ),
    Permission.PROVIDER_WORD: Rule(
        None, "", _W, "As a provider: tell what became of messages, proved by its signature"
    ),
    Permission.APP: Rule(_VIEWER, "", _R, "Open the app's pages and this table"),
    Permission.OWN_ACCOUNT: Rule(
        _VIEWER, "", _W, "Change one's own name, password, two-step sign-in, passkeys, browsers, saved views and bell"
    ),
    Permission.TICKETS: Rule(_VIEWER, "", _R, "Ask for a ticket that opens a WebSocket"),
    Permission.OWN_FILES: Rule(_VIEWER, "files", _R, "Fetch a file that one asked for oneself"),
    Permission.JOBS_READ: Rule(_VIEWER, "jobs", _R, "See background work and notices"),
    Permission.JOBS_WRITE: Rule(_MARKETER, "jobs", _W, "Stop background work"),
    Permission.CUSTOMERS_READ: Rule(
        _VIEWER, "customers", _R, "See customers, their purchases, consents and scores, without dates of birth"
    ),
    Permission.CUSTOMERS_PRIVATE: Rule(
        _MARKETER, "customers", _R,
        "See dates of birth, the suppression list and likely doubles; carry lists and one person's data away",
    ),
    Permission.CUSTOMERS_WRITE: Rule(
        _MARKETER, "customers", _W, "Add, change, tag, merge and delete customers; record consents, ages and objections"
    ),
    Permission.CUSTOMERS_ADMIN: Rule(
        _ADMIN, "customers", _A, "Erase people, lift suppressions, take custom fields away, write an anonymised copy"
    ),
    Permission.PURCHASES_WRITE: Rule(_MARKETER, "purchases", _W, "Tell purchases, as a till does"),
    Permission.EVENTS_WRITE: Rule(_MARKETER, "events", _W, "Tell what customers did, as a shop's site does"),
    Permission.IMPORTS_READ: Rule(_MARKETER, "imports", _R, "See imports and drop folders"),
    Permission.IMPORTS_WRITE: Rule(_MARKETER, "imports", _W, "Import files, stop an import, take one back"),
    Permission.IMPORTS_ADMIN: Rule(_ADMIN, "imports", _A, "Set up drop folders"),
    Permission.PRODUCTS_READ: Rule(_VIEWER, "products", _R, "See products and what was sold of them"),
    Permission.PRODUCTS_EXPORT: Rule(_MARKETER, "products", _R, "Carry the catalogue away as a file"),
    Permission.PRODUCTS_WRITE: Rule(_MARKETER, "products", _W, "Add and change products"),
    Permission.ALLOCATIONS_READ: Rule(_VIEWER, "allocations", _R, "See who asked for a bottle, and draws"),
    Permission.ALLOCATIONS_EXPORT: Rule(_MARKETER, "allocations", _R, "Carry lists of who asked away as files"),
    Permission.ALLOCATIONS_WRITE: Rule(_MARKETER, "allocations", _W, "Note who asked; open, freeze and draw"),
    Permission.ALLOCATIONS_ADMIN: Rule(_ADMIN, "allocations", _A, "Open an allocation that goes by spend"),
    Permission.SEGMENTS_READ: Rule(_VIEWER, "segments", _R, "See segments, whom they hold and how they overlap"),
    Permission.SEGMENTS_EXPORT: Rule(_MARKETER, "segments", _R, "Carry segments and whom they hold away as files"),
    Permission.SEGMENTS_WRITE: Rule(_MARKETER, "segments", _W, "Define, change, delete and refresh segments"),
    Permission.CAMPAIGNS_READ: Rule(_VIEWER, "campaigns", _R, "See campaigns"),
    Permission.CAMPAIGNS_EXPORT: Rule(_MARKETER, "campaigns", _R, "Carry lists of campaigns away as files"),
    Permission.CAMPAIGNS_WRITE: Rule(
        _MARKETER, "campaigns", _W, "Make, plan, approve, start, pause and cancel campaigns, within the guidance"
    ),
    Permission.CAMPAIGNS_ADMIN: Rule(_ADMIN, "campaigns", _A, "Approve what the guidance keeps from marketers"),
    Permission.PLANS_READ: Rule(_VIEWER, "plans", _R, "See plans, their outlook and what was changed by hand"),
    Permission.PLANS_EXPORT: Rule(_MARKETER, "plans", _R, "Carry plans and edits away as files"),
    Permission.PLANS_WRITE: Rule(_MARKETER, "plans", _W, "Choose, simulate and undo plans"),
    Permission.ACTIONS_READ: Rule(_VIEWER, "actions", _R, "See who is to get what, and why"),
    Permission.ACTIONS_EXPORT: Rule(_MARKETER, "actions", _R, "Carry proposed messages away as files"),
    Permission.ACTIONS_WRITE: Rule(_MARKETER, "actions", _W, "Propose, move, skip and rewrite single messages"),
    Permission.COUPONS_READ: Rule(_VIEWER, "coupons", _R, "See coupon pools"),
    Permission.COUPONS_EXPORT: Rule(_MARKETER, "coupons", _R, "Carry lists of pools away as files"),
    Permission.COUPONS_WRITE: Rule(_MARKETER, "coupons", _W, "Make pools, add and discard codes"),
    Permission.SENDS_READ: Rule(_VIEWER, "sends", _R, "See messages sent and answers that came"),
    Permission.SENDS_PRIVATE: Rule(_MARKETER, "sends", _R, "Read customers' answers; carry messages away as files"),
    Permission.SENDS_WRITE: Rule(_MARKETER, "sends", _W, "Send again, settle, stop all sending and let it go on"),
    Permission.ANALYTICS_READ: Rule(_VIEWER, "analytics", _R, "See figures, reports, models and what was learned"),
    Permission.ANALYTICS_WRITE: Rule(_MARKETER, "analytics", _W, "Score and learn anew; pin and forbid offers"),
    Permission.SETTINGS_READ: Rule(_VIEWER, "settings", _R, "See templates and where each is used"),
    Permission.BRANDS_READ: Rule(_MARKETER, "settings", _R, "See brands and their sign-up pages"),
    Permission.GUIDANCE_READ: Rule(
        _MARKETER, "settings", _R, "See the guidance, its versions, and whether autopilot is stopped"
    ),
    Permission.CHANNELS_READ: Rule(_ADMIN, "settings", _R, "See channels, and how sending domains stand"),
    Permission.LAW_READ: Rule(_ADMIN, "settings", _R, "See the law's rules and the shop's settings for them"),
    Permission.SETTINGS_EXPORT: Rule(_MARKETER, "settings", _R, "Carry templates, guidance and carriers' papers away"),
    Permission.SETTINGS_WRITE: Rule(_MARKETER, "settings", _W, "Change sign-up pages; stop autopilot"),
    Permission.SETTINGS_ADMIN: Rule(
        _ADMIN, "settings", _A, "Change settings, brands, guidance and the law's rules; release autopilot"
    ),
    Permission.TEMPLATES_ADMIN: Rule(_ADMIN, "settings", _A, "Write, try and restore templates"),
    Permission.CHANNELS_ADMIN: Rule(_ADMIN, "settings", _A, "Set up providers and check sending domains"),
    Permission.SHARED_VIEWS: Rule(_MARKETER, "", _W, "Keep saved views for everybody"),
    Permission.WEBHOOKS_READ: Rule(_ADMIN, "webhooks", _R, "See webhook endpoints and deliveries"),
    Permission.WEBHOOKS_ADMIN: Rule(_ADMIN, "webhooks", _A, "Set up webhook endpoints, test and replay"),
    Permission.TEAM_ADMIN: Rule(_ADMIN, "", _A, "Add people, change roles, sign people out, ask for a second step"),
    Permission.KEYS_ADMIN: Rule(_ADMIN, "", _A, "Make and revoke API keys"),
    Permission.AUDIT_READ: Rule(_ADMIN, "", _A, "Read and export the audit log"),
    Permission.DATA_ADMIN: Rule(_ADMIN, "", _A, "Load and clear the sample, migrate, rotate keys, empty the database"),
})  # fmt: skip

AREAS = tuple(sorted({rule.area for rule in TABLE.values() if rule.area}))
"""What an API key can be good for."""
JOBS: Mapping[Job, Permission | None] = MappingProxyType(
    {
        Job.IMPORT_FILE: Permission.IMPORTS_WRITE,
        Job.UNDO_IMPORT: Permission.IMPORTS_WRITE,
        Job.LOOK_DROP_FOLDER: Permission.IMPORTS_WRITE,
        Job.EXPORT_PERSON: Permission.CUSTOMERS_PRIVATE,
        Job.ERASE_PERSON: Permission.CUSTOMERS_ADMIN,
        Job.ANONYMISE_BASE: Permission.CUSTOMERS_ADMIN,
        Job.REMOVE_CUSTOM_FIELD: Permission.CUSTOMERS_ADMIN,
        Job.FIND_DOUBLES: Permission.CUSTOMERS_WRITE,
        Job.GENERATE_CAMPAIGN: Permission.CAMPAIGNS_WRITE,
        Job.SIMULATE_PLAN: Permission.PLANS_WRITE,
        Job.LEARN_UPLIFT: Permission.ANALYTICS_WRITE,
        Job.CHECK_SENDERS: Permission.CHANNELS_ADMIN,
        Job.LOAD_SAMPLE: Permission.DATA_ADMIN,
        Job.CLEAR_SAMPLE: Permission.DATA_ADMIN,
        Job.CHANGE_ROWS: None,
        Job.EXPORT_ROWS: None,
        Job.SEND_ERRAND: None,
        Job.LAUNCH_CAMPAIGN: None,
        Job.PLAY_WEEK: None,
        Job.SCORE_CUSTOMERS: None,
        Job.REFRESH_SEGMENTS: None,
        Job.ROLL_UP: None,
        Job.COUNT_COHORTS: None,
        Job.MAIL_REVIEW: None,
        Job.JUDGE_AB_TESTS: None,
        Job.ATTRIBUTE: None,
        Job.READ_HOLDOUT: None,
        Job.FIRE_TRIGGER: None,
        Job.PROCESS_WEBHOOKS: None,
        Job.DELIVER_WEBHOOKS: None,
        Job.TELL_RESTOCKED: None,
        Job.APPLY_RETENTION: None,
        Job.MAIL_ACCESS_LINK: None,
        Job.TELL_ACCOUNT_CHANGE: None,
    }
)
"""What whoever asked for a job must still have when it begins. None: it carries out what is decided or reckons
anew, or the clock asked. A list's verbs and files ask for what their list says, step by step."""

_MARK = "liquor_permission"


def needs(permission: Permission) -> Callable[[F], F]:
    """Mark what comes in from outside (a route, a page's event, a command) with the permission it takes: its edge asks
    for it before it runs, and refuses everybody what has none."""

    def mark(door: F) -> F:
        setattr(door, _MARK, permission)
        return door

    return mark


def needed(door: Any) -> Permission | None:
    """Return what something was marked with; None for nothing."""
    found = getattr(door, _MARK, None)
    return found if isinstance(found, Permission) else None
