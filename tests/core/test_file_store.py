"""The local file store, the settings of a bucket, and links to files."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from liquor_app.accounts.downloads import download_link, open_download
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core import clock
from liquor_app.core.config import Settings
from liquor_app.core.errors import Forbidden, Invalid, NotFound, Unavailable
from liquor_app.core.files.bucket import Bucket
from liquor_app.core.files.folders import EXPORT_FILES, REJECT_FILES
from liquor_app.core.files.store import FileStore, open_store
from liquor_app.core.ids import uuid7
from liquor_app.core.security.crypto import sign
from tests.core.file_stores import FileStoreContract
from tests.stored import pieces

MANAGER = Actor(ActorKind.USER, uuid7(), "Mo", Role.MANAGER)
KEY = EXPORT_FILES.key(uuid7(), "csv")


class TestLocalStore(FileStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return open_store(Settings(data_dir=tmp_path))

    async def test_a_file_of_an_older_version_is_found(self, store: FileStore, tmp_path: Path) -> None:
        """Uploads lay in files/imports/<id>.upload before there was a store: they are where it looks."""
        old = tmp_path / "files" / "imports" / f"{uuid7()}.upload"
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_bytes(b"email\n")
        async with store.on_disk(f"imports/{old.name}") as path:
            assert path == old

    async def test_what_a_killed_process_left_goes_after_a_day(self, store: FileStore, tmp_path: Path) -> None:
        await store.put(KEY, pieces(b"x"))
        left = tmp_path / "files" / "exports" / f"{uuid7()}.csv#1"
        left.write_bytes(b"half")
        assert await store.expire() == 0
        assert left.exists()
        os.utime(left, times=(0, 0))
        await store.expire()
        assert not left.exists()

    async def test_refused_rows_of_an_older_version_go_after_a_month_too(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        """They were kept for ever, under names of people's files."""
        old = tmp_path / "files" / "rejects" / "customers of May-0a1b2c3d.csv"
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_text("ann@example.com")
        key = REJECT_FILES.key(uuid7(), "csv")
        await store.put(key, pieces(b"bo@example.com"))
        with clock.travel(clock.now() + timedelta(days=29)):
            assert await store.expire() == 0
        with clock.travel(clock.now() + timedelta(days=31)):
            assert await store.expire() == 2
        assert not old.exists()
        assert await store.find(key) is None

    async def test_a_disk_that_refuses_is_told_in_our_words(self, tmp_path: Path) -> None:
        store = open_store(Settings(data_dir=tmp_path))
        (tmp_path / "files" / "exports").write_text("no folder")
        with pytest.raises(Unavailable, match="cannot be written to"):
            await store.put(KEY, pieces(b"x"))


async def test_a_bucket_out_of_reach_is_told_in_our_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, secret = "s3://files?endpoint=http://127.0.0.1:9", "k3y-of-nobody-" + "x7" * 9
    monkeypatch.setattr("liquor_app.core.files.store.RETRY_SECONDS", 0)
    store = open_store(Settings(data_dir=tmp_path, files_url=url, files_key=f"AKID:{secret}"))  # type: ignore[arg-type]
    with pytest.raises(Unavailable) as refused:
        await store.find(KEY)
    assert refused.value.message == "The file store cannot be reached. Please try again later."


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://shop-files", Bucket("shop-files", "", "https://s3.us-east-1.amazonaws.com", "us-east-1")),
        (
            "s3://files/liquor/prod?region=eu-west-1&endpoint=http://minio:9000",
            Bucket("files", "liquor/prod", "http://minio:9000", "eu-west-1"),
        ),
    ],
)
def test_the_address_of_a_bucket(url: str, bucket: Bucket) -> None:
    assert Bucket.of(url) == bucket


@pytest.mark.parametrize(
    "url",
    ["files", "https://s3.amazonaws.com/files", "s3://", "s3://Files", "s3://files/../other", "s3://key:secret@files",
     "s3://files?endpoint=ftp://x", "s3://files?endpoint=http://a/b", "s3://files?acl=public-read", "s3://files#x"],
)  # fmt: skip
def test_no_address_of_a_bucket(url: str) -> None:
    with pytest.raises(ValueError, match="must look like s3://"):
        Settings(files_url=url, files_key="AKID:secret")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "blamed"),
    [
        ({"files_url": "s3://files"}, "files_key: LIQUOR_FILES_URL is set without LIQUOR_FILES_KEY"),
        ({"files_key": "AKID:secret"}, "files_url: LIQUOR_FILES_KEY is set without LIQUOR_FILES_URL"),
        ({"files_url": "s3://files", "files_key": "AKID"}, "must look like ACCESS_KEY_ID:SECRET"),
        ({"files_url": "s3://files", "files_key": ":secret"}, "must look like ACCESS_KEY_ID:SECRET"),
    ],
)
def test_a_bucket_is_set_whole_or_not_at_all(given: dict[str, str], blamed: str) -> None:
    with pytest.raises(ValueError, match=blamed):
        Settings(**given)  # type: ignore[arg-type]


def test_a_link_opens_for_whom_it_was_made() -> None:
    token = download_link(MANAGER, KEY, name="customers.csv", permission=Permission.CUSTOMERS_PRIVATE).rpartition("/")[
        2
    ]
    assert open_download(MANAGER, token).key == KEY
    for other in (
        Actor(ActorKind.USER, uuid7(), "An", Role.ADMIN),
        Actor(ActorKind.API_KEY, MANAGER.id, "Mo", Role.MANAGER),
    ):
        with pytest.raises(NotFound, match="damaged"):
            open_download(other, token)
    with pytest.raises(Forbidden, match="needs the role"):
        open_download(Actor(ActorKind.USER, MANAGER.id, "Mo", Role.USER), token)  # was made a viewer since


def test_a_link_is_made_for_who_may_have_it() -> None:
    with pytest.raises(Forbidden, match="needs the role"):
        download_link(
            Actor(ActorKind.USER, uuid7(), "Vi", Role.USER), KEY, name="x.csv", permission=Permission.CUSTOMERS_PRIVATE
        )
    with pytest.raises(Invalid, match="not the key"):
        download_link(MANAGER, "exports/../../secret.key", name="x", permission=Permission.APP)


def test_a_link_expires() -> None:
    token = download_link(MANAGER, KEY, name="x.csv", permission=Permission.CUSTOMERS_PRIVATE).rpartition("/")[2]
    with clock.travel(clock.now() + timedelta(minutes=14, seconds=58)):
        assert open_download(MANAGER, token).key == KEY
    with clock.travel(clock.now() + timedelta(minutes=15)), pytest.raises(NotFound, match="expired"):
        open_download(MANAGER, token)


def test_a_forged_link_opens_nothing() -> None:
    token = download_link(MANAGER, KEY, name="x.csv", permission=Permission.CUSTOMERS_PRIVATE).rpartition("/")[2]
    body, _, mac = token.partition(".")
    ends = int((clock.now() + timedelta(days=1)).timestamp())
    claims = {"k": KEY, "n": "x.csv", "b": f"user:{MANAGER.id}", "r": "user", "e": ends}
    other_purpose = sign("unsubscribe", claims)
    way_out = sign("file-download", {**claims, "k": "exports/../../secret.key"})
    no_end = sign("file-download", {name: value for name, value in claims.items() if name != "e"})
    raised = sign("other", claims).partition(".")[0] + "." + mac  # another body under a proof of ours
    for forged in (other_purpose, way_out, no_end, raised, body, f"{body}.", f".{mac}", f"{token}x", "", "é.é"):
        with pytest.raises(NotFound, match="damaged"):
            open_download(MANAGER, forged)
