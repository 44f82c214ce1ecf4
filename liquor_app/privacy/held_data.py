"""Everything that is kept of a person, table by table, as each slice tells it beside its columns, and where the shop's
own words may name one. What is scrubbed first stands first: what a message says is found by the message."""

from __future__ import annotations

from liquor_app.accounts import models as accounts
from liquor_app.actions import models as actions
from liquor_app.allocations import models as allocations
from liquor_app.analytics import models as analytics
from liquor_app.analytics.insights import models as insights
from liquor_app.api import models as api
from liquor_app.campaigns import models as campaigns
from liquor_app.catalog import models as catalog
from liquor_app.compliance import models as compliance
from liquor_app.core import models as core
from liquor_app.core.platform.personal_data import Mention, Personal
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

PERSONAL: tuple[Personal, ...] = (
    *customers.PERSONAL, *erasing.PERSONAL, *imported.PERSONAL, *labels.PERSONAL, *scoring.PERSONAL, *segments.PERSONAL,
    *actions.PERSONAL, *planning.PERSONAL, *coupons.PERSONAL, *experiments.PERSONAL, *campaigns.PERSONAL,
    *ledger.PERSONAL, *providers.PERSONAL, *sending.PERSONAL, *sign_up.PERSONAL, *events.PERSONAL,
    *imports.PERSONAL, *drop_folders.PERSONAL, *allocations.PERSONAL, *doubles.PERSONAL, *organization.PERSONAL,
    *api.PERSONAL, *core.PERSONAL, *accounts.PERSONAL,
)  # fmt: skip

MENTIONS: tuple[Mention, ...] = (
    *labels.MENTIONS, *erasing.MENTIONS, *imported.MENTIONS, *actions.MENTIONS,
    *planning.MENTIONS, *ledger.MENTIONS, *allocations.MENTIONS, *doubles.MENTIONS, *experiments.MENTIONS,
    *ab_tests.MENTIONS, *campaigns.MENTIONS, *coupons.MENTIONS, *accounts.MENTIONS, *sending.MENTIONS,
    *sign_up.MENTIONS, *providers.MENTIONS, *events.MENTIONS, *imports.MENTIONS, *drop_folders.MENTIONS,
    *compliance.MENTIONS, *analytics.MENTIONS, *insights.MENTIONS, *webhooks.MENTIONS, *templates.MENTIONS,
    *organization.MENTIONS, *catalog.MENTIONS,
    *segments.MENTIONS,  # last: where a segment's short name stands is looked for only while one names somebody
)  # fmt: skip
