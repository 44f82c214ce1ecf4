"""The first start of all: whoever makes the folders, under whatever mask, the engines' own account gets through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from liquor_app.core.platform import embedded_postgres, engine_files, private_files
from liquor_app.core.platform.embedded_postgres import EmbeddedPostgres
from liquor_app.core.platform.engine_files import Account, reachable
from liquor_app.core.platform.private_files import UMASK, data_directory, private_directory

SERVER = Account(65534, 65534)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which nothing was ever started, and a process that makes files for itself alone."""
    home = tmp_path / "lib" / "liquor"
    monkeypatch.setattr(private_files, "ROOT_DATA", home)
    monkeypatch.setattr(engine_files, "ENGINES", home / "engines")
    before = os.umask(UMASK)
    yield home
    os.umask(before)


def passes(path: Path, root: Path) -> bool:
    """Whether another account may pass through a folder and all above it that are ours."""
    ours = [path, *(one for one in path.parents if one.is_relative_to(root))]
    return all(one.stat().st_mode & 0o001 for one in ours)


def binaries(tmp_path: Path) -> Path:
    source = tmp_path / "package"
    source.mkdir()
    server = source / "initdb"
    server.write_text("")
    server.chmod(0o755)
    return source


def test_the_binaries_are_reached_on_a_first_start(root: Path, tmp_path: Path) -> None:
    copied = reachable(binaries(tmp_path), "postgres-1", SERVER)
    assert passes(copied, root)
    assert (copied / "initdb").stat().st_mode & 0o005 == 0o005


def test_every_engine_is_reached_on_a_first_start(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's binaries, too, which lie beside their libraries; whichever is started first on a machine."""
    site = tmp_path / "site-packages"
    for name in ("embedded_postgres/pginstall/bin", "embedded_postgres.libs"):
        (site / name).mkdir(parents=True)
    (site / "embedded_postgres/pginstall/bin/initdb").touch(0o755)
    (site / "embedded_postgres.libs/libpq.so").touch(0o600)
    monkeypatch.setattr(embedded_postgres, "package_folder", lambda name: site / name)
    monkeypatch.setattr(Account, "current", classmethod(lambda cls: SERVER))
    found = EmbeddedPostgres(tmp_path / "data").bin
    assert passes(found, root)
    assert (found / "initdb").stat().st_mode & 0o005 == 0o005
    library = (found / "../../../embedded_postgres.libs/libpq.so").resolve()
    assert passes(library.parent, root)
    assert library.stat().st_mode & 0o004


def test_what_an_earlier_start_made_too_closed_is_opened(root: Path, tmp_path: Path) -> None:
    private_directory(root / "engines")
    copied = reachable(binaries(tmp_path), "postgres-1", SERVER)
    (root / "engines").chmod(0o700)
    root.chmod(0o700)
    assert reachable(tmp_path / "package", "postgres-1", SERVER) == copied
    assert passes(copied, root)


def test_a_data_directory_is_passed_through_and_never_listed(root: Path) -> None:
    folder = data_directory(root / "shop", is_shared=True)
    assert passes(folder, root)
    assert not any(one.stat().st_mode & 0o066 for one in (folder, root))
    assert data_directory(root / "own", is_shared=False).stat().st_mode & 0o077 == 0
