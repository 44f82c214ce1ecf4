"""What is wrong with a template, part by part, with the line it stands on. Pure.

`compile_template` decides whether a template may be stored; this says where to look. Warnings stop nobody: a
variable nobody knows may still be written behind an `{% if %}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches

from liquid.exceptions import LiquidError

from liquor_app.core.errors import Invalid
from liquor_app.templates.liquid_tokens import blanked, liquid_tokens, style_sheets
from liquor_app.templates.rendering.compile_sandboxed import ask
from liquor_app.templates.rendering.mail_tags import html_tags
from liquor_app.templates.rendering.render import (
    Incomplete,
    Legal,
    TemplateSource,
    compile_template,
    parse_text,
    render_message,
    variables_of,
)
from liquor_app.templates.rendering.render_limits import Misshapen
from liquor_app.templates.rendering.variables import VARIABLES, example_context
from liquor_app.templates.template_doubts import find_doubts

MOST = 12
"""Problems told at once."""

_CUSTOM = re.compile(r"custom\.[a-z][a-z0-9_]*")
"""A field of the shop's own: which there are, only the database knows."""
_BLOCKS = frozenset({"if", "unless", "for", "case", "capture", "comment", "raw", "tablerow", "ifchanged"})
_MJ_ENDING = frozenset({"mj-text", "mj-button", "mj-raw", "mj-table", "mj-style", "mj-navbar-link"})
"""Their content is HTML, which a browser mends by itself."""


