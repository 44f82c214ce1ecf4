"""The way into the sandbox that compiles and checks what authors write.

The same functions answer inside, on the spot: a check compiles, and a compilation is checked.
"""

from __future__ import annotations

from typing import Any

from liquor_app.core.errors import Invalid
from liquor_app.core.sandbox import Broken, Overrun, Sandbox
from liquor_app.core.thread_lanes import Lane
from liquor_app.templates.rendering.render_limits import Misshapen

_FIELD = "body_html_template"
_SANDBOX = Sandbox("liquor_app.templates.rendering.compile_worker")
COMPILING = Lane("templates", threads=2, waiting=12)
"""Whoever writes templates waits for others who do, and for nobody else."""


def compile_html(source: str) -> tuple[str, str]:
    """Return a design as HTML with its Liquid untouched, and its words.

    Raises:
        Invalid: not well formed, or more than a message can need.
        TooMany: too much is being compiled.
    """
    html, words = ask("compile", source)
    return html, words


def words_of(source: str) -> str:
    """Return the words of a design, without its markup; its Liquid kept.

    Raises:
        Invalid, TooMany: as `compile_html`.
    """
    return str(ask("words", source))


def ask(operation: str, argument: Any) -> Any:
    """Tell what `compile_worker` answers.

    Raises:
        Invalid, TooMany: as `compile_html`.
    """
    try:
        answer = _SANDBOX.call(operation, argument)
    except Overrun as error:
        words = "It takes too long to compile, or too much memory. Use fewer elements and styles."
        raise Misshapen(words, _FIELD, 0) from error
    except Broken as error:
        raise Misshapen("It cannot be compiled. Take out what you added last.", _FIELD, 0) from error
    if (told := answer.get("misshapen")) is not None:
        raise Misshapen(told["words"], told["field"], told["line"], lead=told["lead"])
    if (told := answer.get("invalid")) is not None:
        raise Invalid(told["message"], field=told["field"])
    return answer["made"]
