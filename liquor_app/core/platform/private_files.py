"""Files only we may read: logs, uploads, refused rows, keys. The data directory holds people's data and secrets."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from liquor_app.core.config import ROOT_DATA

DIRECTORY = 0o700
PASSABLE = 0o711
FILE = 0o600
UMASK = 0o077
"""For every process that serves or works: what it makes is its own account's alone."""
HOLDS_DATA = ("log", "files", "tmp")
"""Folders of the data directory that are ours down to the last file; the engines look after their own."""


def private_directory(path: Path) -> Path:
    """`path` as a folder nobody else may enter, made if it is not there, with its parents."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            folder.mkdir(mode=DIRECTORY, exist_ok=True)
    path.chmod(DIRECTORY)
    return path


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags, FILE)


def create_bytes(path: Path) -> BinaryIO:
    """Return a new file to write bytes to.

    Raises:
        FileExistsError: there is one already.
    """
    private_directory(path.parent)
    return open(path, "xb", opener=_opener)


def append_bytes(path: Path) -> BinaryIO:
    """Return a file to append bytes to, made if it is not there."""
    private_directory(path.parent)
    return open(path, "ab", opener=_opener)


def data_directory(path: Path, *, is_shared: bool) -> Path:
    """Return the data directory, closed to everybody else.

    Args:
        is_shared: the embedded engines run under another account and must be able to pass through it.
    """
    if is_shared:
        passable(path)
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(PASSABLE if is_shared else DIRECTORY)
    return path


def passable(path: Path) -> None:
    """Make a folder with its parents so that another account may pass through them, never list them.

    Parents that were there keep their modes, but those below `ROOT_DATA`, which an earlier start made under our mask.
    """
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(PASSABLE)
        elif folder.is_relative_to(ROOT_DATA):
            folder.chmod(folder.stat().st_mode | PASSABLE)


def tighten(data_dir: Path) -> None:
    """Close what earlier versions left open to others below a data directory."""
    for name in HOLDS_DATA:
        for folder, _, files in os.walk(data_dir / name):
            for path, mode in ((Path(folder), DIRECTORY), *((Path(folder, file), FILE) for file in files)):
                if not path.is_symlink():
                    with suppress(PermissionError, FileNotFoundError):  # somebody else's, or gone meanwhile
                        path.chmod(mode)
