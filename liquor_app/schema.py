"""Every table of the product, gathered for migrations and tests. On the roof: it sees all slices."""

from __future__ import annotations

from sqlmodel import SQLModel

from liquor_app.accounts import models as accounts
from liquor_app.actions import models as actions
from liquor_app.allocations import models as allocations
from liquor_app.analytics import models as analytics
from liquor_app.analytics.insights import models as insights
from liquor_app.analytics.reviews import models as reviews
from liquor_app.api import models as api
from liquor_app.campaigns import models as campaigns
from liquor_app.catalog import models as catalog
from liquor_app.compliance import models as compliance
from liquor_app.core import models as core
from liquor_app.core.platform.retention import Kept
from liquor_app.coupons import models as coupons
from liquor_app.customers import models as customers
from liquor_app.customers.erasing import models as erasing
from liquor_app.customers.imported import models as imported
from liquor_app.customers.labels import models as labels
from liquor_app.doubles import models as doubles
from liquor_app.events import models as events
from liquor_app.experiments import models as experiments
from liquor_app.experiments.ab_tests import models as ab_tests
from liquor_app.imports import models as imports
from liquor_app.imports.drop_folders import models as drop_folders
from liquor_app.ledger import models as ledger
from liquor_app.organization import models as organization
from liquor_app.planning import models as planning
from liquor_app.providers import models as providers
from liquor_app.scoring import models as scoring
from liquor_app.segments import models as segments
from liquor_app.sending import models as sending
from liquor_app.sending.sign_up import models as sign_up
from liquor_app.templates import models as templates
from liquor_app.webhooks import models as webhooks

SLICES = (
    core, api, events, accounts, organization, webhooks, customers, erasing, imported, labels, catalog, imports,
    drop_folders, campaigns, ledger, scoring, segments, compliance, providers, templates, coupons, actions, experiments,
    ab_tests, planning, sending, sign_up, allocations, doubles, analytics, insights, reviews,
)  # fmt: skip

metadata = SQLModel.metadata

KEPT: tuple[Kept, ...] = tuple(kept for one in SLICES for kept in getattr(one, "KEPT", ()))
"""How long rows of tables that grow are kept. What reads a row stands after what it belongs to in `SLICES`."""

TIME_SERIES = {"sends": "created_at", "analytics_events": "occurred_at"}
"""Hypertables where TimescaleDB is available, native monthly partitions where not."""
