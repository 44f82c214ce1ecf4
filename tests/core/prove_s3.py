"""The same store in a bucket, behind a server that speaks S3 (moto): `make prove-files`."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from liquor_app.core.config import Settings
from liquor_app.core.errors import Unavailable
from liquor_app.core.files.folders import EXPORT_FILES
from liquor_app.core.files.store import FileStore, open_store
from liquor_app.core.ids import uuid7
from tests.core.file_stores import FileStoreContract, whole
from tests.stored import pieces


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel("ERROR")
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


def make_bucket(server: str) -> str:
    bucket = f"bucket-{uuid7()}"
    urllib.request.urlopen(urllib.request.Request(f"{server}/{bucket}", method="PUT")).close()
    return bucket


def in_bucket(server: str, bucket: str, data_dir: Path) -> FileStore:
    url = f"s3://{bucket}/shop?region=eu-west-1&endpoint={server}"
    return open_store(Settings(data_dir=data_dir, files_url=url, files_key="AKID:secret-of-the-test"))  # type: ignore[arg-type]


class TestS3Store(FileStoreContract):
    @pytest.fixture
    def store(self, server: str, tmp_path: Path) -> FileStore:
        return in_bucket(server, make_bucket(server), tmp_path)

    async def test_replicas_with_disks_of_their_own_share_it(self, server: str, tmp_path: Path) -> None:
        bucket, key = make_bucket(server), EXPORT_FILES.key(uuid7(), "csv")
        web, worker = (in_bucket(server, bucket, tmp_path / name) for name in ("web", "worker"))
        await worker.put(key, pieces(b"made by the worker"))
        assert await whole(web, key) == b"made by the worker"
        assert not (tmp_path / "web").exists()
        assert web.where(key) == f"s3://{bucket}/shop/{key}"

    async def test_a_bucket_that_is_not_there(self, server: str, tmp_path: Path) -> None:
        store = in_bucket(server, "bucket-of-nobody", tmp_path)
        with pytest.raises(Unavailable, match="Is LIQUOR_FILES_URL the address of a bucket"):
            await store.put(EXPORT_FILES.key(uuid7(), "csv"), pieces(b"x"))

    async def test_the_machines_own_settings_for_s3_are_not_ours(
        self, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_BUCKET"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        await self.test_replicas_with_disks_of_their_own_share_it(server, tmp_path)
