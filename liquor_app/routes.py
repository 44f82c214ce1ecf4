"""The API's roof: every slice's routes in one app. The app of `liquor_app.py` is mounted inside it."""

from __future__ import annotations

from fastapi import FastAPI

from liquor_app.accounts import api as accounts
from liquor_app.accounts.deps import has_session
from liquor_app.actions import api as actions
from liquor_app.actions import pool_api as coupon_pools
from liquor_app.analytics import api as analytics
from liquor_app.analytics.schemas import AnalyticsMessage
from liquor_app.api import application, health
from liquor_app.campaigns import api as campaigns
from liquor_app.campaigns.schemas import CampaignStatusMessage
from liquor_app.compliance import api as compliance
from liquor_app.customers import api as customers
from liquor_app.customers import import_api as imports
from liquor_app.customers import suppression_api as suppressions
from liquor_app.organization import api as organization
from liquor_app.organization.schemas import NotificationMessage
from liquor_app.planning import api as planning
from liquor_app.providers import api as providers
from liquor_app.segments import api as segments
from liquor_app.sending import api as sending
from liquor_app.sending import recipient_api, tracking_api, webhook_api
from liquor_app.templates import api as templates

ROUTERS = [
    accounts.router,
    customers.router,
    imports.router,
    suppressions.router,
    segments.router,
    campaigns.router,
    planning.router,
    actions.router,
    coupon_pools.router,
    sending.router,
    recipient_api.router,
    webhook_api.router,
    analytics.router,
    templates.router,
    providers.router,
    compliance.router,
    organization.router,
    health.router,
]
AT_ROOT = [
    accounts.browser,
    sending.public,
    tracking_api.public,
    recipient_api.public,
    campaigns.sockets,
    organization.sockets,
    analytics.sockets,
]
SOCKET_MESSAGES = {
    "/ws/campaign/{id}/status": CampaignStatusMessage,
    "/ws/notifications": NotificationMessage,
    "/ws/analytics": AnalyticsMessage,
}


def create_api() -> FastAPI:
    """The whole API: `/api/v1`, the browser's forms, the WebSockets, `/docs`."""
    large = imports.LARGE_BODIES | coupon_pools.LARGE_BODIES
    return application.create_api(
        ROUTERS, at_root=AT_ROOT, large_bodies=large, socket_messages=SOCKET_MESSAGES, knows=has_session
    )
