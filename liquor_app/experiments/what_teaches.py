"""What of a campaign says anything of what messages change. SQL conditions, for all who read outcomes."""

from __future__ import annotations

from liquor_app.actions.eligibility import Reason
from liquor_app.campaigns.models import CampaignStatus

REAL_CAMPAIGN = (
    "k.started_at IS NOT NULL AND NOT k.is_history AND k.virtual_now IS NULL"
    f" AND k.status <> '{CampaignStatus.CANCELLED}'"
)
"""A campaign `k` that went out: not cancelled, not of the imported history, not only played."""
OWN_DECISION = f"a.skip_reason IS DISTINCT FROM '{Reason.BY_HAND}' AND NOT a.offer_terms ? 'edited_by'"
"""An action `a` that stands as it was decided: no person took it out or changed it."""
