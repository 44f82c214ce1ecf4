"""How much a template may take: its shape, loops, memory, output, and time. Pure.

Nothing can stop a piece of C in the middle, so each single step is kept small (what filters are given and make, ranges
in conditions, the shape of the source before any parser sees it), and the clock is looked at between steps.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from io import StringIO
from time import monotonic, thread_time
from typing import Any, ClassVar, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import (
    FilterArgumentError,
    LiquidError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    ResourceLimitError,
)

from liquor_app.core.errors import Invalid
from liquor_app.ui.words import figure

MAX_SOURCE = 100_000
MAX_OUTPUT = 300_000
MAX_SECONDS = 0.5
"""Of the processor, for each part of a message: on a busy machine nobody's template is to blame for waiting its turn.
A shipped template takes a thousandth of it; what needs more would hold up everybody."""
MAX_ITEMS = 2_000
"""Of a list or a range, as of a loop."""
MAX_TEXT = 100_000
"""Characters a filter is given or makes."""
MAX_BITS = 256
"""Of a whole number; 77 digits."""
MAX_DEPTH = 200
"""Elements inside each other: the compilers of MJML and CSS follow them on the stack and die of some thousands."""
MAX_ELEMENTS = 8_000
MAX_MATCHES = 1_000_000
"""Selectors × elements; a mail of a hundred rules and a thousand elements is a tenth of it."""
STRIKES = 3
"""After so many renderings out of time a template is not tried again until the program restarts."""

_SLOW = f"it takes longer than {MAX_SECONDS} seconds. Use fewer or smaller loops"
_LARGE = "it works on more than a message can need. Use a shorter list or text"

_deadline: ContextVar[float] = ContextVar("render_deadline", default=float("inf"))
"""By the clock, which costs nothing to ask; only beyond it is the processor's own time asked."""
_used_up: ContextVar[float] = ContextVar("render_used_up", default=float("inf"))


class Misshapen(Invalid):
    """A source no parser should see, or a template that goes wrong. `line` of `field` is to blame, 0 where none is;
    `words` say why, without either."""

    def __init__(self, words: str, field: str, line: int, *, lead: str = "") -> None:
        self.words, self.line, self.lead = words, line, lead
        where = f"{field}, line {line}: " if line else f"{field}: "
        super().__init__(f"{lead}{where}{words}", field=field)


class TooSlow(ResourceLimitError):
    """The template's time is up."""


class _Collecting:
    """Processor seconds spent collecting garbage: of the whole process, whichever template happened to be at work."""

    def __init__(self) -> None:
        self.seconds, self._began = 0.0, 0.0
        gc.callbacks.append(self)

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = thread_time()
        else:
            self.seconds += max(thread_time() - self._began, 0.0)


_collecting = _Collecting()


def _working() -> float:
    return thread_time() - _collecting.seconds


def check_time() -> None:
    """Raises: TooSlow."""
    if monotonic() > _deadline.get() and _working() > _used_up.get():
        raise TooSlow(_SLOW, token=None)


