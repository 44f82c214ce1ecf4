"""Controls for those who may use them. Only a courtesy: the services refuse everybody else."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import TABLE, Permission
from liquor_app.screens.session.state import SessionState
from liquor_app.ui.var_types import Child


def roles_of(permission: Permission) -> frozenset[str]:
    """Return the roles that have a permission, for what only they are shown."""
    return frozenset(role.value for role in TABLE[permission].roles)


def is_allowed(permission: Permission) -> Any:
    """Tell, as a page's variable, whether whoever sits before it has a permission."""
    return rx.Var.create(sorted(roles_of(permission))).contains(SessionState.role)


def allowed(permission: Permission, *controls: Child) -> rx.Component:
    """Drawn for those who have a permission; the others read."""
    return rx.cond(is_allowed(permission), rx.fragment(*controls), rx.fragment())
