"""MJML and CSS into the HTML of a message, with its Liquid untouched. Pure; runs in the sandbox only.

What the law wants is put below it when it is rendered (`render`), out of an author's reach. The parsers below are C and
Rust: nobody but the sandbox's worker imports this module, and a test holds the code to it.
"""

from __future__ import annotations

import re

import css_inline
from mjml import mjml2html

from liquor_app.core.errors import Invalid
from liquor_app.templates.rendering.layout import HEADER_HTML
from liquor_app.templates.rendering.letter_frame import framed
from liquor_app.templates.rendering.mail_tags import without_unsent
from liquor_app.templates.rendering.pasted_styles import split_styles
from liquor_app.templates.rendering.text_part import Marks, html_to_text

INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
"""An author's stylesheet is never loaded; the library's own `inline` reads whatever address or file a <link> names."""

_OPENING = re.compile(r"<(?:mj-body|body)\b[^>]*(?<!/)>")
"""Not the one among `mj-attributes`, which closes itself."""


def to_html(source: str) -> str:
    """HTML up to the end of its body, without what is never sent; marks stand in for Liquid while it is compiled.

    Raises:
        Invalid: not well formed.
    """
    is_mjml = "<mjml" in source
    if is_mjml and "</mj-body>" not in source:
        raise Invalid("body_html_template: the MJML has no </mj-body>.", field="body_html_template")
    marks = Marks()
    marked = without_unsent(marks.hide_liquid(source))
    above = marks.hide(HEADER_HTML)
    marked, count = _OPENING.subn(lambda body: f"{body[0]}{_raw(above) if is_mjml else above}", marked, count=1)
    if not count:
        marked = f"{above}{marked}"
    try:
        made = mjml2html(marked) if is_mjml else split_styles(marked, INLINER.inline)
    except ValueError as error:
        words = f"body_html_template: the MJML is not well formed: {marks.show(str(error))}"
        raise Invalid(words, field="body_html_template") from error
    return marks.show(framed(made))


def to_text(source: str) -> str:
    """Return the words of a design without what stands in its head.

    Raises:
        Invalid: not well formed.
    """
    head, found, tail = source.partition("<mj-head>")
    return html_to_text(head + tail.partition("</mj-head>")[2] if found else source)


def _raw(mark: str) -> str:
    return f"<mj-raw>{mark}</mj-raw>"
