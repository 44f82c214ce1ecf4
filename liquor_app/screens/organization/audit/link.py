"""The way from a thing's page to all that was done to it."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button
from liquor_app.ui.var_types import Text


def audit_link(kind: str, thing_id: Text) -> rx.Component:
    """Draw a link to the audit log of one thing, for those who may read it."""
    return allowed(
        Permission.AUDIT_READ,
        button("Audit", icon="scroll-text", kind="ghost", href=f"/settings/audit?subject={kind}:" + thing_id),
    )
