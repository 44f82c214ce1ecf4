"""The words of a design, without its markup; its Liquid kept. Pure."""

from __future__ import annotations

import html as html_lib
import re
from html.parser import HTMLParser

from liquor_app.core.errors import Invalid
from liquor_app.templates.bounds import liquid_spans

MARK = re.compile(r"LQ(\d+)QL")
"""What stands in for a piece of Liquid while its surroundings are parsed."""


class _Words(HTMLParser):
    """Readable text of HTML or MJML: blocks become lines, links keep their address."""

    _BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "mj-text", "mj-button", "mj-section"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hrefs: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"style", "script", "title"}:
            self._hidden += 1
        if tag in self._BLOCKS:
            self.parts.append("\n")
        if tag in {"a", "mj-button"}:
            self._hrefs.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script", "title"}:
            self._hidden = max(0, self._hidden - 1)
        if tag in {"a", "mj-button"} and self._hrefs:
            href = self._hrefs.pop()
            if href:
                self.parts.append(f" ({href})")
        if tag in self._BLOCKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_to_text(source: str) -> str:
    """The words of an HTML or MJML body, its Liquid kept."""
    marked, kept = mark_liquid(source)
    parser = _Words()
    try:
        parser.feed(marked)
        parser.close()
    except AssertionError as error:  # what the library says to a half-written <![
        raise Invalid(f"body_html_template: {error}", field="body_html_template") from error
    return MARK.sub(lambda match: html_lib.unescape(kept[int(match[1])]), tidy("".join(parser.parts)))


def mark_liquid(source: str) -> tuple[str, list[str]]:
    """A source with `LQ0QL` where its first Liquid stands, and so on; and the Liquid."""
    kept: list[str] = []
    parts: list[str] = []
    at = 0
    for start, end in liquid_spans(source):
        if end < 0:
            break
        parts += [source[at:start], f"LQ{len(kept)}QL"]
        kept.append(source[start:end])
        at = end
    return "".join([*parts, source[at:]]), kept


def tidy(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
