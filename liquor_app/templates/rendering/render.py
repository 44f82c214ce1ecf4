"""Liquid and MJML: compiled once per template version, rendered once per message. Pure.

MJML is compiled with the Liquid still in it, so that a message costs one pass of Liquid. What the law wants (postal
address, age notice, way out) is put below what an author's Liquid made of it, by a template of ours: no tag of theirs
is around it, and none they leave open reaches into it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import asdict, dataclass

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError
from liquid.undefined import Undefined

from liquor_app.core.errors import Invalid
from liquor_app.organization.brand_assets import imprint
from liquor_app.organization.channel import Channel
from liquor_app.templates.rendering.compile_sandboxed import compile_html
from liquor_app.templates.rendering.layout import FOOTER, FOOTER_TEXT, HEADER_TEXT, NOTICE_HTML, NOTICE_TEXT
from liquor_app.templates.rendering.letter_frame import with_end
from liquor_app.templates.rendering.render_limits import (
    MAX_SOURCE,
    BoundedEnvironment,
    Misshapen,
    check_shape,
    origin_of,
)
from liquor_app.templates.rendering.sms_length import MAX_CHARACTERS, SmsSize, plain_text, sms_size
from liquor_app.templates.rendering.text_part import tidy
from liquor_app.templates.rendering.unclosed_markup import Unclosed
from liquor_app.templates.rendering.variables import Context
from liquor_app.ui.words import figure

MAX_SUBJECT = 250
CLIPPED_AT = 102_000
"""Gmail hides what comes after so many bytes, the unsubscribe link first."""

WAY_OUT = "Reply STOP to end."

_missing: ContextVar[list[str] | None] = ContextVar("missing_variables", default=None)


class Incomplete(Invalid):
    """A variable the template needs is not known for this customer."""

    code = "rule.incomplete"

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        names = ", ".join(f"{{{{ {name} }}}}" for name in missing)
        super().__init__(f"Not known for this customer: {names}. Give it a default, such as | default: 'friend'.")


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """What an author wrote."""

    channel: Channel
    subject: str | None
    html: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class CompiledTemplate:
    """Ready to render; holds no customer's data."""

    source: TemplateSource
    channel: Channel
    subject: BoundTemplate | None
    html: BoundTemplate | None
    text: BoundTemplate


@dataclass(frozen=True, slots=True)
class Masthead:
    """What stands above an e-mail: of a brand. `style` is a `Header`; without a logo the brand's name stands there."""

    style: str = "none"
    logo_url: str = ""
    logo_alt: str = ""
    color: str = ""
    on_color: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Legal:
    """What every message must carry, put there by us and not by the author. The links are the recipient's own; an
    empty one is left out."""

    brand: str
    postal_address: str
    footer: str
    disclaimer: str
    minimum_age: int
    unsubscribe_url: str
    preferences_url: str = ""
    view_url: str = ""
    masthead: Masthead = Masthead()
    disclosure: str = ""
    """What a state's law wants beside an offer that was chosen for one person."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's final body. `size` is set for SMS."""

    subject: str | None
    html: str | None
    text: str
    size: SmsSize | None = None


class _Collected(Undefined):
    """Notes its name where it would be shown; may be tested and defaulted without trouble."""

    __slots__ = ()
    force_liquid_default = True

    def __str__(self) -> str:
        noted, name = _missing.get(), (self.hint or self.name).removesuffix(" is undefined").strip("'")
        if noted is not None and name not in noted:
            noted.append(name)
        return ""


_HTML = BoundedEnvironment(undefined=_Collected, autoescape=True)
_TEXT = BoundedEnvironment(undefined=_Collected, autoescape=False)
for _environment in (_HTML, _TEXT):
    # a template stands alone: it includes nothing from anywhere
    for _tag in ("include", "render"):
        _environment.tags.pop(_tag, None)

_FOOTER_HTML, _FOOTER_TEXT = _HTML.from_string(FOOTER), _TEXT.from_string(FOOTER_TEXT)
_NOTICE_HTML, _NOTICE_TEXT = _HTML.from_string(NOTICE_HTML), _TEXT.from_string(NOTICE_TEXT)


def compile_template(source: TemplateSource) -> CompiledTemplate:
    """Check and compile what an author wrote.

    Raises:
        Invalid: a part is missing, too long, or not valid Liquid or MJML; the message says where.
    """
    if source.channel is Channel.SMS:
        if not (source.text or "").strip():
            raise Invalid("A text message needs a text.", field="body_text_template")
        return CompiledTemplate(source, Channel.SMS, None, None, _parse(_TEXT, source.text or "", "body_text_template"))
    if not (source.subject or "").strip():
        raise Invalid("An e-mail needs a subject.", field="subject_template")
    if not (source.html or "").strip():
        raise Invalid("An e-mail needs a body.", field="body_html_template")
    for field, part in (("subject_template", source.subject), ("body_html_template", source.html)):
        check_shape(part or "", field)  # before any parser sees it
    skeleton, made = compile_html(source.html or "")
    words = source.text if (source.text or "").strip() else made
    return CompiledTemplate(
        source,
        Channel.EMAIL,
        _parse(_TEXT, source.subject or "", "subject_template"),
        _parse(_HTML, skeleton, "body_html_template"),
        _parse(_TEXT, f"{HEADER_TEXT}{words}", "body_text_template"),
    )


