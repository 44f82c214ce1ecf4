"""MJML and CSS into the HTML of a message, with its Liquid untouched. Pure; runs in the sandbox only.

What the law wants is put in here and cannot be left out by an author. The parsers below are C and Rust: nobody but the
sandbox's worker imports this module, and a test holds the code to it.
"""

from __future__ import annotations

import re

import css_inline
from mjml import mjml2html

from liquor_app.core.errors import Invalid
from liquor_app.templates.rendering.layout import FOOTER, HEADER_HTML
from liquor_app.templates.rendering.mail_tags import without_forms
from liquor_app.templates.rendering.pasted_styles import split_styles
from liquor_app.templates.rendering.text_part import Marks, html_to_text

INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
"""An author's stylesheet is never loaded; the library's own `inline` reads whatever address or file a <link> names."""

_OPENING = re.compile(r"<(?:mj-body|body)\b[^>]*(?<!/)>")
"""Not the one among `mj-attributes`, which closes itself."""


def to_html(source: str) -> str:
    """HTML with the legal footer and without forms; marks stand in for Liquid while it is compiled.

    Raises:
        Invalid: not well formed.
    """
    is_mjml = "<mjml" in source
    ending = "</mj-body>" if is_mjml else "</body>"
    if is_mjml and ending not in source:
        raise Invalid("body_html_template: the MJML has no </mj-body>.", field="body_html_template")
    footer = _raw(FOOTER) if is_mjml else FOOTER
    head, found, tail = source.rpartition(ending)
    whole = f"{head}{footer}{found}{tail}" if found else f"{source}{footer}"
    marks = Marks()
    marked = without_forms(marks.hide_liquid(whole))
    above = marks.hide(HEADER_HTML)
    marked, count = _OPENING.subn(lambda body: f"{body[0]}{_raw(above) if is_mjml else above}", marked, count=1)
    if not count:
        marked = f"{above}{marked}"
    try:
        made = mjml2html(marked) if is_mjml else split_styles(marked, INLINER.inline)
    except ValueError as error:
        words = f"body_html_template: the MJML is not well formed: {marks.show(str(error))}"
        raise Invalid(words, field="body_html_template") from error
    return marks.show(made)


def to_text(source: str) -> str:
    """Return the words of a design without what stands in its head.

    Raises:
        Invalid: not well formed.
    """
    head, found, tail = source.partition("<mj-head>")
    return html_to_text(head + tail.partition("</mj-head>")[2] if found else source)


def _raw(mark: str) -> str:
    return f"<mj-raw>{mark}</mj-raw>"
