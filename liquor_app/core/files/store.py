"""The file store: a local folder, or a bucket that speaks S3, behind the same six verbs.

Everything is streamed, in pieces of a few megabytes and with a request each, so that a file of gigabytes needs neither
memory nor a request that lasts as long. Parsers want a path: `on_disk` gives one, for as long as the block lasts.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liquor_app.core.clock import now
from liquor_app.core.config import Settings, get_settings
from liquor_app.core.errors import Invalid, NotFound, Unavailable
from liquor_app.core.files.folders import FOLDERS, Folder, checked, folder_of
from liquor_app.core.platform.private_files import FILE, append_bytes, private_directory

if TYPE_CHECKING:
    from obstore.store import LocalStore, S3Credential, S3Store

log = logging.getLogger(__name__)

PIECE = 8 * 1024 * 1024
"""Bytes read or written at once; S3 takes parts of 5 MiB or more, and 10,000 of them."""
AT_ONCE = 4
"""Parts of one file on their way."""
REQUEST_SECONDS = 60
"""For one piece, retries not counted."""
RETRY_SECONDS = 20
LEFT_HOURS = 24
"""A copy for a parser that is older was left behind by a process that was killed: no job runs as long."""
COPY = "copy-"
GONE = "This file is no longer here."


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is kept."""

    key: str
    size: int
    modified: datetime


class FileStore:
    """Files by key. Errors of the store itself are `Unavailable`, whatever kind of store it is.

    Args:
        backend: obstore's store.
        home: where its folders lie, for an operator's eyes: a path, or the bucket's address.
        root: of the local folder; None for a bucket.
        copies: where `on_disk` puts copies of what lies elsewhere.
    """

    def __init__(self, backend: LocalStore | S3Store, *, home: str, root: Path | None, copies: Path) -> None:
        self._backend, self._home, self._root, self._copies = backend, home, root, copies

    async def put(self, key: str, pieces: AsyncIterable[bytes]) -> int:
        """Keep a file; it is there whole or not at all. Returns its size in bytes.

        Raises:
            Invalid: no key of ours, or the file is larger than its folder takes.
            Unavailable: the store cannot be written to.
        """
        import obstore

        counted = _Counted(pieces, folder_of(key))
        with in_our_words("written to"):
            if self._root is not None:
                private_directory(self._root / key.partition("/")[0])
            await obstore.put_async(
                self._backend, key, counted.read(), chunk_size=PIECE, max_concurrency=AT_ONCE
            )  # fmt: skip
        if self._root is not None:
            (self._root / key).chmod(FILE)  # its folder was closed before; whatever the umask is
        return counted.size

    async def find(self, key: str) -> StoredFile | None:
        """Return a file's size and age; None if there is none.

        Raises:
            Invalid: no key of ours.
            Unavailable: the store cannot be reached.
        """
        import obstore

        with in_our_words("reached"), suppress(FileNotFoundError):
            return _stored(await obstore.head_async(self._backend, checked(key)))
        return None

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """Yield a file's content in pieces; a file is never rewritten, so they are of one.

        Raises:
            Invalid: no key of ours.
            NotFound: there is none (any longer).
            Unavailable: the store cannot be reached.
        """
        import obstore

        if (found := await self.find(key)) is None:
            raise NotFound(GONE)
        for start in range(0, found.size, PIECE):
            with in_our_words("read"):
                piece = await obstore.get_range_async(
                    self._backend, key, start=start, end=min(start + PIECE, found.size)
                )
            yield bytes(piece)

    @asynccontextmanager
    async def on_disk(self, key: str) -> AsyncIterator[Path]:
        """Give a path to read a file under, good within the block: its own in a local folder, else a copy's.

        Raises:
            Invalid: no key of ours.
            NotFound: there is none (any longer).
            Unavailable: the store cannot be reached, or there is no room for the copy.
        """
        if self._root is not None:
            if not (path := self._root / checked(key)).is_file():
                raise NotFound(GONE)
            yield path
            return
        private_directory(self._copies)
        _forget_left(self._copies, f"{COPY}*/*", hours=LEFT_HOURS)
        copy = Path(tempfile.mkdtemp(prefix=COPY, dir=self._copies)) / Path(checked(key)).name
        try:
            try:
                with append_bytes(copy) as file:
                    async for piece in self.read(key):
                        await asyncio.to_thread(file.write, piece)
            except OSError as error:
                raise Unavailable(f"There is no room for a copy of the file: {error.strerror}.") from error
            yield copy
        finally:
            with suppress(FileNotFoundError):
                copy.unlink()
            copy.parent.rmdir()

    async def delete(self, key: str) -> None:
        """Delete a file; harmless if there is none.

        Raises:
            Invalid: no key of ours.
            Unavailable: the store cannot be reached.
        """
        import obstore

        with in_our_words("written to"), suppress(FileNotFoundError):
            await obstore.delete_async(self._backend, checked(key))

    async def list(self, folder: Folder) -> AsyncIterator[StoredFile]:
        """Yield the files of a folder, in no order; what is no file of ours is left out.

        Raises:
            Unavailable: the store cannot be reached.
        """
        import obstore

        stream = obstore.list(self._backend, folder.name, chunk_size=1000)
        while True:
            with in_our_words("read"):
                page = await anext(stream, None)
            if page is None:
                return
            for one in page:
                with suppress(Invalid):
                    yield _stored(one)

    async def expire(self) -> int:
        """Delete what is older than its folder keeps; returns how many.

        Raises:
            Unavailable: the store cannot be reached.
        """
        gone = 0
        for folder in FOLDERS.values():
            if folder.kept_days is None:
                continue
            last = now() - timedelta(days=folder.kept_days)
            for one in [found async for found in self.list(folder) if found.modified < last]:
                await self.delete(one.key)
                gone += 1
        if self._root is not None:
            _forget_left(self._root, "*/*#*", hours=LEFT_HOURS)  # what obstore writes before a file is whole
            for folder in FOLDERS.values():  # before there was a store, refused rows had names of their own
                if folder.kept_days is not None:
                    gone += _forget_left(self._root, f"{folder.name}/*", hours=24 * folder.kept_days)
        return gone

    def where(self, key: str) -> str:
        """Tell where a file lies, for an operator: its path, or its place in the bucket."""
        return f"{self._home}/{checked(key)}"


