"""What the sandbox's worker does with templates. Imported inside it and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.organization.channel import Channel
from liquor_app.templates import template_lint
from liquor_app.templates.rendering.mjml_compiler import to_html, to_text
from liquor_app.templates.rendering.render import TemplateSource
from liquor_app.templates.rendering.render_limits import Misshapen, check_shape


def _compile(source: str) -> tuple[str, str]:
    check_shape(source, "body_html_template")
    return to_html(source), to_text(source)


def _problems(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in template_lint.problems_of(_source(given))]


def _try(given: dict[str, Any]) -> None:
    template_lint.render_example(_source(given))


def _source(given: dict[str, Any]) -> TemplateSource:
    return TemplateSource(**{**given, "channel": Channel(given["channel"])})


def _told(work: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    """Return the answer, or what is wrong with the question, as plain data."""

    def answer(argument: Any) -> dict[str, Any]:
        try:
            return {"made": work(argument)}
        except Misshapen as error:
            told = {"words": error.words, "field": error.field, "line": error.line, "lead": error.lead}
            return {"misshapen": told}
        except Invalid as error:
            return {"invalid": {"message": error.message, "field": error.field}}

    return answer


OPERATIONS = {
    "compile": _told(_compile),
    "words": _told(to_text),
    "problems": _told(_problems),
    "try": _told(_try),
}


def warm() -> None:
    """Everything that is imported or read at first use: later nothing can be."""
    page = "<html><head><style>p { color: red }</style></head><body><p>{{ a | upcase }} &eacute;</p></body></html>"
    cell = f"<mj-section><mj-column><mj-text>{page}</mj-text></mj-column></mj-section>"
    for html in (page, f"<mjml><mj-body>{cell}</mj-body></mjml>"):
        _problems({"channel": "email", "subject": "a", "html": html, "text": None})
