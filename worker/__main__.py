"""`python -m worker`: one worker process; any number may run, on any number of machines."""

from __future__ import annotations

import os
import sys

from arq.worker import create_worker

from liquor_app.core.config import get_settings
from liquor_app.core.errors import AppError
from liquor_app.core.platform.gc_control import seldom
from liquor_app.core.platform.logs import configure
from liquor_app.core.platform.private_files import UMASK, tighten
from worker.settings import WorkerSettings


def main() -> None:
    os.umask(UMASK)
    configure()
    tighten(get_settings().data_dir)
    seldom()
    try:
        worker = create_worker(WorkerSettings, redis_settings=WorkerSettings.redis_settings())  # type: ignore[arg-type]
        worker.run()
    except AppError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(error.exit_code)


main()