def _forget_left(folder: Path, pattern: str, *, hours: int) -> int:
    """Delete files that nobody deletes otherwise once they are older; returns how many."""
    gone, last = 0, now().timestamp() - hours * 3600
    for left in folder.glob(pattern):
        with suppress(OSError):  # somebody else was faster
            if left.is_file() and left.stat().st_mtime < last:
                left.unlink()
                gone += 1
                if left.parent.name.startswith(COPY):
                    left.parent.rmdir()
    return gone


class _Counted:
    """Pieces on their way in, as many as their folder takes."""

    def __init__(self, pieces: AsyncIterable[bytes], folder: Folder) -> None:
        self.size = 0
        self._pieces, self._most = pieces, folder.max_bytes

    async def read(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            self.size += len(piece)
            if self.size > self._most:
                raise Invalid(
                    f"The file is larger than {self._most // 1024:,} KiB, the most that is kept of one.", field="file"
                )
            if piece:
                yield piece


@contextmanager
def in_our_words(what: str) -> Iterator[None]:
    """Errors of the store as a person may read them; its own quote addresses and answers."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        # a bucket that is not there is told like a file that is not
        missing = isinstance(error, FileNotFoundError)
        log.warning("the file store cannot be %s: %s", what, type(error).__name__)
        why = " Is LIQUOR_FILES_URL the address of a bucket?" if missing else " Please try again later."
        raise Unavailable(f"The file store cannot be {what}.{why}") from error


def _stored(found: Any) -> StoredFile:
    return StoredFile(checked(found["path"]), int(found["size"]), found["last_modified"])


def open_store(settings: Settings) -> FileStore:
    """Return the store these settings name."""
    from obstore.store import LocalStore

    copies = settings.data_dir / "tmp"
    if (opened := open_bucket(settings)) is not None:
        return FileStore(opened[0], home=opened[1], root=None, copies=copies)
    root = private_directory(settings.data_dir / "files")
    return FileStore(LocalStore(root), home=str(root), root=root, copies=copies)


def open_bucket(settings: Settings) -> tuple[S3Store, str] | None:
    """Return the bucket of these settings, and how people call the place; None if they name none."""
    from obstore.store import S3Store

    if (bucket := settings.bucket) is None:
        return None
    access, _, secret = settings.files_key.get_secret_value().partition(":")

    def credentials() -> S3Credential:
        return {"access_key_id": access, "secret_access_key": secret, "token": None, "expires_at": None}

    s3 = S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        # said whole: what the machine's environment has for other programs' use of S3 is not ours
        config={"endpoint": bucket.endpoint, "region": bucket.region, "skip_signature": False},
        credential_provider=credentials,
        client_options={
            "allow_http": bucket.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=REQUEST_SECONDS),
        },
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
    )
    return s3, "/".join(filter(None, ("s3:/", bucket.name, bucket.prefix)))


_known: tuple[Settings, FileStore] | None = None
"""The store of the settings in force: connections are kept."""


def file_store() -> FileStore:
    """Return the store of this process."""
    global _known  # noqa: PLW0603 - a cache that ends with the settings it belongs to
    settings = get_settings()
    if _known is None or _known[0] is not settings:
        _known = (settings, open_store(settings))
    return _known[1]
