"""What every kind of file store must do. Whoever inherits this says how one is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from liquor_app.core import clock
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.files import folders
from liquor_app.core.files.folders import EXPORT_FILES, IMPORT_FILES, Folder
from liquor_app.core.files.store import PIECE, FileStore
from liquor_app.core.ids import uuid7
from tests.stored import pieces

TRAVERSALS = (
    "../secret.key", "imports/../../secret.key", "/etc/passwd", "imports/..%2f..%2fsecret.key", "imports", "",
    "imports/",
    "imports/secret.key", "postgres/018f0000-0000-7000-8000-000000000000.csv", "imports\\018f.csv",
    "imports/018f0000-0000-7000-8000-000000000000.csv/../../../secret.key",
    "imports/018f0000-0000-7000-8000-000000000000.csv\x00.png", "imports/018f0000-0000-7000-8000-000000000000.csv\n",
    "imports/x/018f0000-0000-7000-8000-000000000000.csv", "IMPORTS/018f0000-0000-7000-8000-000000000000.csv",
)  # fmt: skip


async def whole(store: FileStore, key: str) -> bytes:
    return b"".join([piece async for piece in store.read(key)])


def files_below(folder: Path, pattern: str) -> list[Path]:
    return [path for path in folder.rglob(pattern) if path.is_file()]


class FileStoreContract:
    """Inherited by each kind's tests; `store` is a fixture of theirs."""

    @pytest.fixture
    def store(self) -> FileStore:
        raise NotImplementedError

    async def test_a_file_comes_back_as_it_was_put(self, store: FileStore) -> None:
        for parts in ((b"hello ", b"world"), (), (b"",)):
            key = EXPORT_FILES.key(uuid7(), "csv")
            assert await store.put(key, pieces(*parts)) == len(b"".join(parts))
            found = await store.find(key)
            assert found is not None
            assert (found.key, found.size) == (key, len(b"".join(parts)))
            assert abs(found.modified - clock.now()) < timedelta(minutes=1)
            assert await whole(store, key) == b"".join(parts)

    async def test_a_large_file_streams_in_bounded_pieces(self, store: FileStore) -> None:
        content = [bytes([number]) * 3_000_000 for number in range(7)]
        key = IMPORT_FILES.key(uuid7(), "upload")
        assert await store.put(key, pieces(*content)) == 21_000_000
        sizes, position = [], 0
        async for piece in store.read(key):
            assert piece == b"".join(content)[position : position + len(piece)]
            position += len(piece)
            sizes.append(len(piece))
        assert sizes == [PIECE, PIECE, 21_000_000 - 2 * PIECE]
        async with store.on_disk(key) as path:
            assert path.read_bytes() == b"".join(content)
            assert path.stat().st_mode & 0o077 == 0
            assert path.parent.stat().st_mode & 0o077 == 0

    async def test_a_copy_on_disk_goes_with_its_block(self, store: FileStore, tmp_path: Path) -> None:
        key = IMPORT_FILES.key(uuid7(), "upload")
        await store.put(key, pieces(b"rows"))
        with pytest.raises(RuntimeError, match="the parser broke"):
            async with store.on_disk(key):
                raise RuntimeError("the parser broke")
        assert files_below(tmp_path, "copy-*/*") == []
        assert await whole(store, key) == b"rows"

    async def test_what_is_not_there(self, store: FileStore) -> None:
        key = IMPORT_FILES.key(uuid7(), "upload")
        assert await store.find(key) is None
        await store.delete(key)
        with pytest.raises(NotFound, match="no longer here"):
            await whole(store, key)
        with pytest.raises(NotFound, match="no longer here"):
            async with store.on_disk(key):
                pass

    async def test_a_deleted_file_is_gone(self, store: FileStore) -> None:
        key, other = EXPORT_FILES.key(uuid7(), "csv"), EXPORT_FILES.key(uuid7(), "csv")
        for one in (key, other):
            await store.put(one, pieces(b"x"))
        await store.delete(key)
        assert [found.key async for found in store.list(EXPORT_FILES)] == [other]
        assert [found.key async for found in store.list(IMPORT_FILES)] == []

    async def test_a_file_too_large_is_refused_and_nothing_of_it_stays(
        self, store: FileStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(folders.FOLDERS, "imports", Folder("imports", PIECE * 2))
        key, taken = IMPORT_FILES.key(uuid7(), "upload"), 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 1
                yield b"x" * 1_000_000

        with pytest.raises(Invalid, match="larger than 16,384 KiB") as refused:
            await store.put(key, endless())
        assert refused.value.field == "file"
        assert taken < 40  # it was not read to its end, which it has not
        assert await store.find(key) is None
        assert files_below(tmp_path, "imports/*") == []

    async def test_a_body_that_breaks_off_leaves_nothing(self, store: FileStore) -> None:
        key = IMPORT_FILES.key(uuid7(), "upload")

        async def broken() -> AsyncIterator[bytes]:
            yield b"x" * (PIECE + 1)
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await store.put(key, broken())
        assert await store.find(key) is None

    @pytest.mark.parametrize("key", TRAVERSALS)
    async def test_no_key_leads_out_of_the_store(self, store: FileStore, key: str) -> None:
        for verb in (store.find(key), store.delete(key), store.put(key, pieces(b"x")), whole(store, key)):
            with pytest.raises(Invalid, match="not the key of a file"):
                await verb
        with pytest.raises(Invalid, match="not the key of a file"):
            async with store.on_disk(key):
                pass
        with pytest.raises(Invalid, match="not the key of a file"):
            store.where(key)

    async def test_what_is_past_its_time_goes_and_nothing_else(self, store: FileStore) -> None:
        export, brought = EXPORT_FILES.key(uuid7(), "csv"), IMPORT_FILES.key(uuid7(), "upload")
        for key in (export, brought):
            await store.put(key, pieces(b"x"))
        with clock.travel(clock.now() + timedelta(days=1, hours=23)):
            assert await store.expire() == 0
        with clock.travel(clock.now() + timedelta(days=2, hours=1)):
            assert await store.expire() == 1
        assert await store.find(export) is None
        assert await store.find(brought) is not None
