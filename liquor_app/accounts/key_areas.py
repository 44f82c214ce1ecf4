"""What an API key is good for, beside its role: areas of the API, to read, to write or as their admin
(`permission_table`). `permissions.may` asks for both, in every service as at the edge: reading two takes two."""

from __future__ import annotations

from collections.abc import Collection

from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import AREAS, TABLE, Permission, Way
from liquor_app.core.errors import Invalid

_WAYS = tuple(Way)
"""Each holds those before it."""
SCOPES = tuple(
    f"{area}:{way}" for area in AREAS for way in _WAYS if any(rule.scope == f"{area}:{way}" for rule in TABLE.values())
)
"""Everything a key can be good for."""


def clean_areas(given: Collection[str]) -> list[str]:
    """Return areas as they are stored: sorted, each once with the most that was said of it.

    Raises:
        Invalid: one is none that there is.
    """
    most: dict[str, Way] = {}
    for one in given:
        if str(one) not in SCOPES:
            raise Invalid(
                f"areas must be like customers:read or purchases:write, not {str(one)[:40]!r}; there are"
                f" {', '.join(SCOPES)}",
                field="areas",
            )
        area, _, way = str(one).partition(":")
        most[area] = max(most.get(area, Way.READ), Way(way), key=_WAYS.index)
    return sorted(f"{area}:{way}" for area, way in most.items())


def idle_areas(role: Role, areas: Collection[str]) -> list[str]:
    """Return the areas that give a key of this role nothing: all they hold takes more."""
    held = {rule.scope for rule in TABLE.values() if role in rule.roles}
    return [one for one in areas if one in SCOPES and one not in held]


_IN_WORDS = {Way.READ: "read {}", Way.WRITE: "read and change {}", Way.ADMIN: "administer {}"}


def area_words(scope: str) -> str:
    """Return "read and change purchases" for "purchases:write"; what is no scope as it is."""
    area, _, way = scope.partition(":")
    return _IN_WORDS[Way(way)].format(area) if way in set(Way) else scope


def holds(areas: Collection[str], permission: Permission) -> bool:
    """Tell whether a key's areas hold what a permission is of; no areas hold everything. Its own files every key may
    fetch: each takes what it was made with as well (`downloads`), and whoever may make one gets it."""
    if permission is Permission.OWN_FILES:
        return True
    rule = TABLE[permission]
    enough = _WAYS[_WAYS.index(rule.way) :]
    return not areas or any(f"{rule.area}:{way}" in areas for way in enough)
