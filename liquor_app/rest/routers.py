"""The API's roof: every slice's routes in one app. The app of `liquor_app.py` is mounted inside it."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

from liquor_app.accounts.permission_table import needed
from liquor_app.api import application, health
from liquor_app.api.live.asyncapi import SocketDoc
from liquor_app.core.errors import RULE
from liquor_app.rest import (
    accounts,
    actions,
    analytics,
    browser_sign_in,
    campaigns,
    compliance,
    customers,
    files,
    imports,
    organization,
    planning,
    providers,
    recipients,
    segments,
    sending,
    suppressions,
    templates,
    tracking,
    webhooks,
)
from liquor_app.rest.kit.authentication import ask_first, has_session
from liquor_app.rest.kit.body_examples import EXAMPLES
from liquor_app.rest.kit.rule_codes import RULE_CODES
from liquor_app.rest.people import (
    customer_labels,
    merges,
    own_sessions,
    passkeys,
    privacy,
    sign_ups,
    socket_tickets,
    team,
)
from liquor_app.rest.schemas.analytics import AnalyticsMessage
from liquor_app.rest.schemas.campaigns import CampaignStatusMessage
from liquor_app.rest.schemas.organization import NotificationMessage
from liquor_app.rest.shop import ab_tests, allocations, drop_folders, products, reports, tills, webhook_endpoints
from liquor_app.rest.shop import coupons as coupon_pools
from liquor_app.rest.work import import_undo, jobs, notices, saved_views

ROUTERS = [
    accounts.router,
    passkeys.router,
    own_sessions.router,
    team.router,
    customers.router,
    customer_labels.router,
    merges.router,
    privacy.router,
    privacy.copies,
    sign_ups.router,
    imports.router,
    import_undo.router,
    tills.router,
    drop_folders.router,
    products.router,
    allocations.router,
    suppressions.router,
    segments.router,
    campaigns.router,
    planning.router,
    ab_tests.router,
    ab_tests.history,
    actions.router,
    coupon_pools.router,
    sending.router,
    sending.switch,
    sending.replies,
    recipients.router,
    webhooks.router,
    webhook_endpoints.router,
    analytics.router,
    reports.router,
    reports.insights,
    templates.router,
    providers.router,
    compliance.router,
    organization.router,
    organization.audit_log,
    jobs.router,
    notices.router,
    saved_views.router,
    files.router,
    socket_tickets.router,
    health.router,
]
AT_ROOT = [
    browser_sign_in.browser,
    sending.public,
    tracking.public,
    recipients.public,
    sign_ups.public,
    campaigns.sockets,
    organization.sockets,
    analytics.sockets,
]
SOCKETS = {
    "/ws/campaign/{id}/status": SocketDoc(CampaignStatusMessage, {"id": "The campaign's id."}),
    "/ws/notifications": SocketDoc(
        NotificationMessage, {"after": "The last notice you have: what came since is told first."}
    ),
    "/ws/analytics": SocketDoc(AnalyticsMessage),
}


def create_api() -> FastAPI:
    """Return the whole API: `/api/v1`, the browser's forms, the WebSockets, `/docs`."""
    for router in (*ROUTERS, *AT_ROOT):
        ask_first(router.routes)
        for route in router.routes:
            if isinstance(route, APIRoute):
                said: dict[str, object] = {"x-rules": _rules(route), **_example(route)}
                if (permission := needed(route.endpoint)) is not None:
                    said["x-permission"] = permission.value
                route.openapi_extra = {**(route.openapi_extra or {}), **said}
    large = imports.LARGE_BODIES | tills.LARGE_BODIES | coupon_pools.LARGE_BODIES
    return application.create_api(ROUTERS, at_root=AT_ROOT, large_bodies=large, sockets=SOCKETS, knows=has_session)


def _named(route: APIRoute) -> str:
    return f"{min(route.methods or ['GET'])} {route.path}"


def _example(route: APIRoute) -> dict[str, object]:
    """A body as somebody would send it, beside what FastAPI reads off the route."""
    if (body := EXAMPLES.get(_named(route))) is None:
        return {}
    return {"requestBody": {"content": {"application/json": {"example": body}}}}


def _rules(route: APIRoute) -> list[str]:
    codes = RULE_CODES.get(_named(route), "")
    return [RULE + code for code in codes.split()]
