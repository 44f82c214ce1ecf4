"""Errors a person can act on.

Services raise these; the edges translate them once each: to problem+json (`api`), to a toast (`ui`), to an exit
code (`cli`). Every message names what is wrong and, where there is one, the fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

RULE = "rule."
"""How the code of a refusal begins that no description of a request's shape can tell: a client whose request is right
in every field may meet it."""


class AppError(Exception):
    """Base of every error that is somebody's to mend.

    Attributes:
        code: stable machine-readable word, part of the API.
        status: the HTTP status this maps to.
        exit_code: the exit code of a command line call this maps to.
        field: the input field to blame, if one is.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Invalid(AppError):
    """A value is none that is taken here, though its shape is right; nothing was written."""

    code = "rule.value"
    status = 422
    exit_code = 2


class Malformed(Invalid):
    """What was asked has not the shape the description of the API gives it."""

    code = "invalid"


class Unknown(Invalid):
    """It names something that is not there."""

    code = "rule.unknown"


class Unstorable(Invalid):
    """A text holds what cannot be kept: NUL, or half of a pair."""

    code = "rule.unstorable"


class MadeUp(Invalid):
    """A token of ours that is not as we made it: a cursor."""

    code = "rule.made_up"


class Reused(Invalid):
    """An `Idempotency-Key` that stands for another request."""

    code = "rule.reused_key"


class FormInvalid(Invalid):
    """What was typed cannot be stored; `errors` has a sentence for each field to blame."""

    def __init__(self, errors: Mapping[str, str], message: str = "", *, within: str = "") -> None:
        self.errors = dict(errors)
        name, words = next(iter(errors.items()))
        super().__init__(message or words, field=f"{within}{name}")


class NotFound(AppError):
    code = "not_found"
    status = 404
    exit_code = 3


class Conflict(AppError):
    """The thing is in a state that does not allow this."""

    code = "rule.state"
    status = 409
    exit_code = 4


class Taken(Conflict):
    """There is one like it already."""

    code = "rule.taken"


class ShownOnce(Conflict):
    """Done before, and what was secret in its answer is kept nowhere."""

    code = "rule.shown_once"


class Full(Conflict):
    """There are as many of these as may be."""

    code = "rule.full"


class Meanwhile(Conflict):
    """Somebody else changed it meanwhile."""

    code = "rule.meanwhile"


class Collided(Meanwhile):
    """The database rolled this transaction back for another's sake: done again, it may well succeed."""


class Forbidden(AppError):
    """`takes`: the role or the area of a key that would do; empty where none would."""

    code = "forbidden"
    status = 403
    exit_code = 5

    def __init__(self, message: str, *, field: str | None = None, takes: str = "") -> None:
        super().__init__(message, field=field)
        self.takes = takes


class Unauthenticated(AppError):
    code = "unauthenticated"
    status = 401
    exit_code = 5


class CodeNeeded(Unauthenticated):
    """The password was right; the second step is still to be taken."""

    code = "code_needed"


class TooMany(AppError):
    """A rate limit; `retry_after` is in seconds."""

    code = "too_many_requests"
    status = 429
    exit_code = 6

    def __init__(self, message: str, *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Something we depend on is not there; trying again later may help."""

    code = "unavailable"
    status = 503
    exit_code = 7
