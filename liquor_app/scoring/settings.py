"""What an admin may set about scoring. The churn horizon is planning's: both speak of the same weeks."""

from __future__ import annotations

from pydantic import Field

from liquor_app.organization.settings import SettingsModel


class ScoringSettings(SettingsModel):
    key = "scoring"
    clv_horizon_days: int = Field(365, ge=30, le=1095)
    rfm_window_days: int = Field(365, ge=30, le=3650)
