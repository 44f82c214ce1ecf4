"""What is wrong with several fields, told at once and in our words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from liquor_app.core.errors import FormInvalid, Invalid


class Mistakes:
    """What is wrong, field by field: `with mistakes.noted(): clean(one)` for each, then `mistakes.refuse()`."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep what is wrong with a field, and go on with the next one."""
        try:
            yield
        except Invalid as error:
            if error.field is None:
                raise
            for name, words in (
                error.errors.items() if isinstance(error, FormInvalid) else ((error.field, error.message),)
            ):
                self._found.setdefault(name, words)

    def refuse(self) -> None:
        """Raises:
        FormInvalid: what was noted, all of it.
        """
        if self._found:
            raise FormInvalid(self._found)


PATTERNS: Mapping[str, str] = {
    r"^[A-Z]{3}$": "A currency is three capital letters, such as USD.",
    r"^([01]\d|2[0-3]):[0-5]\d$": "A time is needed, such as 08:00.",
}
"""What is written in one way only: which, by the pattern its model asks for."""


def mistakes_of(error: ValidationError) -> FormInvalid:
    """Return what a document's model refuses, all of it; for API and terminal the message names each field."""
    found: dict[str, str] = {}
    for one in error.errors():
        if one["loc"]:
            found.setdefault(str(one["loc"][0]), sentence(one))
        else:  # of two fields that contradict each other: the one it begins with
            words = str(one["msg"]).removeprefix("Value error, ")
            found.setdefault(words.split()[0], words)
    told = (words if words.startswith(name) else f"{name}: {words}" for name, words in found.items())
    return FormInvalid(found, " ".join(told))


def sentence(error: Mapping[str, Any]) -> str:
    """Return one of pydantic's complaints in our words, without what was typed."""
    told = error.get("ctx") or {}
    match error["type"]:
        case "missing" | "string_too_short":
            return "This is needed."
        case "string_pattern_mismatch":
            return PATTERNS.get(told["pattern"], "This does not look right: check it where you have it from.")
        case "int_parsing" | "int_from_float" | "int_type":
            return "A whole number is needed."
        case "decimal_parsing" | "float_parsing" | "decimal_type" | "float_type" | "finite_number":
            return "A number is needed."
        case "greater_than_equal":
            return f"It must be {told['ge']} or more."
        case "less_than_equal":
            return f"It must be {told['le']} or less."
        case "decimal_max_places":
            return f"At most {told['decimal_places']} digits may stand behind the point."
        case "string_too_long":
            return f"At most {told['max_length']} characters."
        case "time_parsing" | "time_delta_parsing":
            return "A time is needed, such as 08:00."
        case "literal_error" | "enum":
            return f"It must be {told['expected']}."
        case "extra_forbidden":
            return "There is no such setting."
        case _:
            words = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
            return f"{words[:1].upper()}{words[1:]}."
