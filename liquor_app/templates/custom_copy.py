"""Subject lines and sentences somebody wrote for one plan: checked, compiled, rendered. Pure.

Copy is a little Liquid: it may show the variables of `COPY_VARIABLES` and nothing else; no tags, no markup, no
addresses, and no discount of its own, because the offer says what is given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liquid.exceptions import LiquidError

from liquor_app.core.errors import Invalid
from liquor_app.organization.guidance import Guidance
from liquor_app.templates.liquid_tokens import liquid_tokens, without_liquid
from liquor_app.templates.rendering.render import parse_text
from liquor_app.templates.rendering.sms_length import plain_text, sms_size

COPY_VARIABLES = ("offer.text", "offer.ends", "offer.discount", "offer.category", "brand.name")
MAX_SUBJECT, MAX_EMAIL, MAX_SMS = 90, 400, 300
SMS_OVERHEAD = 55
"""Characters the brand's name, the age and the way out take in a text message."""
MAX_SMS_SEGMENTS = 2

EXAMPLE = {
    "offer": {"text": "10% off domestic wine", "ends": "29 November", "discount": "10", "category": "domestic wine"},
    "brand": {"name": "Harbor & Vine"},
}

_PROMISE = re.compile(
    r"(?<!\d)\d++(?:[.,]\d++)?\s*+(?:%|percent|per cent)|%|\bper\s?cent\b|[$€£]\s*+\d"
    r"|\d\s*+(?:dollars|usd|bucks)\b|\bfree\b|\bfor nothing\b"
    r"|\bhalf[\s-](?:price|off)\b|\bbogo\b|\bbuy one\b|\b(?:two|2) for (?:one|1)\b|\bon the house\b|\bgratis\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"https?:|www\.|(?<![\w.+-])[\w.+-]++@[\w-]++\.\w"
    r"|(?<![\w-])[\w-]++\.(?:com|net|org|io|co|shop|biz|info|ru|cn)\b",
    re.I,
)
_SHOWN = re.compile(r"{{-?\s*[\w.]+\s*(?:\|\s*(?:capitalize|upcase|downcase)\s*)?-?}}")
"""A variable and nothing else: a filter with words in it could say anything."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Checked copy; `subject` is None for text messages."""

    subject: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str | None
    text: str


def check_copy(
    subject: str | None, text: str, channel: str, guidance: Guidance, *, discount_pct: str | None = None
) -> Copy:
    """Copy that may be used.

    Args:
        channel: `email` or `sms`.
        discount_pct: of the offer it belongs to, if it is known: then the copy may name this discount in figures, and
            need not show `{{ offer.text }}`.

    Raises:
        Invalid: empty or too long, tags, markup or addresses, an unknown variable, a promise of its own, a banned
            claim, more than two segments; `field` is `subject` or `text`.
    """
    limit = MAX_EMAIL if channel == "email" else MAX_SMS
    words = _checked(text, "text", limit, guidance, discount_pct)
    if discount_pct is None and "offer.text" not in _variables(words, "text"):
        raise Invalid("text: it must show {{ offer.text }}, which says what is offered.", field="text")
    head: str | None = None
    if channel == "email":
        head = _checked(subject, "subject", MAX_SUBJECT, guidance, discount_pct) if subject else None
    else:
        size = sms_size(plain_text(render_copy(Copy(None, words), EXAMPLE).text) + "x" * SMS_OVERHEAD)
        if size.segments > MAX_SMS_SEGMENTS:
            raise Invalid(
                f"text: it takes {size.segments} segments in {size.encoding} with what the law adds;"
                f" {MAX_SMS_SEGMENTS} is the most.",
                field="text",
            )
    return Copy(head, words)


def render_copy(copy: Copy, values: Mapping[str, Mapping[str, str]]) -> Rendered:
    """Return the words for one offer; `values` as `EXAMPLE`.

    Raises:
        Invalid: it cannot be rendered.
    """
    try:
        text = parse_text(copy.text, "text").render(**values)
        subject = parse_text(copy.subject, "subject").render(**values) if copy.subject else None
    except LiquidError as error:
        raise Invalid(f"The copy cannot be rendered: {error}", field="text") from error
    return Rendered(" ".join(subject.split())[:MAX_SUBJECT] if subject else None, " ".join(text.split()))


def copy_subject(terms: Mapping[str, Any], otherwise: str | None) -> str | None:
    """Return the subject line written for this plan, if there is one, instead of the template's."""
    own = terms.get("subject")
    return " ".join(own.split())[:MAX_SUBJECT] if isinstance(own, str) and own.strip() and otherwise else otherwise


def _checked(value: str | None, field: str, limit: int, guidance: Guidance, discount_pct: str | None) -> str:
    words = " ".join((value or "").split())
    if not words:
        raise Invalid(f"{field}: must not be empty.", field=field)
    if len(words) > limit:
        raise Invalid(f"{field}: {len(words)} characters; {limit} is the most.", field=field)
    if not words.isprintable():
        raise Invalid(f"{field}: it holds characters that cannot be shown.", field=field)
    if "{%" in words or "%}" in words:
        raise Invalid(f"{field}: tags such as {{% include %}} have no place in copy.", field=field)
    unknown = sorted(set(_variables(words, field)) - set(COPY_VARIABLES))
    if unknown:
        raise Invalid(f"{field}: {{{{ {unknown[0]} }}}} is not one of {', '.join(COPY_VARIABLES)}.", field=field)
    if strange := [one.text for one in liquid_tokens(words) if not _SHOWN.fullmatch(one.text)]:
        raise Invalid(f"{field}: {strange[0][:60]} must be a variable and nothing else.", field=field)
    plain = unicodedata.normalize("NFKC", without_liquid(words))
    if "<" in plain or ">" in plain or "&#" in plain:
        raise Invalid(f"{field}: no markup, please; the template does the looks.", field=field)
    if _ADDRESS.search(plain):
        raise Invalid(f"{field}: no links or addresses; the template carries the shop's own.", field=field)
    for promise in _PROMISE.finditer(plain):
        if discount_pct is not None and _same_number(promise[0], discount_pct):
            continue
        raise Invalid(
            f"{field}: “{promise[0]}” promises something of its own; {{{{ offer.text }}}} says what is given.",
            field=field,
        )
    guidance.check_words(plain, field)
    return words


def _same_number(promise: str, discount_pct: str) -> bool:
    number = re.match(r"\d+(?:[.,]\d+)?(?=\s*(?:%|per))", promise)
    return number is not None and float(number[0].replace(",", ".")) == float(discount_pct)


def _variables(source: str, field: str) -> list[str]:
    return [str(name) for name in parse_text(source, field).global_variable_paths()]
