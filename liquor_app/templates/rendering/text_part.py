"""The words of a design, without its markup; its Liquid kept. Pure."""

from __future__ import annotations

import html as html_lib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from secrets import token_hex

from liquor_app.core.errors import Invalid
from liquor_app.templates.rendering.render_limits import liquid_spans

MARK = re.compile(r"LQ[0-9a-f]{12}N\d+QL")
"""How a mark looks, whoever made it."""


class Marks:
    """Stands in for pieces of a source while its surroundings are parsed. Marks cannot be guessed: an author who writes
    one would read other pieces, or ask for one that is none."""

    def __init__(self) -> None:
        self._name = f"LQ{token_hex(6)}N"
        self._pattern = re.compile(rf"{self._name}(\d+)QL")
        self._kept: list[str] = []

    def hide(self, piece: str) -> str:
        """Tell what to put in its place."""
        self._kept.append(piece)
        return f"{self._name}{len(self._kept) - 1}QL"

    def hide_liquid(self, source: str) -> str:
        """Return the source with a mark for each piece of Liquid."""
        parts: list[str] = []
        at = 0
        for start, end in liquid_spans(source):
            if end < 0:
                break
            parts += [source[at:start], self.hide(source[start:end])]
            at = end
        return "".join([*parts, source[at:]])

    def show(self, text: str, change: Callable[[str], str] = str) -> str:
        """Return the text with the pieces in place of their marks."""
        return self._pattern.sub(lambda match: change(self._kept[int(match[1])]), text)


_REFERENCE = re.compile(r"&(?!#[0-9xX]|[A-Za-z][A-Za-z0-9]*;)")
_START_TAG = re.compile(r"""<[A-Za-z](?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")


def bare_ampersands(attribute: str) -> str:
    """Return an attribute, or a tag, with each & that begins no whole reference as what it stands for.

    Browsers read a name without its semicolon as text there (HTML, 13.2.5.73, "for historical reasons"): `&region=ME`
    in a link is no ® followed by "ion". Python's own functions take it for one.
    """
    return _REFERENCE.sub("&amp;", attribute)


def unescape_attribute(attribute: str) -> str:
    """Return what an attribute says, as a browser reads it."""
    return html_lib.unescape(bare_ampersands(attribute))


class _Words(HTMLParser):
    """Readable text of HTML or MJML: blocks become lines, links keep their address, and pictures that lead
    somewhere say what they show."""

    _BLOCKS = frozenset({
        "p", "div", "br", "hr", "tr", "table", "caption", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre",
        "h1", "h2", "h3", "h4", "h5", "h6", "center", "header", "footer", "main", "section", "article", "aside", "nav",
        "address", "figure", "figcaption", "fieldset", "legend", "form", "details", "summary", "hgroup", "button",
        "option", "mj-text", "mj-button", "mj-section", "mj-column", "mj-table", "mj-image", "mj-hero",
        "mj-wrapper", "mj-navbar-link", "mj-social-element", "mj-accordion-title", "mj-accordion-text",
    })  # fmt: skip
    _CELLS = frozenset({"td", "th"})
    _LINKS = frozenset({"a", "mj-button", "mj-image", "mj-carousel-image", "mj-navbar-link", "mj-social-element"})
    _PICTURES = frozenset({"img", "mj-image", "mj-carousel-image"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hrefs: list[str] = []
        self._hidden = 0
        self._ready_made = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"style", "script", "title"}:
            self._hidden += 1
        if tag in self._BLOCKS:
            self.parts.append("\n")
        if tag in self._CELLS:
            self.parts.append(" ")
        if tag in self._LINKS:
            self._hrefs.append(dict(attrs).get("href") or "")
        if tag in self._PICTURES and any(self._hrefs):  # one that leads nowhere is decoration
            self.parts.append(" ".join((dict(attrs).get("alt") or "").split()))
        self._ready_made += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script", "title"}:
            self._hidden = max(0, self._hidden - 1)
        self._ready_made -= tag == "pre" and self._ready_made > 0
        if tag in self._LINKS and self._hrefs:
            href = self._hrefs.pop()
            if href:
                self.parts.append(f" ({href})")
        if tag in self._BLOCKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"[^\S\n]+" if self._ready_made else r"\s+", " ", data))


def html_to_text(source: str) -> str:
    """Return the words of an HTML or MJML body, its Liquid kept.

    Raises:
        Invalid: what no parser makes sense of.
    """
    marks, parser = Marks(), _Words()
    try:
        parser.feed(_START_TAG.sub(lambda tag: bare_ampersands(tag[0]), marks.hide_liquid(source)))
        parser.close()
    except AssertionError as error:  # what the library says to a half-written <![
        raise Invalid(f"body_html_template: {error}", field="body_html_template") from error
    return marks.show(tidy(_GAPS.sub(" ", "".join(parser.parts))), html_lib.unescape)


_GAPS = re.compile(r"[ \t]{2,}")


def tidy(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
