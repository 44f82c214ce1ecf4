"""Every export we know, and which of them a file is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquor_app.core.errors import Invalid, Unknown
from liquor_app.imports.cleaning.answers.answer_cells import LONGEST_WORDING
from liquor_app.imports.cleaning.orders.money_names import BESIDE, REFUNDED
from liquor_app.imports.profiles import (
    attentive,
    bottlecapps,
    city_hive,
    clover,
    dunnhumby,
    klaviyo,
    lightspeed,
    lightspeed_r,
    mailchimp,
    sendgrid_lists,
    shopify,
    square,
    toast_pos,
    uci,
    winesense,
    woocommerce,
)
from liquor_app.imports.profiles.tool_profile import Make, Profile, fits, makers
from liquor_app.ui.words import figure

TOOLS = (
    attentive, bottlecapps, city_hive, clover, dunnhumby, klaviyo, lightspeed, lightspeed_r, mailchimp,
    sendgrid_lists, shopify, square, toast_pos, uci, winesense, woocommerce,
)  # fmt: skip
ALL: tuple[Profile, ...] = tuple(profile for tool in TOOLS for profile in tool.PROFILES)
PROFILES: dict[str, Profile] = {profile.key: profile for profile in ALL}


_TOOL_OF = {one.key: tool.__name__.rpartition(".")[2] for tool in TOOLS for one in tool.PROFILES}


def tool_of(profile: Profile | None) -> str:
    """Return the tool whose export this is: customers' numbers are its own; empty for none we know."""
    return _TOOL_OF.get(profile.key, "") if profile else ""


def recognise(columns: Sequence[str], kind: str, file_name: str = "") -> Profile | None:
    """Return the export a file with these columns is: of several, the one that is known by most columns."""
    found = [profile for profile in ALL if profile.kind == kind and fits(profile, columns, file_name)]
    return max(found, key=lambda profile: len(profile.marks), default=None)


def named_profile(kind: str, options: Mapping[str, Any]) -> Profile | None:
    """Return the export that `options["profile"]` names; None where it names none.

    Raises:
        Invalid: no such export of this kind, or one that cannot be imported as it is.
    """
    if not (key := options.get("profile")):
        return None
    profile = PROFILES.get(str(key))
    if profile is None or profile.kind != kind:
        known = ", ".join(one.key for one in ALL if one.kind == kind)
        raise Invalid(f"profile must be one of {known}, or empty", field="profile")
    if profile.refuses:
        raise Invalid(profile.refuses, field="profile")
    return profile


def chosen_profile(
    columns: Sequence[str], kind: str, options: Mapping[str, Any], file_name: str = ""
) -> Profile | None:
    """Return the export a file is read as: what `options["profile"]` says ("" for none), else what it is known as.

    Raises:
        Invalid: no such export, one whose columns the file has not, or a known export of another kind.
    """
    if options.get("profile") is None:
        found = recognise(columns, kind, file_name)
        for other in sorted({one.kind for one in ALL} - {kind}):
            if found is None and (meant := recognise(columns, other, file_name)) is not None:
                raise Invalid(
                    f"The file looks like {meant.name}: it holds {other}, not {kind}. Import it as {other}.",
                    field="kind",
                )
        return found
    profile = named_profile(kind, options)
    if profile is None:
        return None
    if profile.unless_named and fits(profile, columns) and not fits(profile, columns, file_name):
        raise Invalid(f"By its name, {file_name[:60]!r}, the file is no export of {profile.name}.", field="profile")
    if not fits(profile, columns, file_name):
        missing = ", ".join(profile.marks)
        raise Invalid(f"The file is no export of {profile.name}: that has the columns {missing}.", field="profile")
    return profile


_ONE_EACH = frozenset({"name", "first_name", "last_name", "date_of_birth", "sku", "upc", "order_id", "occurred_at"})
_OF_PEOPLE = frozenset({"email", "phone", "external_id"})
_SUMS = frozenset({
    "amount", "unit_price", "discount", "coupon_discount", "order_discount", "order_total", *BESIDE, REFUNDED,
    "price", "sale_price", "cost",
    "minimum_price", "stock",
})  # fmt: skip


def _is_told_of_each(name: str, fields: Sequence[str]) -> bool:
    """Tell whether a field is each row's own: said of all, it makes one person of many, or a birthday or a sum up. All
    orders of a file may be one person's."""
    return name in _ONE_EACH or name in _SUMS or (name in _OF_PEOPLE and "order_id" not in fields)


def told_for_all(options: Mapping[str, Any], fields: Sequence[str]) -> dict[str, str]:
    """Return field → what somebody says of every row of the file (`options["constants"]`).

    Raises:
        Invalid: no object of texts, an unknown field or one that is each row's own, or a text too long.
    """
    given = options.get("constants") or {}
    if not isinstance(given, Mapping):
        raise Invalid("constants must name fields and what holds for every row", field="constants")
    for name, value in given.items():
        if name not in fields:
            raise Unknown(
                f"constants: there is no field {str(name)[:40]!r}; known are {', '.join(fields)}", field="constants"
            )
        if _is_told_of_each(name, fields):
            raise Invalid(
                f"constants: {name} is each row's own, and cannot be said of all. Map a column to it.",
                field="constants",
            )
        most = LONGEST_WORDING if name.endswith("consent_wording") else 255
        if not isinstance(value, str) or len(value) > most or "\x00" in value:
            raise Invalid(f"constants: {name} must be a text of at most {figure(most)} characters", field="constants")
    return dict(given)


def extra_cells(
    profile: Profile | None, columns: Sequence[str], options: Mapping[str, Any], fields: Sequence[str]
) -> dict[str, Make]:
    """Return field → what makes its cell beside the columns of the file: what a profile puts together, and what
    somebody says of every row.

    Raises:
        Invalid: as `told_for_all`.
    """
    made = makers(profile, columns) if profile is not None else {}
    return made | {name: _always(value) for name, value in told_for_all(options, fields).items()}


def _always(value: str) -> Make:
    return lambda cells: value
