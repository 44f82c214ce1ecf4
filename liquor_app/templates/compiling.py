"""The way into the sandbox that compiles and checks what authors write.

The same functions answer inside, on the spot: a check compiles, and a compilation is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, ParamSpec, TypeVar

from liquor_app.core.errors import Invalid, Unavailable
from liquor_app.core.sandbox import Broken, Overrun, Sandbox
from liquor_app.templates.bounds import Misshapen

P = ParamSpec("P")
T = TypeVar("T")

_FIELD = "body_html_template"
_SANDBOX = Sandbox("liquor_app.templates.compile_worker")
_THREADS = ThreadPoolExecutor(2, "compiling")
"""Its own few: whoever writes templates waits for others who do, and for nobody else."""
MOST_WAITING = 12
_waiting = 0


def compile_html(source: str) -> tuple[str, str]:
    """A design as HTML with its Liquid untouched, and its words.

    Raises:
        Invalid: not well formed, or more than a message can need.
        Unavailable: too much is being compiled.
    """
    html, words = ask("compile", source)
    return html, words


def words_of(source: str) -> str:
    """The words of a design, without its markup; its Liquid kept.

    Raises:
        Invalid, Unavailable: as `compile_html`.
    """
    return str(ask("words", source))


def ask(operation: str, argument: Any) -> Any:
    """What `compile_worker` answers.

    Raises:
        Invalid, Unavailable: as `compile_html`.
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


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work on templates in a thread of the few there are for it, so that nobody else waits.

    Raises:
        Unavailable: too many wait already.
    """
    global _waiting  # noqa: PLW0603 - counted on the event loop's thread alone
    if _waiting >= MOST_WAITING:
        raise Unavailable("Too many templates are being looked at. Please try again in a moment.")
    _waiting += 1
    try:
        run = partial(copy_context().run, partial(work, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(_THREADS, run)
    finally:
        _waiting -= 1
