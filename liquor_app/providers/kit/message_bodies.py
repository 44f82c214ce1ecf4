"""What a message says: words of its own, or a stencil that many share with the values of one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from markupsafe import escape

Parts = tuple[str, ...]
"""Literal, name, literal, name, …, literal."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A body in full."""

    text: str
    html: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stencil:
    """An e-mail's body with holes. Values go into the HTML escaped, into the text as they are.

    Attributes:
        id: made from the content, so that all workers know the same stencil by the same name.
        links: by their place, what of its tracked links is the same for everybody.
    """

    id: UUID
    html: Parts
    text: Parts
    links: Mapping[str, str]

    @property
    def literals(self) -> tuple[str, ...]:
        """All that is not a hole."""
        return (*self.html[::2], *self.text[::2])


@dataclass(frozen=True, slots=True)
class Filled:
    """A stencil with one recipient's `values`, by the holes' names; joined when somebody asks."""

    stencil: Stencil
    values: Mapping[str, str]

    @property
    def html(self) -> str:
        made = list(self.stencil.html)
        made[1::2] = [str(escape(self.values[name])) for name in made[1::2]]
        return "".join(made)

    @property
    def text(self) -> str:
        made = list(self.stencil.text)
        made[1::2] = [self.values[name] for name in made[1::2]]
        return "".join(made)


Body = Whole | Filled
