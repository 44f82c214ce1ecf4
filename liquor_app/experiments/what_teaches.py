"""What of a campaign says anything of what messages change. SQL conditions, for all who read outcomes."""

from __future__ import annotations

from liquor_app.actions.eligibility import Reason
from liquor_app.campaigns.models import CampaignStatus

REAL_CAMPAIGN = (
    "k.started_at IS NOT NULL AND NOT k.is_history AND k.virtual_now IS NULL"
    f" AND k.status <> '{CampaignStatus.CANCELLED}'"
)
"""A campaign `k` that went out: not cancelled, not of the imported history, not only played."""
OWN_DECISION = (
    f"(a.decision ? 'decided' OR (a.skip_reason IS DISTINCT FROM '{Reason.BY_HAND}'"
    " AND NOT a.offer_terms ? 'edited_by'))"
)
"""An action `a` of which is known what was decided. By intention: whom a person took out, or gave another offer, counts
as decided, for whoever was held out of just that decision could not be taken out. Older ones that do not say what was
decided count where no person touched them."""
DECIDED_OFFER = "COALESCE(a.decision -> 'decided' ->> 'offer', a.offer_terms ->> 'name')"
DECIDED_PCT = "COALESCE(a.decision -> 'decided' ->> 'discount_pct', a.offer_terms ->> 'discount_pct', '0')"
DECIDED_DUE = "COALESCE(a.decision -> 'decided' ->> 'due', a.offer_terms -> 'due' ->> 'state')"
DECIDED_P = "CAST(COALESCE(a.decision -> 'decided' ->> 'baseline', a.offer_terms ->> 'baseline', '0') AS numeric)"
"""SQL: offer's name, discount, due-state and baseline as they were decided."""
