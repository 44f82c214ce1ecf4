"""Whoever writes into a drop folder, or names one, gets at nothing but that folder's own files."""

from __future__ import annotations

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.files import drop_root
from liquor_app.core.files.drop_root import DroppedFile, Listing, LocalDropRoot, NotTaken, clean_folder
from liquor_app.core.files.folders import IMPORT_FILES
from liquor_app.core.ids import uuid7
from liquor_app.imports.drop_folders import look as looking
from liquor_app.imports.drop_folders.drop_sources import (
    create_source,
    delete_source,
    get_source,
    request_look,
    update_source,
)
from liquor_app.imports.drop_folders.lists import list_drop_files, list_drop_sources
from liquor_app.imports.drop_folders.look import Looked, look_at, retry_file
from tests.imports.test_drop_folders import STOCK, log, look, root, source  # noqa: F401 - a fixture
from tests.imports.test_import_cases import many

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, uuid7(), "Vi", Role.USER)
MANAGER = Actor(ActorKind.USER, uuid7(), "Dana", Role.MANAGER)


@pytest.mark.parametrize(
    "folder",
    ["..", "../x", "a/../../x", "/etc", "//etc", "a//b", "a/./b", ".hidden", "a\\..\\b", "a\x00b", "~root", "%2e%2e/x",
     "a/b/c/d/e", "", " ", "x" * 61, "a\nb", "s3://bucket", None, 5, ["a"]],
)  # fmt: skip
def test_no_folder_leads_out_of_the_root(folder: Any) -> None:
    with pytest.raises(Invalid) as refused:
        clean_folder(folder)
    assert refused.value.field == "folder"


async def read(where: LocalDropRoot, file: DroppedFile) -> bytes:
    return b"".join([piece async for piece in where.read("till", file)])


def listed(path: Path) -> DroppedFile:
    known = path.stat()
    return DroppedFile(path.name, known.st_size, datetime.fromtimestamp(known.st_mtime_ns // 1000 / 1e6, UTC))


@pytest.fixture
def where(tmp_path: Path) -> LocalDropRoot:
    (tmp_path / "root" / "till").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("sku\nsecret\n")
    return LocalDropRoot(tmp_path / "root")


async def test_links_are_neither_listed_nor_followed(where: LocalDropRoot, tmp_path: Path) -> None:
    till, secret = tmp_path / "root" / "till", tmp_path / "secret.csv"
    (till / "link.csv").symlink_to(secret)
    os.link(secret, till / "hard.csv")
    os.mkfifo(till / "pipe.csv")
    (till / "folder.csv").mkdir()
    assert [file.name for file in await where.files("till")] == ["hard.csv"]
    for name, why in (("link.csv", "a link"), ("hard.csv", "hard link"), ("pipe.csv", "no plain file")):
        named = DroppedFile(name, listed(secret).size, listed(secret).modified)
        with pytest.raises(NotTaken, match=why):
            await read(where, named)
    for name in ("../secret.csv", "folder.csv", "/etc/passwd"):
        with pytest.raises((NotTaken, Conflict)):
            await read(where, DroppedFile(name, 1, datetime.now(UTC)))


async def test_a_folder_that_becomes_a_link_is_not_entered(where: LocalDropRoot, tmp_path: Path) -> None:
    (tmp_path / "root" / "out").symlink_to(tmp_path)
    (tmp_path / "root" / "in").mkdir()
    (tmp_path / "root" / "in" / "deep").symlink_to(tmp_path)
    for folder in ("out", "in/deep", "out/root"):
        with pytest.raises(NotTaken, match="cannot be opened"):
            await where.files(folder)


async def test_a_file_swapped_or_grown_while_it_is_read_is_not_taken(
    where: LocalDropRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop_root, "PIECE", 4)
    file = tmp_path / "root" / "till" / "a.csv"
    file.write_text("sku\n" + "G-1\n" * 5)
    seen = listed(file)
    reading = where.read("till", seen)
    assert await anext(reading) == b"sku\n"
    with file.open("a") as more:
        more.write("evil\n")
    with pytest.raises(Conflict, match="changed while it was being read"):
        async for _ in reading:
            pass
    other = tmp_path / "other.csv"
    other.write_text("sku\n" + "X-9\n" * 5)
    os.replace(other, file)
    with pytest.raises(Conflict):
        await read(where, seen)


async def test_a_file_swapped_between_two_looks_waits_again(root: Path) -> None:  # noqa: F811
    till, file = await source(), root / "till" / "stock.csv"
    file.write_text(STOCK.format(stock=3))
    await look_at(till)

    class Swapping(LocalDropRoot):
        async def files(self, folder: str) -> Listing:
            found = await super().files(folder)
            file.write_text(STOCK.format(stock=777))  # between the look and the reading
            return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "drop_root", lambda: Swapping(root))
        assert await look_at(till) == Looked(waiting=1)
    assert await many("SELECT 1 FROM imports") == []


async def test_a_huge_file_is_refused_before_it_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    till = await source()
    with (root / "till" / "huge.csv").open("wb") as file:
        file.truncate(IMPORT_FILES.max_bytes + 1)  # sparse: nothing of it is on the disk
    await look_at(till)
    assert await look_at(till) == Looked(failed=1)
    [row] = await log()
    assert row.reason == "It is larger than 5 GiB, the most that is imported at once."


async def test_a_bomb_is_refused_by_the_readers_own_bounds(root: Path) -> None:  # noqa: F811
    till = await source()
    with zipfile.ZipFile(root / "till" / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "<Types/>")
        bomb.writestr("xl/workbook.xml", "<workbook/>")
        bomb.writestr("xl/worksheets/sheet1.xml", b"<" + b"a" * 300_000_000)
    await look(till)
    await look(till)
    [row] = await log()
    assert row.state == "failed"
    assert row.reason
    assert await many("SELECT 1 FROM products") == []


async def test_rights(root: Path) -> None:  # noqa: F811
    till = await source()
    new = {"name": "N", "folder": "n", "kind": "products"}
    async with transaction() as session:
        for actor in (VIEWER, MANAGER):
            with pytest.raises(Forbidden):
                await create_source(session, actor, new)
            with pytest.raises(Forbidden):
                await update_source(session, actor, till, {"folder": "elsewhere"})
            with pytest.raises(Forbidden):
                await delete_source(session, actor, till)
        for door in (get_source, request_look, retry_file):
            with pytest.raises(Forbidden):
                await door(session, VIEWER, till)
        for reading in (list_drop_files, list_drop_sources):
            with pytest.raises(Forbidden):
                await reading(session, VIEWER)
        assert (await get_source(session, MANAGER, till)).folder == "till"
