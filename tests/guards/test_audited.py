"""What changes something leaves an entry in the audit log: no service and no route can forget it.

Read from the code: what a service or a route may come to call, which tables that may write, and whether it may come to
the audit log. `tests/security/test_audited_routes.py` calls them.
"""

from __future__ import annotations

import ast
import re

from fastapi.routing import APIRoute

from liquor_app.rest.routers import AT_ROOT, ROUTERS
from tests.guards.call_graph import Unit, reached, tables_written, units

LOG = "liquor_app.accounts.audit."
RECORDS = {f"{LOG}audit", f"{LOG}audit_change", f"{LOG}audit_access"}
ABOVE = ("screens", "rest", "ui", "cli", "commands", "liquor_app", "up", "demo")
"""Who calls services; and the sample, which is loaded into an empty shop."""
NO_CHANGE = {"audit_log", "idempotency_keys", "sign_in_attempts", "sealed_secrets", "outbox_messages"}
"""The log itself, what keeps a request from being done twice, counters, the place of a secret that is read, letters of
the provider that keeps them here instead of sending them."""

RECKONED = "it reckons figures anew from what is there; who asked stands with the job"
DRAFTED = "it asks for a draft: the job that makes one records it, in the name of whoever asked"
SERVICES = {
    "campaigns.service.request_plan": DRAFTED,
    "doubles.likely_doubles.request_doubles": RECKONED,
    "experiments.global_holdout.take_reading": RECKONED,
    "experiments.learning.request_learning": RECKONED,
    "imports.drop_folders.drop_sources.request_look": "it looks into a folder; what it finds there is recorded as read",
    "imports.dry_run.try_file": "a trial: what it writes is rolled back",
    "imports.local_import.try_local": "a trial: what it writes is rolled back",
    "imports.single_purchases.record_event": "the event is an entry of a log that nobody can change, by the hundred",
    "imports.bulk_calls.record_events.record_told_events": "each event is an entry of that log, too",
    "imports.kept_files.forget_uploads": "retention, by the clock alone",
    "organization.bell.mark_notifications_read": "that somebody has seen their bell is nobody else's business",
    "planning.simulation_job.request_simulation": RECKONED,
    "planning.simulation_job.simulate_plan": RECKONED,
    "privacy.mentions.find_mentions": "it only reads: what would change a place stands beside what finds it",
    "providers.sender_check.sender_checks.record_check": "what was found in the DNS is kept with its time",
    "providers.sender_check.sender_checks.request_check": "it asks for a look into the DNS",
    "scoring.backtest.run_backtest": RECKONED,
    "scoring.score_store.write": RECKONED,
    "scoring.service.prepare": RECKONED,
    "scoring.service.score_customers": RECKONED,
    "segments.membership.request_refresh": RECKONED,
    "segments.tasks.request_refresh": RECKONED,
    "sending.events.apply_events.apply_events": "what providers tell of messages is kept with each message",
    "sending.events.inbox.set_aside": "a callback is kept whole until it is worked through",
    "sending.recipients.transactional.prepare_errand": "a step of an errand, which is recorded where it is asked for",
    "sending.tracking.conversions.attribute_purchases": RECKONED,
}  # fmt: skip
"""Services that change something and leave no entry, each with its reason."""

ROUTES = {
    "POST /auth/forgotten": "anybody may ask for anybody; a link that comes of it is recorded by the job",
    "POST /session/forgotten": "the same form on a page",
    "POST /auth/passkeys/begin": "it hands out a random number; what a passkey does with it is recorded",
    "POST /users/me/passkeys/prove": "the same: what it is asked for is recorded",
    "POST /socket-tickets": "it signs a word and writes nothing; whose socket it opens is asked when it does",
    "POST /notices/read": SERVICES["organization.bell.mark_notifications_read"],
    "POST /doubles/find": RECKONED,
    "POST /imports/{id}/preview": "a trial; what was chosen for the file is recorded when something else is chosen",
    "POST /events": SERVICES["imports.single_purchases.record_event"],
    "POST /drop-folders/{id}/look": SERVICES["imports.drop_folders.drop_sources.request_look"],
    "POST /segments/{id}/refresh": RECKONED,
    "POST /campaigns/{id}/generate": DRAFTED,
    "POST /campaigns/{id}/simulate": RECKONED,
    "POST /actions/generate": DRAFTED,
    "POST /webhooks/{provider}": SERVICES["sending.events.inbox.set_aside"],
    "POST /settings/templates/{id}/preview": "it shows what was sent to it and keeps nothing",
    "POST /settings/channels/senders/check": SERVICES["providers.sender_check.sender_checks.record_check"],
    "POST /l/{code}": "a recipient's click is an event of theirs, kept with the message",
    "POST /g/{token}": "the same behind the question for the age",
    "POST /analytics/ask": "answers a question, and changes nothing: words of any length do not belong into an address",
}
"""Routes that change something, or might, and leave no entry, each with its reason."""


def is_silent(unit: str) -> bool:
    return not reached(unit) & RECORDS


def is_service(unit: Unit) -> bool:
    node = unit.node
    if unit.name.split(".")[1] in ABOVE or not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
        return False
    named = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
    return "actor" in named and re.search(r"\bcorridor\b", ast.get_docstring(node) or "", re.IGNORECASE) is None


def changing_routes() -> dict[str, str]:
    """Method and path → the unit that answers."""
    found = {}
    for router in (*ROUTERS, *AT_ROOT):
        for route in router.routes:
            if isinstance(route, APIRoute):
                unit = f"{route.endpoint.__module__}.{route.endpoint.__qualname__.split('.')[0]}"
                found |= {f"{method} {route.path}": unit for method in route.methods - {"GET", "HEAD"}}
    return found


def test_a_service_that_changes_something_records_it() -> None:
    services = [unit.name for unit in units().values() if is_service(unit)]
    changing = [name for name in services if tables_written(name) - NO_CHANGE]
    assert len(changing) > 100
    silent = {name.removeprefix("liquor_app.") for name in changing if is_silent(name)}
    assert silent - SERVICES.keys() == set(), "record what it does: audit_change(…, before=…, after=…), or audit(…)"
    assert SERVICES.keys() - silent == set(), "take these off the list"


def test_a_route_that_changes_something_records_it() -> None:
    routes = changing_routes()
    assert len(routes) > 100
    silent = {name for name, unit in routes.items() if is_silent(unit)}
    assert silent - ROUTES.keys() == set(), "its service leaves no entry in the audit log"
    assert ROUTES.keys() - silent == set(), "take these off the list"


def test_exceptions_say_why() -> None:
    assert all(len(why) > 20 for why in (*SERVICES.values(), *ROUTES.values()))


def test_the_code_is_read_as_it_runs() -> None:
    """Names a module passes on, functions within functions, tables of constants, rows of the ORM."""
    assert "liquor_app.actions.edit_actions.skip_action" in reached("liquor_app.rest.actions.skip_action")
    assert "customers" in tables_written("liquor_app.rest.customers.update_customer")
    assert "?" in tables_written("liquor_app.accounts.sessions.open_session")
    assert not is_silent("liquor_app.segments.hand_picked.add_members")
    assert is_silent("liquor_app.segments.lists.list_customers") is (
        "liquor_app.accounts.audit.audit" not in reached("liquor_app.segments.lists.list_customers")
    )
    assert is_silent("liquor_app.rest.accounts.me"), "that the caller is recognised is no entry of its own"
