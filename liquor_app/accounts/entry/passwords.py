"""Password hashing (Argon2id, RFC 9106's second recommended option scaled to a shared machine).

A hash takes a twentieth of a second of a core on purpose, so it is done in threads of its own, outside any
transaction, a few at a time; who waits is bounded, and no source may take all the seats. A flood of sign-ins then costs
those who flood, not the event loop and not the connections to the database.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import NewType, TypeVar
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from liquor_app.core.errors import Invalid, TooMany

T = TypeVar("T")
Hashed = NewType("Hashed", str)
"""What is stored of a password. Services take this, never a password: hashing happens before their transaction."""

MIN_LENGTH = 10
SHOP_WORDS = (
    "liquor", "marketing", "wine", "beer", "spirits", "spirit", "bourbon", "whisky", "whiskey", "scotch", "vodka",
    "gin", "rum", "tequila", "champagne", "store", "shop", "bottle", "bottles", "cellar", "admin", "manager",
    "password", "passwort", "contraseña", "welcome",
)  # fmt: skip
TIMES = (
    "spring", "summer", "autumn", "fall", "winter", "january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday", "the", "and", "my", "our", "com", "net", "org",
)  # fmt: skip
MOST_WORDS, LONGEST_WORD = 4, 30
LEAST_GUESSES = 10**8
MOST_READ = 72
"""Characters that are looked at for patterns; what is as long is not guessed."""
THREADS = max(1, min(4, (os.cpu_count() or 2) // 2))
"""Half the cores: the other half goes on serving."""
TURNS = THREADS + 1
"""Attempts under way at once: as many connections to the database at most are in use for them."""
SEATS = 24
"""Attempts that wait or are under way; as many again are kept free for known devices."""
SEATS_EACH = 4
"""Of one source."""
_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
# verified when the account does not exist, so that a wrong address takes as long as a wrong password
_decoy = _hasher.hash("nobody has this password")
STANDS_BACK = 5


def _stand_back() -> None:
    """Let the event loop and known devices have the processor first. Linux counts threads one by one."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STANDS_BACK)


_pools = {
    False: ThreadPoolExecutor(THREADS, thread_name_prefix="passwords", initializer=_stand_back),
    True: ThreadPoolExecutor(1, thread_name_prefix="known devices"),
}
"""Known devices have a thread of their own: a flood of guesses is never before them."""
_is_known: ContextVar[bool] = ContextVar("known_device", default=False)


class _Gate:
    """Turns at signing in, in one event loop: known devices have some of their own, everybody else waits in the order
    they came."""

    def __init__(self) -> None:
        self._free = {True: 2, False: TURNS}
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}
        self._seated: Counter[bool] = Counter()
        self._by_source: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, source: str, *, is_known: bool) -> AsyncIterator[None]:
        """Check, or raise TooMany: all seats are taken, or this source has its share."""
        if self._seated[is_known] >= SEATS or self._by_source[source] >= SEATS_EACH:
            raise TooMany("Very many are signing in at this moment. Please try again in a few seconds.", retry_after=3)
        self._seated[is_known] += 1
        self._by_source[source] += 1
        try:
            await self._take(is_known)
            try:
                yield
            finally:
                self._pass_on(is_known)
        finally:
            self._seated[is_known] -= 1
            self._by_source[source] -= 1
            if not self._by_source[source]:
                del self._by_source[source]

    async def _take(self, is_known: bool) -> None:
        if self._free[is_known]:
            self._free[is_known] -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[is_known].append(turn)
        try:
            await turn
        except asyncio.CancelledError:  # left while waiting: it is passed over, or passes its turn on
            if turn.done() and not turn.cancelled():
                self._pass_on(is_known)
            raise

    def _pass_on(self, is_known: bool) -> None:
        waiting = self._waiting[is_known]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free[is_known] += 1


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gate] = WeakKeyDictionary()


@asynccontextmanager
async def turn(source: str, *, is_known: bool = False) -> AsyncIterator[None]:
    """Wait for a turn at having a password looked at; the block is that turn, transactions before and after included.

    Args:
        source: who is counted: an address, a device.
        is_known: a device somebody signed in on before; strangers cannot take its place.

    Raises:
        TooMany: all places to wait, or all of this source, are taken.
    """
    gate = _gates.setdefault(asyncio.get_running_loop(), _Gate())
    async with gate.turn(source, is_known=is_known):
        token = _is_known.set(is_known)
        try:
            yield
        finally:
            _is_known.reset(token)


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_pools[_is_known.get()], work)


def check_password(password: str, field: str = "password") -> None:
    """Check, or raise Invalid: shorter than ten or longer than 200 characters, or (nearly) all one character."""
    if not MIN_LENGTH <= len(password) <= 200 or len(set(password)) < 4:
        raise Invalid(f"{field} must have {MIN_LENGTH} to 200 characters, not all alike", field=field)


def check_guessable(password: str, about: Sequence[str] = (), field: str = "password") -> None:
    """Check, or raise Invalid: it would fall to whoever guesses from lists of leaked passwords, from words, dates,
    rows of keys, and from what is known of its owner. Takes up to a tenth of a second of a core.

    Args:
        about: what is known of the owner: address, name.

    Source: zxcvbn (Wheeler, USENIX Security 2016), whose lists are of leaked passwords; 10^8 guesses is its step from
    "somewhat guessable" to "safely unguessable". OWASP ASVS 5.0, 6.2.4 and 6.2.11.
    """
    from zxcvbn import zxcvbn  # its lists take 10 MB: only for whoever chooses a password

    known = [part for one in about for part in re.split(r"[^\w]+", one.casefold()) if len(part) > 2]
    whole = [re.sub(r"\W+", "", one.casefold()) for one in about]
    guesses = zxcvbn(password[:MOST_READ], user_inputs=[*known, *whole, *SHOP_WORDS])["guesses"]
    if guesses < LEAST_GUESSES or is_made_of(password, frozenset({*known, *SHOP_WORDS, *TIMES})):
        raise Invalid(
            f"{field} is easy to guess: it is on lists of leaked passwords, or made of a common word, a name, a date or"
            " a row of keys. Three or four unrelated words are easy to remember and hard to guess",
            field=field,
        )


def is_made_of(password: str, words: frozenset[str]) -> bool:
    """Tell whether a password is `MOST_WORDS` of these words at most, whatever digits and marks stand between."""
    ends = {0: 0}
    letters = re.sub(r"[\W\d_]+", "", password[:MOST_READ].casefold())
    for end in range(1, len(letters) + 1):
        counts = [ends[start] for start in range(max(0, end - LONGEST_WORD), end)
                  if start in ends and letters[start:end] in words]  # fmt: skip
        if counts:
            ends[end] = min(counts) + 1
    return bool(letters) and ends.get(len(letters), MOST_WORDS + 1) <= MOST_WORDS


async def hash_password(password: str, field: str = "password", *, about: Sequence[str] = ()) -> Hashed:
    """Hash a new password; outside of any transaction.

    Args:
        about: see `check_guessable`.

    Raises:
        Invalid: it is too short, too long or too easy to guess.
    """
    check_password(password, field)

    def work() -> str:
        check_guessable(password, about, field)
        return _hasher.hash(password)

    return Hashed(await _in_thread(work))


def _verify(stored: str | None, password: str) -> bool:
    try:
        matches = _hasher.verify(stored or _decoy, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return matches and stored is not None


async def verify_password(stored: str | None, password: str) -> bool:
    """Tell whether `password` is the one behind `stored`; takes as long when nothing is stored. Outside of any
    transaction, within a `turn`."""
    return await _in_thread(lambda: _verify(stored, password[:200]))
