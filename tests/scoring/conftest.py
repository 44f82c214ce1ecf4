"""The sample's liquor log as arrays, read once per process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, pool, text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core import config, db, redis
from liquor_app.demo.dataset import load_dataset
from liquor_app.demo.load import load_sample
from liquor_app.scoring.estimators.purchase_log import Histories, histories
from liquor_app.scoring.service import score_customers


class SampleLog(NamedTuple):
    """Baskets: customer code, day number (0 is the first day), dollars."""

    customer: np.ndarray
    day: np.ndarray
    value: np.ndarray

    def known(self, cutoff: int) -> Histories:
        return histories(self.customer, self.day, self.value, cutoff)

    def bought_within(self, known: Histories, cutoff: int, horizon: int) -> np.ndarray:
        """Whether each known customer bought in the `horizon` days after the cut-off."""
        later = (self.day > cutoff) & (self.day <= cutoff + horizon)
        return np.isin(known.customer, self.customer[later])

    def spent_within(self, known: Histories, cutoff: int, horizon: int) -> np.ndarray:
        later = (self.day > cutoff) & (self.day <= cutoff + horizon)
        spent = pd.Series(self.value[later]).groupby(self.customer[later]).sum()
        return spent.reindex(known.customer).fillna(0.0).to_numpy()

    def wait(self, known: Histories, cutoff: int) -> np.ndarray:
        """Days from the cut-off to each customer's next basket; inf where there is none."""
        later = self.day > cutoff
        first = pd.Series(self.day[later]).groupby(self.customer[later]).min()
        return first.reindex(known.customer).to_numpy(dtype=float, na_value=np.inf) - cutoff


@pytest.fixture(scope="session")
def sample_log() -> SampleLog:
    purchases = load_dataset(date(2017, 12, 31)).purchases
    day = (pd.to_datetime(purchases["local_day"]) - pd.Timestamp(2017, 1, 1)).dt.days
    return SampleLog(purchases["household_id"].to_numpy(), day.to_numpy(), purchases["total"].to_numpy())


@pytest.fixture(scope="session")
def sample_template(engines: Any, template_database: str) -> Iterator[str]:
    """Name of a database with the sample loaded and scored once, to copy from: loading it for every test would take a
    minute, and fitting the models to it five seconds."""
    name = f"liquor_sample_{uuid4().hex[:12]}"
    server = engines.database_url.rsplit("/", 1)[0]
    admin = create_engine(engines.database_url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'))

    async def load() -> None:
        async with db.transaction() as session:
            await load_sample(session)
        async with db.transaction() as session:
            await score_customers(session, SYSTEM)
        await db.dispose()
        await redis.dispose()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"{server}/{name}")
        patch.setenv("REDIS_URL", engines.redis_url)
        config.get_settings.cache_clear()
        asyncio.run(load())
    config.get_settings.cache_clear()
    yield name
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


class _Undone(Exception):
    """Ends the transaction of a test without a trace."""


@pytest.fixture
async def sample(engines: Any, sample_template: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncSession]:
    """An open transaction over the sample; what the test does in it is undone, and nothing may be done beside it."""
    monkeypatch.setenv("DATABASE_URL", engines.database_url.rsplit("/", 1)[0] + f"/{sample_template}")
    monkeypatch.setenv("REDIS_URL", engines.redis_url)
    config.get_settings.cache_clear()
    with suppress(_Undone):
        async with db.transaction() as session:
            yield session
            raise _Undone
    await db.dispose()
    await redis.dispose()
    monkeypatch.undo()
    config.get_settings.cache_clear()
