"""The roof: the app, its pages in the shell, the API mounted beside them. Composition only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import reflex as rx
from reflex.utils.exec import is_prod_mode

from liquor_app.api.web_rules import same_origin, static_rules
from liquor_app.core.config import get_settings
from liquor_app.core.platform.frontend import STATIC
from liquor_app.core.platform.web_worker import settle_in
from liquor_app.rest.accounts import SIGNING_IN
from liquor_app.rest.routers import create_api
from liquor_app.screens.accounts.api_keys.page import PAGES as API_KEYS
from liquor_app.screens.accounts.entry.page import PAGES as ENTRY
from liquor_app.screens.accounts.permissions.page import PAGES as PERMISSIONS
from liquor_app.screens.accounts.profile.page import PAGES as PROFILE
from liquor_app.screens.accounts.team.page import PAGES as TEAM
from liquor_app.screens.allocations.detail.page import PAGES as ALLOCATION
from liquor_app.screens.allocations.list.page import PAGES as ALLOCATIONS
from liquor_app.screens.analytics.ask.page import PAGES as ASK
from liquor_app.screens.analytics.cohorts.page import PAGES as COHORTS
from liquor_app.screens.analytics.dashboard.page import PAGES as DASHBOARD
from liquor_app.screens.analytics.insights.page import PAGES as INSIGHTS
from liquor_app.screens.analytics.report.page import PAGES as ANALYTICS
from liquor_app.screens.analytics.reviews.page import PAGES as REVIEWS
from liquor_app.screens.campaigns.builder.page import PAGES as BUILDER
from liquor_app.screens.campaigns.detail.page import PAGES as CAMPAIGN
from liquor_app.screens.campaigns.list.page import PAGES as CAMPAIGNS
from liquor_app.screens.catalog.product.page import PAGES as PRODUCT
from liquor_app.screens.catalog.products.page import PAGES as CATALOGUE
from liquor_app.screens.compliance.law.page import PAGES as LAW
from liquor_app.screens.coupons.pools.page import PAGES as COUPONS
from liquor_app.screens.customers.custom_fields.page import PAGES as CUSTOM_FIELDS
from liquor_app.screens.customers.detail.page import PAGES as CUSTOMER
from liquor_app.screens.customers.doubles.page import PAGES as DOUBLES
from liquor_app.screens.customers.list.page import PAGES as CUSTOMERS
from liquor_app.screens.customers.purchases.page import PAGES as PURCHASES
from liquor_app.screens.customers.suppressions.page import PAGES as SUPPRESSED
from liquor_app.screens.experiments.ab_history.page import PAGES as AB_HISTORY
from liquor_app.screens.experiments.learning.page import PAGES as LEARNING
from liquor_app.screens.imports.drop_folders.page import PAGES as DROP_FOLDERS
from liquor_app.screens.imports.wizard.page import PAGES as IMPORTING
from liquor_app.screens.organization.audit.page import PAGES as AUDIT
from liquor_app.screens.organization.brand.page import PAGES as BRAND
from liquor_app.screens.organization.guidance.page import PAGES as GUIDANCE
from liquor_app.screens.organization.settings.page import PAGES as SETTINGS
from liquor_app.screens.organization.sign_up.page import PAGES as SIGN_UP
from liquor_app.screens.providers.carrier_kit.page import PAGES as CARRIERS
from liquor_app.screens.providers.channels.page import PAGES as CHANNELS
from liquor_app.screens.scoring.models.page import PAGES as MODELS
from liquor_app.screens.segments.discover.page import PAGES as DISCOVER
from liquor_app.screens.segments.edit.page import PAGES as SEGMENT
from liquor_app.screens.segments.list.page import PAGES as SEGMENTS
from liquor_app.screens.sending.messages.page import PAGES as MESSAGES
from liquor_app.screens.sending.outbox.page import PAGES as OUTBOX
from liquor_app.screens.sending.replies.page import PAGES as REPLIES
from liquor_app.screens.session import closed_pages, event_gate
from liquor_app.screens.session.state import SessionGuard, SessionState, know_closed
from liquor_app.screens.shell.places import know_places
from liquor_app.screens.shell.state import ShellState
from liquor_app.screens.shell.view import slots
from liquor_app.screens.templates.editor.page import PAGES as TEMPLATE
from liquor_app.screens.templates.list.page import PAGES as TEMPLATES
from liquor_app.screens.webhooks.detail.page import PAGES as DELIVERIES
from liquor_app.screens.webhooks.list.page import PAGES as WEBHOOKS
from liquor_app.ui import live_updates
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.frame.shell import HEAD, STYLESHEETS, Slots, shell
from liquor_app.ui.frame.trouble import APP_WRAPS, not_found, unexpected

PAGES: tuple[Page, ...] = (
    *DASHBOARD,
    *CUSTOMERS,
    *CUSTOMER,
    *IMPORTING,
    *SUPPRESSED,
    *DOUBLES,
    *PURCHASES,
    *CATALOGUE,
    *PRODUCT,
    *ALLOCATIONS,
    *ALLOCATION,
    *SEGMENTS,
    *DISCOVER,
    *SEGMENT,
    *CAMPAIGNS,
    *CAMPAIGN,
    *BUILDER,
    *OUTBOX,
    *MESSAGES,
    *REPLIES,
    *ANALYTICS,
    *COHORTS,
    *INSIGHTS,
    *ASK,
    *REVIEWS,
    *MODELS,
    *LEARNING,
    *AB_HISTORY,
    *TEMPLATES,
    *TEMPLATE,
    *COUPONS,
    *GUIDANCE,
    *BRAND,
    *SIGN_UP,
    *CHANNELS,
    *CARRIERS,
    *DROP_FOLDERS,
    *CUSTOM_FIELDS,
    *LAW,
    *SETTINGS,
    *AUDIT,
    *ENTRY,
    *PROFILE,
    *PERMISSIONS,
    *TEAM,
    *API_KEYS,
    *WEBHOOKS,
    *DELIVERIES,
)


def framed(page: Page, pages: tuple[Page, ...], slots: Slots) -> Callable[[], rx.Component]:
    """Draw a page inside the shell, told as a function of the page's own module.

    Reflex writes what a page draws into one script per module of its function; from a `partial` all of them would land
    in the script of `functools`, and every page would load every other.
    """

    @wraps(page.component)
    def component() -> rx.Component:
        return shell(page, pages, slots)

    return component


def add_pages(app: rx.App, pages: tuple[Page, ...], slots: Slots, *, first: list[Any] | None = None) -> None:
    """Register each page, inside the shell unless it is bare; `first` runs before the on_load of shell pages."""
    for page in pages:
        own = page.on_load if isinstance(page.on_load, list) else [page.on_load] if page.on_load else []
        if page.roles:
            know_closed(page.route, page.roles, own)
            own = [SessionState.open_page(page.route)]
        app.add_page(
            page.component if page.bare else framed(page, pages, slots),
            route=page.route,
            title=f"{page.title} · Liquor Marketing Agent",
            on_load=own if page.bare else [*(first or []), *own],
        )


app = rx.App(
    stylesheets=STYLESHEETS,
    head_components=HEAD,
    app_wraps=APP_WRAPS,
    backend_exception_handler=unexpected,
    api_transformer=[create_api(), partial(static_rules, static_dir=STATIC)],
    html_lang="en",
)
# While developing, the pages come from another port.
app.sio.eio.cors_allowed_origins = same_origin if is_prod_mode() else "*"
app.add_middleware(SessionGuard(), index=0)
event_gate.install(app)
closed_pages.install(app)
app.register_lifespan_task(settle_in)
app.register_lifespan_task(SIGNING_IN.open)
app.register_lifespan_task(live_updates.listen)
live_updates.install(app)
know_places(PAGES)
add_pages(app, PAGES, slots(), first=[SessionState.require_sign_in, ShellState.load, ShellState.live])
if get_settings().gallery or not is_prod_mode():
    from liquor_app.screens.gallery.page import DEVELOPER_PAGES  # its states, too, are events anybody may call

    add_pages(app, DEVELOPER_PAGES, Slots())
app.add_page(not_found, route="404", title="Not found · Liquor Marketing Agent")