def render_message(compiled: CompiledTemplate, context: Context, legal: Legal) -> Rendered:
    """Return the message for one customer.

    Raises:
        Incomplete: variables without a default are not known; all of them are named.
        Invalid: it cannot be rendered, or is too long.
    """
    values = {**context, "legal": _legal_values(legal)}
    noted: list[str] = []
    token = _missing.set(noted)
    part = "subject_template"
    try:
        subject = " ".join(compiled.subject.render(values).split()) if compiled.subject else None
        part = "body_html_template"
        html = with_end(compiled.html.render(values), _FOOTER_HTML.render(values)) if compiled.html else None
        part = "body_text_template"
        text = compiled.text.render(values)
        text += _FOOTER_TEXT.render(values) if compiled.channel is Channel.EMAIL else ""
    except LiquidError as error:
        raise _to_blame(compiled.source, part, error) from error
    except Unclosed as error:
        raise Misshapen(str(error), part, 0, lead="The template cannot be rendered. ") from error
    finally:
        _missing.reset(token)
    if noted:
        raise Incomplete(noted)
    if compiled.channel is Channel.SMS:
        return _sms(text, legal)
    return Rendered((subject or "")[:MAX_SUBJECT], html, tidy(text))


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message says that somebody asked for; `sms` is the same in a breath, a link at its end."""

    title: str
    words: str
    button: str
    link: str
    why: str
    sms: str


def render_notice(channel: Channel, notice: Notice, legal: Legal) -> Rendered:
    """Return a confirmation or the like, in the brand's look. It carries no offer, so it needs no consent and no way
    out.

    Raises:
        Invalid: the brand's name or address makes it too long.
    """
    if channel is Channel.SMS:
        return _sms(f"{notice.sms} {notice.link}".strip(), legal)
    values = {"legal": _legal_values(legal), "notice": asdict(notice)}
    return Rendered(notice.title, _NOTICE_HTML.render(values), tidy(_NOTICE_TEXT.render(values)))


def _to_blame(source: TemplateSource, part: str, error: LiquidError) -> Misshapen:
    written = {"subject_template": source.subject, "body_html_template": source.html, "body_text_template": source.text}
    if not (written[part] or "").strip():
        part = "body_html_template"  # the text was made from it
    words = str(error.args[0]) if error.args else "it fails"
    line = origin_of(written[part] or "", error)
    return Misshapen(f"{words}.", part, line, lead="The template cannot be rendered. ")


def unsubscribe_headers(url: str) -> dict[str, str]:
    """RFC 8058: one click in the mail program unsubscribes, by POST."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def variables_of(source: TemplateSource) -> list[str]:
    """Return names of the variables an author used, sorted.

    Raises:
        Invalid: not valid Liquid.
    """
    names: set[str] = set()
    for field, part in (
        ("subject_template", source.subject),
        ("body_html_template", source.html),
        ("body_text_template", source.text),
    ):
        if part:
            names |= {str(name) for name in _parse(_TEXT, part, field).global_variable_paths()}
    return sorted(names)


def parse_text(source: str, field: str) -> BoundTemplate:
    """Return a short plain text with Liquid in it, compiled in the same bounds as templates are.

    Raises:
        Invalid: not valid Liquid; `field` is to blame.
    """
    return _parse(_TEXT, source, field)


def _parse(environment: Environment, source: str, field: str) -> BoundTemplate:
    if environment is _HTML and len(source) > MAX_SOURCE:
        raise Misshapen(f"Compiled to HTML it is longer than {figure(MAX_SOURCE)} characters.", field, 0)
    if environment is _TEXT:
        check_shape(source, field)
    try:
        return environment.from_string(source)
    except LiquidError as error:
        raise Invalid(f"{field}: {error}", field=field) from error


def _legal_values(legal: Legal) -> dict[str, str | int]:
    return {
        "brand": legal.brand,
        "postal_address": legal.postal_address,
        "imprint": imprint(legal.brand, legal.postal_address),
        "footer": legal.footer,
        "disclaimer": legal.disclaimer,
        "unsubscribe_url": legal.unsubscribe_url,
        "preferences_url": legal.preferences_url,
        "view_url": legal.view_url,
        "header": legal.masthead.style,
        "logo_url": legal.masthead.logo_url,
        "logo_alt": legal.masthead.logo_alt or legal.brand,
        "color": legal.masthead.color,
        "on_color": legal.masthead.on_color,
        "link": legal.masthead.link,
        "disclosure": legal.disclosure,
    }


def _sms(text: str, legal: Legal) -> Rendered:
    """Tell who writes, what, for whom, and how to stop it. The last two are always put there, whatever the author
    wrote: "21+ bottles at our non-STOP party" says neither."""
    words = " ".join(text.split())
    if not words.lower().startswith(legal.brand.lower()):
        words = f"{legal.brand}: {words}"
    if legal.disclosure:
        words = f"{words} {legal.disclosure}"
    words = plain_text(f"{words} {legal.minimum_age}+. {WAY_OUT}")
    if len(words) > MAX_CHARACTERS:
        raise Invalid(
            f"The text has {figure(len(words))} characters; {figure(MAX_CHARACTERS)} is the most a provider takes."
        )
    return Rendered(None, None, words, sms_size(words))
