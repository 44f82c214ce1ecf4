"""Where other programs lay files for us: a folder of this machine, or a prefix of the bucket. Read, never written to.

What lies there is a stranger's. Only folders below one root can be named, segment by segment, and none of them may be
a link; a file is opened once, by its folder's own descriptor, must be a plain file with one name, and what is read of
it is of the file that was listed, or nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import re
import stat
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquor_app.core.config import Settings, get_settings
from liquor_app.core.errors import AppError, Conflict, Invalid, Unavailable
from liquor_app.core.files.store import PIECE, in_our_words, open_bucket
from liquor_app.core.platform.private_files import private_directory

if TYPE_CHECKING:
    from obstore.store import S3Store

MOST_LISTED = 5_000
"""Files of one folder that are looked at, the newest: what was read stays there, and must not hide what comes."""
MOST_LEVELS = 4
_SEGMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,58}[A-Za-z0-9_-])?")
_UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".swp", "~")
"""How programs call a file they still write; it has another name once it is whole."""
CHANGED = "It was changed while it was being read."
S3_PREFIX = "drop"


class NotTaken(AppError):
    """A file that is not taken in, in words for whoever put it there."""

    code = "not_taken"
    status = 422


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """A file as it is listed."""

    name: str
    size: int
    modified: datetime


class Listing(list[DroppedFile]):
    """A folder's newest files, the oldest of them first; `left_out` are older and not among them."""

    left_out: int = 0


def _newest(files: Iterable[DroppedFile]) -> Listing:
    """Return the newest of any number of files, never holding more than those."""
    counted = 0

    def counting() -> Iterator[DroppedFile]:
        nonlocal counted
        for counted, one in enumerate(files, 1):  # noqa: B007 - read below
            yield one

    listing = Listing(reversed(heapq.nlargest(MOST_LISTED, counting(), key=lambda one: (one.modified, one.name))))
    listing.left_out = counted - len(listing)
    return listing


def clean_folder(value: object) -> str:
    """Return a folder below the root as it is kept: `till 2/stock`.

    Raises:
        Invalid: empty, absolute, a way out, or a name that is none.
    """
    parts = str(value).strip().strip("/").split("/") if isinstance(value, str) else []
    is_below = isinstance(value, str) and not value.strip().startswith("/")
    if not (is_below and 1 <= len(parts) <= MOST_LEVELS and all(_SEGMENT.fullmatch(part) for part in parts)):
        raise Invalid(
            "folder must be a folder below the drop root, such as till-2/stock: letters, digits, spaces, . _ and -,"
            f" at most {MOST_LEVELS} levels, and no way out of it",
            field="folder",
        )
    return "/".join(parts)


def is_whole_name(name: str) -> bool:
    """Tell whether a name is one of a file that is meant for us: not hidden, not one that is still being written."""
    return (
        0 < len(name) <= 200
        and name.isprintable()
        and "/" not in name
        and not name.startswith((".", "~"))
        and not name.lower().endswith(_UNFINISHED)
    )


class LocalDropRoot:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def where(self, folder: str) -> str:
        return f"{self._root}/{folder}"

    async def files(self, folder: str) -> Listing:
        """Return the newest files of a folder; what is no plain file is left out.

        Raises:
            NotTaken: there is no such folder, or it is a link.
        """
        return await asyncio.to_thread(self._files, clean_folder(folder))

    def _files(self, folder: str) -> Listing:
        with _opened(self._root, folder) as inside, os.scandir(inside) as entries:
            return _newest(_plain_files(entries))

    async def read(self, folder: str, file: DroppedFile) -> AsyncIterator[bytes]:
        """Yield a file's content, of exactly the file that was listed.

        Raises:
            NotTaken: it is a link, has another name elsewhere, or is gone.
            Conflict: it is not as it was listed, or changed while it was read.
        """
        descriptor = await asyncio.to_thread(self._open, clean_folder(folder), file)
        try:
            while piece := await asyncio.to_thread(os.read, descriptor, PIECE):
                yield piece
            if _listed(file.name, os.fstat(descriptor)) != file:
                raise Conflict(CHANGED)
        finally:
            os.close(descriptor)

    def _open(self, folder: str, file: DroppedFile) -> int:
        with _opened(self._root, folder) as inside:
            try:
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                descriptor = os.open(file.name, flags, dir_fd=inside)
            except OSError as error:
                raise NotTaken(f"It cannot be opened: {_why(error)}.") from error
        try:
            known = os.fstat(descriptor)
            if not stat.S_ISREG(known.st_mode):
                raise NotTaken("It is no plain file.")
            if known.st_nlink != 1:
                raise NotTaken("It has another name elsewhere (a hard link). Copy it into the folder.")
            if _listed(file.name, known) != file:
                raise Conflict(CHANGED)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


