"""The same store in a bucket, behind a server that speaks S3 (moto): `make prove-files`."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from moto.server import ThreadedMotoServer

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import config, queue
from liquor_app.core.config import Settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Unavailable
from liquor_app.core.files.drop_root import drop_root
from liquor_app.core.files.folders import EXPORT_FILES, REJECT_FILES
from liquor_app.core.files.store import FileStore, file_store, open_bucket, open_store
from liquor_app.core.ids import uuid7
from liquor_app.core.models import JobStatus
from liquor_app.imports.drop_folders.look import Looked
from liquor_app.imports.dry_run import keep_rejects
from liquor_app.imports.import_rows import get_import
from liquor_app.imports.tasks import TASKS
from liquor_app.imports.uploads import add_upload, start_import
from liquor_app.screens.imports.wizard.file_look import Question, look_at
from tests.core.file_stores import FileStoreContract, files_below, whole
from tests.imports.test_drop_folders import look, source
from tests.imports.test_import_cases import many
from tests.stored import bring, pieces


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


async def test_an_import_goes_through_a_bucket(
    server: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Brought by a web server, looked at, imported by a worker, thrown away: nothing of it lies on a disk."""
    monkeypatch.setenv("LIQUOR_FILES_URL", f"s3://{make_bucket(server)}?endpoint={server}")
    monkeypatch.setenv("LIQUOR_FILES_KEY", "AKID:secret-of-the-test")
    monkeypatch.setenv("LIQUOR_DATA_DIR", str(tmp_path))
    config.get_settings.cache_clear()
    import_id = uuid7()
    await bring(f"{import_id}.upload", "email,name\nann@example.com,Ann\nnone,Bo\n")
    async with transaction() as session:
        row = await add_upload(
            session, SYSTEM, import_id=import_id, kind="customers", file_name="a.csv", file_key=f"{import_id}.upload"
        )
    seen = await look_at(SYSTEM, Question(row, "fill", None, {}))
    assert (seen.problem, seen.tried and seen.tried.report.created) == ("", 1)
    async with transaction() as session:
        row = await start_import(session, SYSTEM, import_id, kind="customers")
    assert row.job_id is not None
    assert await queue.run(row.job_id, TASKS) is JobStatus.SUCCEEDED
    async with transaction() as session:
        done = await get_import(session, SYSTEM, import_id)
        kept = await keep_rejects(session, import_id, done.position["columns"])
    assert (done.status, done.created, done.rejected) == ("completed", 1, 1)
    assert await file_store().find(row.stored) is None
    assert kept.startswith("s3://")
    assert b"none" in await whole(file_store(), REJECT_FILES.key(import_id, "csv"))
    assert files_below(tmp_path, "*") == []


async def test_files_dropped_into_a_bucket_are_read_once_and_anew_when_they_change(
    server: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A till lays its stock below the bucket's prefix; what is hidden, half written or elsewhere is not read."""
    bucket = make_bucket(server)
    monkeypatch.setenv("LIQUOR_FILES_URL", f"s3://{bucket}/shop?endpoint={server}")
    monkeypatch.setenv("LIQUOR_FILES_KEY", "AKID:secret-of-the-test")
    monkeypatch.setenv("LIQUOR_DATA_DIR", str(tmp_path))
    config.get_settings.cache_clear()

    opened = open_bucket(config.get_settings())
    assert opened is not None

    async def put(key: str, content: str) -> None:
        await obstore.put_async(opened[0], f"drop/{key}", content.encode())

    till = await source(folder="till 2/stock")
    head = "sku,name,price,stock\n"
    for name in (
        "till 2/stock/.hidden.csv",
        "till 2/stock/a.csv.part",
        "till 2/other.csv",
        "till 2/stock/x/y.csv",
    ):
        await put(name, f"{head}X-1,Not ours,1,1\n")
    await put("till 2/stock/stock.csv", f"{head}G-1,Gin,20,3\n")
    assert await look(till) == Looked(waiting=1)
    assert await look(till) == Looked(taken=1)
    assert await look(till) == Looked()
    await put("till 2/stock/stock.csv", f"{head}G-1,Gin,20,14\n")
    assert await look(till) == Looked(waiting=1)
    assert await look(till) == Looked(taken=1)
    assert [(one.sku, one.stock) for one in await many("SELECT sku, stock FROM products")] == [("G-1", 14)]
    assert drop_root().where("till 2/stock") == f"s3://{bucket}/shop/drop/till 2/stock"


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
