"""Controls for those who may use them. Only a courtesy: the services refuse everybody else."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.models import Role
from liquor_app.screens.session.state import SessionState
from liquor_app.ui.var_types import Child


def for_managers(*controls: Child) -> rx.Component:
    """Drawn for managers and admins; viewers read."""
    writes = (SessionState.role == Role.MANAGER.value) | (SessionState.role == Role.ADMIN.value)
    return rx.cond(writes, rx.fragment(*controls), rx.fragment())


def for_admins(*controls: Child) -> rx.Component:
    """Drawn for admins."""
    return rx.cond(SessionState.role == Role.ADMIN.value, rx.fragment(*controls), rx.fragment())