@contextmanager
def _opened(root: Path, folder: str) -> Iterator[int]:
    """Open a folder, a segment at a time and none of them a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptors: list[int] = []
    try:
        try:
            descriptors.append(os.open(root, flags))
            for part in folder.split("/"):
                descriptors.append(os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptors[-1]))
        except OSError as error:
            raise NotTaken(f"The folder {folder} cannot be opened: {_why(error)}.") from error
        yield descriptors[-1]
    finally:
        for descriptor in reversed(descriptors):
            os.close(descriptor)


def _plain_files(entries: Iterable[os.DirEntry[str]]) -> Iterator[DroppedFile]:
    for entry in entries:
        with suppress(OSError):  # gone meanwhile
            known = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(known.st_mode) and is_whole_name(entry.name):
                yield _listed(entry.name, known)


def _why(error: OSError) -> str:
    words = {FileNotFoundError: "it is not there", PermissionError: "we may not read it"}
    return words.get(type(error), "it is a link, or no folder" if isinstance(error, NotADirectoryError) else "a link")


def _listed(name: str, known: os.stat_result) -> DroppedFile:
    # to the microsecond, as the database keeps it
    modified = datetime.fromtimestamp(known.st_mtime_ns // 1000 / 1_000_000, UTC)
    return DroppedFile(name, known.st_size, modified)


class BucketDropRoot:
    """A prefix of the bucket."""

    def __init__(self, backend: S3Store, home: str) -> None:
        self._backend, self._home = backend, home

    def where(self, folder: str) -> str:
        return f"{self._home}/{S3_PREFIX}/{folder}"

    async def files(self, folder: str) -> Listing:
        """Return the newest objects right below a prefix.

        Raises:
            Unavailable: the bucket cannot be reached.
        """
        import obstore

        below = f"{S3_PREFIX}/{clean_folder(folder)}"
        with in_our_words("reached"):
            found: Any = await obstore.list_with_delimiter_async(self._backend, below)
        return _newest(
            DroppedFile(name, int(one["size"]), one["last_modified"])
            for one in found["objects"]
            if is_whole_name(name := str(one["path"]).rpartition("/")[2])
        )

    async def read(self, folder: str, file: DroppedFile) -> AsyncIterator[bytes]:
        """Yield an object's content, in one answer: what is put meanwhile is another object.

        Raises:
            Conflict: it is not as it was listed.
            Unavailable: the bucket cannot be reached.
        """
        import obstore

        path = f"{S3_PREFIX}/{clean_folder(folder)}/{file.name}"
        with in_our_words("read"):
            answer = await obstore.get_async(self._backend, path)
        known = answer.meta
        if (int(known["size"]), known["last_modified"]) != (file.size, file.modified):
            raise Conflict(CHANGED)
        with in_our_words("read"):
            async for piece in answer.stream(min_chunk_size=PIECE):
                yield bytes(piece)


DropRoot = LocalDropRoot | BucketDropRoot


def open_drop_root(settings: Settings) -> DropRoot:
    """Return the root these settings name: a folder of its own, else below the bucket's, else of the data directory."""
    if settings.drop_folder is None and (opened := open_bucket(settings)) is not None:
        return BucketDropRoot(*opened)
    if settings.drop_folder is None:
        return LocalDropRoot(private_directory(settings.data_dir / "drop"))
    if not settings.drop_folder.is_dir():
        raise Unavailable("The folder LIQUOR_DROP_FOLDER names is not there.")
    return LocalDropRoot(settings.drop_folder)


_known: tuple[Settings, DropRoot] | None = None
"""The root of the settings in force."""


def drop_root() -> DropRoot:
    """Return where files are dropped.

    Raises:
        Unavailable: the folder the settings name is not there.
    """
    global _known  # noqa: PLW0603 - a cache that ends with the settings it belongs to
    settings = get_settings()
    if _known is None or _known[0] is not settings:
        _known = (settings, open_drop_root(settings))
    return _known[1]