class _Buffer(StringIO):
    """Counts characters and looks at the clock; the library's own encodes every piece to count its bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self._deadline = _deadline.get()

    def write(self, piece: str) -> int:
        if monotonic() > self._deadline:
            check_time()
        self.room -= len(piece)
        if self.room < 0:
            raise OutputStreamLimitError(f"it makes more than {figure(MAX_OUTPUT)} characters", token=None)
        return super().write(piece)


class _Context(RenderContext):
    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        return _Buffer(buf.room if isinstance(buf, _Buffer) else MAX_OUTPUT)

    def assign(self, key: str, val: Any) -> None:
        check_time()
        try:
            super().assign(key, val)
        except LocalNamespaceLimitError as error:
            raise ResourceLimitError(_LARGE, token=None) from error

    def raise_for_loop_limit(self, length: int = 1) -> None:
        check_time()
        try:
            super().raise_for_loop_limit(length)
        except LoopIterationLimitError as error:
            words = f"its loops run more than {figure(MAX_ITEMS)} times together. Use fewer or smaller loops"
            raise ResourceLimitError(words, token=None) from error


class _Template(BoundTemplate):
    context_class = _Context
    strikes = 0

    def _get_buffer(self) -> StringIO:
        return _Buffer(MAX_OUTPUT)

    def render(self, *args: Any, **kwargs: Any) -> str:
        if self.strikes >= STRIKES:
            raise TooSlow(_SLOW, token=None)
        token, budget = _deadline.set(monotonic() + MAX_SECONDS), _used_up.set(_working() + MAX_SECONDS)
        try:
            return super().render(*args, **kwargs)
        except TooSlow:
            self.strikes += 1
            raise
        except (MemoryError, RecursionError) as error:
            raise ResourceLimitError(_LARGE, token=None) from error
        finally:
            _deadline.reset(token)
            _used_up.reset(budget)


class _Range(RangeLiteral):
    """A range that is asked about ("contains") is walked through: it is kept as short as one that is looped over."""

    __slots__ = ()

    def _make_range(self, start: Any, stop: Any) -> range:
        made = super()._make_range(start, stop)
        if len(made) > MAX_ITEMS:
            raise ResourceLimitError(f"its range has more than {figure(MAX_ITEMS)} steps", token=self.token)
        return made


class BoundedEnvironment(Environment):
    """Liquid within bounds."""

    template_class = _Template
    context_depth_limit: ClassVar[int] = 10
    loop_iteration_limit: ClassVar[int | None] = MAX_ITEMS
    local_namespace_limit: ClassVar[int | None] = 200_000
    output_stream_limit: ClassVar[int | None] = MAX_OUTPUT

    def add_filter(self, name: str, func: Callable[..., Any]) -> None:
        super().add_filter(name, _bounded(name, func))

    def from_string(self, source: str, *args: Any, **kwargs: Any) -> BoundTemplate:
        """Raises: LiquidError."""
        try:
            made = super().from_string(source, *args, **kwargs)
            for node in made.nodes:
                _shorten(node, RenderContext(made))
        except RecursionError as error:
            raise ResourceLimitError("it is nested too deeply. Split the condition up", token=None) from error
        return made


def check_shape(source: str, field: str) -> None:
    """Refuse what the parsers would take minutes for, or die of: in one pass over the source.

    Raises:
        Misshapen: too long, Liquid or a tag that is never closed, too many elements or too deep.
    """
    if len(source) > MAX_SOURCE:
        raise Misshapen(f"It is longer than {figure(MAX_SOURCE)} characters.", field, 0)
    spans = list(liquid_spans(source))
    if spans and spans[-1][1] < 0:
        start = spans[-1][0]
        opener = source[start : start + 2]
        closer = "%}" if opener == "{%" else "}}"
        raise _shapeless(source, field, start, f"{opener} is never closed with {closer}.")
    if field == "body_html_template":
        _check_elements(source, spans, field)


def liquid_spans(source: str) -> Iterator[tuple[int, int]]:
    """Tell where Liquid stands, as (start, end); an end of −1 where it is never closed. Linear, which a pattern is
    not."""
    at = 0
    while (at := source.find("{", at)) >= 0:
        closer = {"{%": "%}", "{{": "}}"}.get(source[at : at + 2])
        if closer is None:
            at += 1
            continue
        end = source.find(closer, at + 2)
        yield at, end + 2 if end >= 0 else -1
        if end < 0:
            return
        at = end + 2


def line_of(source: str, position: int) -> int:
    """Return counts from 1."""
    return source.count("\n", 0, position) + 1


def origin_of(source: str, error: LiquidError) -> int:
    """Return the line of the author's source an error comes from; 0 if it stands in no Liquid of theirs.

    What is compiled has other lines, but the same Liquid in it: the author's own is found by its words and by how many
    alike come before it.
    """
    if error.token is None or error.token.start_index < 0:
        return 0
    compiled, index = error.token.source, error.token.start_index
    spans = [(start, end) for start, end in liquid_spans(compiled) if end > 0]
    blamed = next((compiled[start:end] for start, end in spans if start <= index < end), None)
    if blamed is None:
        return 0
    before = sum(1 for start, end in spans if end <= index and compiled[start:end] == blamed)
    alike = [start for start, end in liquid_spans(source) if end > 0 and source[start:end] == blamed]
    return line_of(source, alike[min(before, len(alike) - 1)]) if alike else 0


_ELEMENT = re.compile(r"<(/?)([A-Za-z][\w:-]*|!--|[!?])")
_VOID = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "mj-all",
        "mj-breakpoint", "mj-class", "mj-divider", "mj-font", "mj-image", "mj-spacer",
    }
)  # fmt: skip


def _check_elements(source: str, spans: list[tuple[int, int]], field: str) -> None:
    inside = iter(spans)
    span = next(inside, None)
    depth = count = at = 0
    while (found := _ELEMENT.search(source, at)) is not None:
        while span is not None and span[1] <= found.start():
            span = next(inside, None)
        if span is not None and span[0] <= found.start():
            at = span[1]
            continue
        count += 1
        closer = "-->" if found[2] == "!--" else ">"
        end = source.find(closer, found.end() - (2 if closer == "-->" else 0))
        if end < 0:
            raise _shapeless(source, field, found.start(), f"{found[0]} is never closed with {closer}.")
        at = end + len(closer)  # what stands inside is no element, and is not looked at again
        if found[2][0] in "!?":
            continue
        if found[1]:
            depth = max(depth - 1, 0)
        elif found[2].lower() not in _VOID and source[end - 1] != "/":
            depth += 1
        if depth > MAX_DEPTH:
            raise _shapeless(source, field, found.start(), f"More than {MAX_DEPTH} elements are inside each other.")
        if count > MAX_ELEMENTS:
            raise _shapeless(source, field, found.start(), f"It has more than {figure(MAX_ELEMENTS)} elements.")
    _check_styles(source, count, field)


_STYLE = re.compile(r"<(?:mj-)?style\b")


def _check_styles(source: str, elements: int, field: str) -> None:
    """Each selector is held against each element: their product is what inlining costs."""
    selectors = at = 0
    while (found := _STYLE.search(source, at)) is not None:
        end = source.find("</", found.end())
        at = len(source) if end < 0 else end
        sheet = source[found.end() : at]
        selectors += sheet.count("{") + sheet.count(",")
        if selectors * max(elements, 1) > MAX_MATCHES:
            words = (
                f"{figure(selectors)} style selectors for {figure(elements)} elements are more than mail programs read."
            )
            raise _shapeless(source, field, found.start(), words)


def _shapeless(source: str, field: str, position: int, words: str) -> Misshapen:
    return Misshapen(words, field, line_of(source, position))


def _shorten(node: Node, context: RenderContext) -> None:
    for expression in node.expressions():
        _shorten_in(expression)
    for child in node.children(context, include_partials=False):
        _shorten(child, context)


def _shorten_in(expression: Any) -> None:
    if type(expression) is RangeLiteral:
        expression.__class__ = _Range
    for child in expression.children():
        _shorten_in(child)


def _bounded(name: str, func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that looks at the clock, at what it is given, and (where it multiplies) at what it would make."""

    @wraps(func)
    def filtered(left: Any, *args: Any, **kwargs: Any) -> Any:
        check_time()
        _check_size(left)
        for argument in args:
            _check_size(argument)
        if name == "replace" and args:
            old, new = str(args[0]), str(args[1]) if len(args) > 1 else ""
            times = str(left).count(old)
            _check_room(len(str(left)) + times * len(new))
        elif name == "join" and isinstance(left, list | tuple):
            glue = len(str(args[0])) if args else 1
            _check_room(sum(glue + (len(item) if isinstance(item, str) else 20) for item in left))
        try:
            return func(left, *args, **kwargs)
        except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError) as error:
            # what the library lets through of Python's own: "Infinity" rounded up, a day in the year 3,000,000
            raise FilterArgumentError(f"the filter {name} cannot work on what it is given", token=None) from error

    return filtered


def _check_size(value: Any) -> None:
    if isinstance(value, str):
        _check_room(len(value))
    elif (isinstance(value, list | tuple | range) and len(value) > MAX_ITEMS) or (
        isinstance(value, int) and value.bit_length() > MAX_BITS
    ):
        raise ResourceLimitError(_LARGE, token=None)


def _check_room(length: int) -> None:
    if length > MAX_TEXT:
        raise ResourceLimitError(_LARGE, token=None)