_LEGAL = Legal("Brand", "1 Main St", "", "", 21, "https://example.com/unsubscribe")


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; 0 where no line is to blame. `field` as in `templates.service.CONTENT`."""

    field: str
    line: int
    message: str
    is_warning: bool = False


def find_problems(source: TemplateSource) -> list[Problem]:
    """Tell what keeps a template from being stored; if nothing does, what looks like a slip of the pen."""
    try:
        return [Problem(**told) for told in ask("problems", asdict(source))]
    except Misshapen as error:  # it cannot even be looked at
        return [Problem(error.field or "body_html_template", error.line, _sentence(error.words))]


def try_template(source: TemplateSource) -> None:
    """Compile it and render it once, for the example: what cannot be rendered, or takes too long, is not stored.

    Raises:
        Invalid: as `compile_template` and `render_message`; what is only not known for the example is no fault.
    """
    ask("try", asdict(source))


def problems_of(source: TemplateSource) -> list[Problem]:
    """`find_problems`, inside the sandbox."""
    parts = [
        (field, part)
        for field, part in (
            ("subject_template", source.subject),
            ("body_html_template", source.html),
            ("body_text_template", source.text),
        )
        if part
    ]
    found = [problem for field, part in parts if (problem := _liquid_problem(field, part)) is not None]
    if not found and source.html and "<mjml" in source.html:
        found = [*_unbalanced("body_html_template", source.html)][:1]
    if not found:
        found = _whole(source)
    return (found or [*_unknown(source, parts), *_foreign(parts), *_doubts(parts)])[:MOST]


def render_example(source: TemplateSource) -> None:
    """`try_template`, inside the sandbox."""
    compiled = compile_template(source)
    try:
        render_message(compiled, example_context(), _LEGAL)
    except Incomplete:
        return


def _liquid_problem(field: str, part: str) -> Problem | None:
    try:
        parse_text(part, field)
    except Invalid as error:
        cause = error.__cause__
        if isinstance(error, Misshapen):
            return Problem(field, error.line, _sentence(error.words))
        if not isinstance(cause, LiquidError):
            return Problem(field, 0, error.message)
        where = cause.context()
        words = str(cause.args[0]) if cause.args else str(cause)
        if where:
            return Problem(field, int(where[0]), _sentence(words))
        return _unclosed(field, part) or Problem(field, 0, _sentence(words))
    return None


def _unclosed(field: str, part: str) -> Problem | None:
    """Return the first block without an end: the parser only notices at the end of the text."""
    open_blocks: list[tuple[str, int]] = []
    for token in liquid_tokens(part):
        name = token.tag
        if name in _BLOCKS:
            open_blocks.append((name, _line(part, token.start)))
        elif name.startswith("end") and open_blocks and open_blocks[-1][0] == name.removeprefix("end"):
            open_blocks.pop()
    if not open_blocks:
        return None
    name, line = open_blocks[-1]
    return Problem(field, line, f"This {{% {name} %}} is never closed with {{% end{name} %}}.")


def _unbalanced(field: str, part: str) -> Iterator[Problem]:
    """MJML elements that are not closed, or closed in the wrong order."""
    blank = blanked(part, liquid_tokens(part))
    stack: list[tuple[str, int]] = []
    for tag in html_tags(blank):
        name = tag.name
        if not (name == "mjml" or name.startswith("mj-")):
            continue
        line = _line(blank, tag.start)
        if not tag.closes:
            if not tag.inside.endswith("/"):
                stack.append((name, line))
        elif not stack:
            yield Problem(field, line, f"</{name}> closes nothing.")
        elif stack[-1][0] != name:
            opened, at = stack[-1]
            yield Problem(field, line, f"</{name}> stands here, but <{opened}> of line {at} is still open.")
            return
        else:
            stack.pop()
    if stack:
        yield Problem(field, stack[-1][1], f"<{stack[-1][0]}> is never closed.")


def _whole(source: TemplateSource) -> list[Problem]:
    """Tell what only shows when it is compiled and rendered once, for the example."""
    try:
        compiled = compile_template(source)
    except Misshapen as error:
        return [Problem(error.field or "body_html_template", error.line, _sentence(error.words))]
    except Invalid as error:
        return [Problem(error.field or "body_html_template", 0, _sentence(error.message))]
    try:
        render_message(compiled, example_context(), _LEGAL)
    except Incomplete:
        return []
    except Misshapen as error:
        found = Problem(error.field or _body(source), error.line, _sentence(error.words))
        return [found if error.line else _blamed(source, error.words)]
    except Invalid as error:
        return [Problem(_body(source), 0, _sentence(error.message))]
    return []


def _blamed(source: TemplateSource, words: str) -> Problem:
    """Return a filter nobody knows, found again in what the author wrote."""
    name = next(iter(re.findall(r"'([^']+)'", words)), "")
    for field, part in (
        ("subject_template", source.subject),
        ("body_html_template", source.html),
        ("body_text_template", source.text),
    ):
        found = re.search(rf"\|\s*{re.escape(name)}\b", part or "") if name else None
        if found:
            return Problem(field, _line(part or "", found.start()), _sentence(words))
    return Problem(_body(source), 0, _sentence(words))


def _unknown(source: TemplateSource, parts: list[tuple[str, str]]) -> list[Problem]:
    """Variables that do not exist."""
    found: list[Problem] = []
    for name in variables_of(source):
        if name in VARIABLES or _CUSTOM.fullmatch(name) or any(known.startswith(f"{name}.") for known in VARIABLES):
            continue
        if (own := re.fullmatch(r"customer\.(custom\.[a-z][a-z0-9_]*)", name)) is not None:
            words = f"There is no variable {name}. A field of your own is {own[1]}."
            found.append(Problem(*_first(parts, name), words, is_warning=True))
            continue
        near = get_close_matches(name, VARIABLES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        field, line = _first(parts, name)
        found.append(Problem(field, line, f"There is no variable {name}.{hint}", is_warning=True))
    return sorted(found, key=lambda one: (one.field, one.line))


_FIELD = (
    r"(?:(?:first|last|full|user|given|sur|(?:customer|contact|subscriber|recipient|company|shop|store|brand|list)\.?)"
    r"[ _-]?name|(?:contact|customer|subscriber|recipient|profile|lead|user)[.:][a-z_ ]{1,40}|[fl]_?name|name"
    r"|e-?mail(?:[ _-]?address)?|unsub(?:scribe)?(?:[ _-]?(?:link|url))?|opt[ _-]?out|city|town|coupon(?:[ _-]?code)?"
    r"|view[ _-]?in[ _-]?browser|web[ _-]?version)"
)
"""What fields are called; asked for where the signs around it also stand around what is none: a price, a hashtag."""
_FOREIGN = re.compile(
    r"\*\|\s*(?P<mailchimp>[A-Z][A-Z0-9_:.]{0,40})\s*\|\*"
    r"|\[\[\s*(?P<brackets>[A-Za-z][\w. ]{0,40})\s*\]\]"
    r"|%%(?P<percents>[A-Z][A-Z0-9_.]{1,40})%%"
    # one sign on each side, where it does not write a letter in an address (%C3%A9)
    r"|(?<![\d%])%(?![0-9A-F]{2}%)(?P<percent>[A-Z][A-Z0-9_]{1,40}|recipient\.[a-z_]+)%(?![0-9A-F]{2})"
    r"|\{!\s*(?P<salesforce>\$?[A-Z][\w.]{0,60})\s*\}"
    r"|\$\{\s*(?P<dollar>[A-Z_][\w.]{0,40})\s*\}"
    r"|(?<![{$])\{(?P<braces>[a-z][a-z]*_[a-z_]+|firstname|lastname|name|email|city)\}(?!\})"
    rf"|(?<!\w)\[%?(?P<square>{_FIELD})%?\](?!\()"
    rf"|(?:<<|&lt;&lt;|\u00ab|&laquo;)\s*(?P<angles>{_FIELD}|[A-Z]+_[A-Z_]+)\s*(?:>>|&gt;&gt;|\u00bb|&raquo;)"
    rf"|(?<![\w#&/])##?(?P<hashes>{_FIELD})##?(?!\w)"
    rf"|(?<![\w$])\$(?P<dollars>{_FIELD})\$(?!\w)"
    rf"|(?<![\w-])-(?=(?-i:[A-Z_]+-))(?P<dashes>{_FIELD})-(?![\w-])",
    re.IGNORECASE,
)
"""How Mailchimp, SendGrid, ActiveCampaign, Mailgun, Salesforce and others write a field; to us it is text, and goes out
so."""
_OURS = (
    (re.compile(r"^f_?name$|first|given|vorname", re.IGNORECASE), "customer.first_name | default: 'there'"),
    (re.compile(r"^l_?name$|last|full|^name$|surname", re.IGNORECASE), "customer.name | default: 'there'"),
    (re.compile(r"city|town", re.IGNORECASE), "customer.city | default: 'your town'"),
    (re.compile(r"coupon|code|voucher", re.IGNORECASE), "offer.code"),
    (re.compile(r"company|brand|shop|store|list", re.IGNORECASE), "brand.name"),
)


def _foreign(parts: list[tuple[str, str]]) -> list[Problem]:
    """Fields as other programs write them, with what they are called here."""
    found: dict[tuple[str, str], Problem] = {}
    for field, part in parts:
        plain = blanked(part, liquid_tokens(part))
        plain = blanked(plain, style_sheets(plain))
        for tag in _FOREIGN.finditer(plain):
            name = next(group for group in tag.groups() if group)
            if re.search(r"unsub|opt.?out", name, re.IGNORECASE):
                ours = "The way out is put there by us."
            else:
                known = next((words for pattern, words in _OURS if pattern.search(name)), "")
                ours = f"Here it is {{{{ {known} }}}}." if known else "See the list of variables beside the editor."
            words = f"{tag[0]} is a field of another program, and would go out as it stands. {ours}"
            found.setdefault((field, tag[0]), Problem(field, _line(part, tag.start()), words, is_warning=True))
    return list(found.values())


def _doubts(parts: list[tuple[str, str]]) -> list[Problem]:
    return [Problem(*doubt, is_warning=True) for doubt in find_doubts(parts)]


def _first(parts: list[tuple[str, str]], name: str) -> tuple[str, int]:
    for field, part in parts:
        for token in liquid_tokens(part):
            if re.search(rf"\b{re.escape(name)}\b", token.text):
                return field, _line(part, token.start)
    return parts[0][0] if parts else "body_html_template", 0


def _body(source: TemplateSource) -> str:
    return "body_html_template" if source.html else "body_text_template"


def _line(part: str, position: int) -> int:
    return part.count("\n", 0, position) + 1


def _sentence(words: str) -> str:
    """Return the parser's words as a sentence, without the name of our own field."""
    first = words.strip().splitlines()[0] if words.strip() else "It cannot be read"
    for name in ("subject_template: ", "body_html_template: ", "body_text_template: "):
        first = first.removeprefix(name)
    return first[:1].upper() + first[1:] + ("" if first.endswith((".", "?", "!")) else ".")
