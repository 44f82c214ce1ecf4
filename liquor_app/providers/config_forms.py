"""The settings form of a provider, made from its config model. Pure.

Secrets are write-only: a form says that one is set, never which; an empty box keeps it. A secret goes where the
provider's address says, so whoever changes the address has to type the secret again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from liquor_app.core.errors import FormInvalid
from liquor_app.organization.form_mistakes import sentence
from liquor_app.providers.kit.base import ProviderConfig
from liquor_app.ui.words import figure

NAMES: Mapping[str, str] = {
    "sandbox": "Sandbox",
    "mailgun": "Mailgun",
    "sendgrid": "SendGrid",
    "postmark": "Postmark",
    "smtp": "SMTP server",
    "twilio": "Twilio",
}
ADDRESSES = frozenset({"base_url", "host", "port", "security", "callback_url"})
"""Where a secret is sent, and whether it is sent in the open."""

_CAPITALS = {"api": "API", "sid": "SID", "url": "address", "id": "ID"}
Kind = Literal["text", "secret", "number", "flag", "choice"]


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a provider's form. `default` is empty where one must be given."""

    name: str
    label: str
    hint: str
    kind: Kind
    options: tuple[str, ...]
    is_required: bool
    default: str


def form_fields(model: type[ProviderConfig]) -> list[FormField]:
    """Tell what a provider wants to know, in the order of its model."""
    return [_field(name, info) for name, info in model.model_fields.items()]


def provider_name(provider: str) -> str:
    """`SendGrid` of `sendgrid`; a provider without a name of its own as it is stored."""
    return NAMES.get(provider, provider.capitalize())


def shown(model: type[ProviderConfig], stored: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    """Tell what a form may show of stored settings: values that are no secrets, and the names of secrets that are
    set."""
    values: dict[str, str] = {}
    secrets: set[str] = set()
    for field in form_fields(model):
        value = stored.get(field.name)
        if field.kind == "secret":
            secrets |= {field.name} if value else set()
        else:
            values[field.name] = field.default if value is None else _text(value)
    return values, frozenset(secrets)


def merged(model: type[ProviderConfig], stored: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """Complete settings from what was typed: an empty secret keeps the stored one.

    Raises:
        FormInvalid: fields that are wrong, each with its sentence.
    """
    values: dict[str, Any] = {}
    kept: set[str] = set()
    moved = False
    for field in form_fields(model):
        given = str(typed.get(field.name, "")).strip()
        if field.kind == "secret":
            if given:
                values[field.name] = given
            elif stored.get(field.name):
                values[field.name] = stored[field.name]
                kept.add(field.name)
        elif field.kind == "flag":
            values[field.name] = given in ("true", "on", "1")
        elif given or not field.is_required:
            values[field.name] = given or field.default
        if (
            field.name in ADDRESSES
            and stored
            and values.get(field.name) != _text(stored.get(field.name, field.default))
        ):
            moved = True
    if moved and kept:
        raise FormInvalid(
            dict.fromkeys(sorted(kept), "The address has changed: type it again, or put the address back."),
            within="config.",
        )
    try:
        model.model_validate(values)
    except ValidationError as error:
        raise FormInvalid(
            {str(one["loc"][0]): sentence(one) for one in reversed(error.errors())}, within="config."
        ) from error
    return values


def _field(name: str, info: FieldInfo) -> FormField:
    kind: Kind = "text"
    options: tuple[str, ...] = ()
    if info.annotation is SecretStr:
        kind = "secret"
    elif info.annotation is bool:
        kind = "flag"
    elif info.annotation in (int, float):
        kind = "number"
    elif get_origin(info.annotation) is Literal:
        kind, options = "choice", tuple(str(option) for option in get_args(info.annotation))
    is_plain = not info.is_required() and kind != "secret"
    return FormField(
        name,
        info.title or _label(name),
        " ".join(part for part in (_dotted(info.description), _bounds(info)) if part),
        kind,
        options,
        info.is_required(),
        _text(info.default) if is_plain else "",
    )


def _label(name: str) -> str:
    """ "API key" of `api_key`, "Timeout, seconds" of `timeout_seconds`."""
    stem, unit = (name.removesuffix("_seconds"), ", seconds") if name.endswith("_seconds") else (name, "")
    words = " ".join(_CAPITALS.get(part, part) for part in stem.split("_"))
    return words[:1].upper() + words[1:] + unit


def _bounds(info: FieldInfo) -> str:
    least = next((mark.ge for mark in info.metadata if hasattr(mark, "ge")), None)
    most = next((mark.le for mark in info.metadata if hasattr(mark, "le")), None)
    return f"{figure(least)} to {figure(most)}." if least is not None and most is not None else ""


def _dotted(words: str | None) -> str:
    return f"{words.rstrip('.')}." if words else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
