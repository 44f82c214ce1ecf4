"""The sample as rows of our tables: ids, evidence, statuses. Pure; `load` writes them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd

from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.customers.ages.sealed_dates import SEALED_DATE, born_columns, copied_seal, seal_birth_date
from liquor_app.demo.dataset import STORE_TIMEZONE, SampleData

SOURCE = "sample"


def rows_of(sample: SampleData, brand_id: UUID | None) -> list[tuple[str, pd.DataFrame, str]]:
    """(table, rows, label) in the order foreign keys ask for; each frame's columns are the table's."""
    people = sample.customers
    opened = _noon(min(sample.purchases["local_day"]) - timedelta(days=60))
    closed = _noon(sample.ends_on)
    customer_ids = pd.Series([uuid7(opened) for _ in range(len(people))], index=people["household_id"])
    campaign_ids = pd.Series([uuid7() for _ in range(len(sample.campaigns))], index=sample.campaigns["campaign_id"])
    sends = _sends(sample, customer_ids, campaign_ids)
    purchases, lines = _purchases(sample, customer_ids)
    bought = purchases[["customer_id", "occurred_at", "total", "store"]]
    purchase_ids = purchases.set_index("external_id")["id"]
    return [
        ("customers", _customers(people, customer_ids, opened), "People"),
        ("consents", _consents(people, customer_ids, opened, closed), "Consents"),
        ("age_ledger", _ages(people, customer_ids, opened), "Ages"),
        ("purchases", purchases, "Purchases"),
        ("purchase_lines", lines, "Purchases"),
        ("campaigns", _campaigns(sample, campaign_ids, sends, brand_id), "Past campaigns"),
        ("sends", sends.drop(columns="household_id"), "Past campaigns"),
        ("analytics_events", _purchase_events(bought), "History"),
        ("analytics_events", _contact_events(sends), "History"),
        ("analytics_events", _redemption_events(sample, sends, campaign_ids, purchase_ids), "History"),
    ]


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=ZoneInfo(STORE_TIMEZONE)).astimezone(UTC)


def _customers(people: pd.DataFrame, ids: pd.Series, opened: datetime) -> pd.DataFrame:
    evidence = [
        json.dumps({"source": SOURCE, "household_id": int(household), "timezone_source": SOURCE})
        for household in people["household_id"]
    ]
    return pd.DataFrame(
        {
            "id": ids.to_numpy(),
            "external_id": "sample-" + people["household_id"].astype(str),
            "email_key": people["email"],
            **{
                name: people[name]
                for name in (
                    "email", "phone", "name", "city", "state", "postal_code", "timezone",
                    "email_consent", "sms_consent",
                )
            },
            **_born(people["date_of_birth"]),
            "age_verified_at": opened,
            "raw_data": evidence,
            "is_sample": True,
            "created_at": opened,
            "updated_at": opened,
        }
    )  # fmt: skip


def _born(dates: pd.Series) -> dict[str, list[Any]]:
    columns = [born_columns(born) for born in dates]
    plain = {name: [one[name] for one in columns] for name in ("of_age_on", "birthday_md")}
    return {**plain, SEALED_DATE: [copied_seal(one[SEALED_DATE]) for one in columns]}


def _consents(people: pd.DataFrame, ids: pd.Series, opened: datetime, closed: datetime) -> pd.DataFrame:
    """Return everybody agreed to e-mail when the year began; some withdrew when it ended."""
    customer = pd.Series(ids.to_numpy(), index=people.index)
    withdrew = people["email_consent"] == "withdrawn"
    texts = people["sms_consent"] == "given"
    parts = [
        pd.DataFrame({"customer_id": customer, "channel": "email", "status": "given", "at": opened}),
        pd.DataFrame({"customer_id": customer[texts], "channel": "sms", "status": "given", "at": opened}),
        pd.DataFrame({"customer_id": customer[withdrew], "channel": "email", "status": "withdrawn", "at": closed}),
    ]
    return pd.concat(parts).assign(source=SOURCE, evidence=json.dumps({"source": SOURCE, "made_up": True}))


def _ages(people: pd.DataFrame, ids: pd.Series, opened: datetime) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ids.to_numpy(),
            SEALED_DATE: [copied_seal(seal_birth_date(born)) for born in people["date_of_birth"]],
            "verified": True,
            "method": SOURCE,
            "evidence": json.dumps({"source": SOURCE, "made_up": True}),
            "at": opened,
        }
    )


def _purchases(sample: SampleData, customer_ids: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    baskets = sample.purchases
    ids = pd.Series([uuid7(moment) for moment in baskets["occurred_at"]], index=baskets["basket_id"])
    purchases = pd.DataFrame(
        {
            "id": ids.to_numpy(),
            "external_id": "sample-" + baskets["basket_id"].astype(str),
            "customer_id": baskets["household_id"].map(customer_ids),
            **{
                name: baskets[name]
                for name in ("occurred_at", "local_hour", "total", "discount", "alcohol_total", "coupon_lines", "store")
            },
            "source": SOURCE,
        }
    )
    lines = sample.lines.assign(purchase_id=sample.lines["basket_id"].map(ids)).drop(columns="basket_id")
    return purchases, lines


def _sends(sample: SampleData, customer_ids: pd.Series, campaign_ids: pd.Series) -> pd.DataFrame:
    """Return one send per targeted household. The data know who was written to and who redeemed, so there are no opens,
    clicks or deliveries; e-mail stands for the channel they do not name. A redemption in a basket of this shop's is an
    order that belongs to the send, too."""
    contacts = sample.contacts.merge(sample.customers[["household_id", "email"]], on="household_id")
    redeemed = sample.redemptions.groupby(["campaign_id", "household_id"], as_index=False).agg(
        redeemed_at=("redeemed_at", "min")
    )
    orders = _orders(sample)[["campaign_id", "household_id", "redeemed_at", "total", "inferred"]].rename(
        columns={"redeemed_at": "converted_at", "total": "conversion_value"}
    )
    rows = contacts.merge(redeemed, on=["campaign_id", "household_id"], how="left").merge(
        orders, on=["campaign_id", "household_id"], how="left"
    )
    ids = [uuid7(moment) for moment in rows["contact_at"]]
    converted = rows["converted_at"].notna()
    return pd.DataFrame(
        {
            "id": ids,
            "created_at": [uuid7_time(send_id) for send_id in ids],
            "household_id": rows["household_id"],
            "customer_id": rows["household_id"].map(customer_ids),
            "campaign_id": rows["campaign_id"].map(campaign_ids),
            "channel": "email",
            "recipient": rows["email"],
            "status": "sent",
            "not_before": rows["contact_at"],
            "contact_at": rows["contact_at"],
            "sent_at": rows["contact_at"],
            "redeemed_at": rows["redeemed_at"],
            "converted_at": rows["converted_at"],
            "conversion_value": rows["conversion_value"].round(2),
            "conversion_inferred": rows["inferred"].where(converted, None),
            "note": "History of the sample data",
        }
    )


def _orders(sample: SampleData) -> pd.DataFrame:
    """Return the redemptions that are orders of this shop's, attributed as live ones are: a basket belongs to one send
    (whose coupons it had most of, then the latest mailing's), and a send has its first basket. With `total` of it."""
    began = sample.campaigns.set_index("campaign_id")["starts_on"]
    totals = sample.purchases.set_index("basket_id")["total"]
    ours = sample.redemptions[sample.redemptions["basket_id"].isin(totals[totals > 0].index)]
    each = ours.assign(total=ours["basket_id"].map(totals), began=ours["campaign_id"].map(began))
    won = each.sort_values(
        ["basket_id", "coupons", "began", "campaign_id"], ascending=[True, False, False, True]
    ).drop_duplicates("basket_id")
    return won.sort_values(["redeemed_at", "basket_id"]).drop_duplicates(["campaign_id", "household_id"])


def _campaigns(sample: SampleData, ids: pd.Series, sends: pd.DataFrame, brand_id: UUID | None) -> pd.DataFrame:
    campaigns = sample.campaigns
    results = (
        sends.groupby("campaign_id")
        .agg(
            sends=("id", "size"),
            redeemed=("redeemed_at", "count"),
            conversions=("converted_at", "count"),
            revenue=("conversion_value", "sum"),
        )
        .reindex(ids.to_numpy())
    )
    started = [_noon(day) for day in campaigns["starts_on"]]
    return pd.DataFrame(
        {
            "id": ids.to_numpy(),
            "name": campaigns["name"],
            "description": [
                f"From the sample data ({kind}): who was targeted, and whose coupons were redeemed, most of them in"
                " baskets with nothing of this shop's, which are no orders here. The baskets are inferred; deliveries,"
                " opens and clicks are not known."
                for kind in campaigns["kind"]
            ],
            "type": "one_time",
            "status": "completed",
            "engine": "manual",
            "brand_id": brand_id,
            "start_date": campaigns["starts_on"],
            "end_date": campaigns["ends_on"],
            "offers_end_on": campaigns["offers_end_on"],
            "offer_categories": campaigns["categories"].map(_array),
            "total_sends": results["sends"].to_numpy(),
            "completed_sends": results["sends"].to_numpy(),
            "redeemed": results["redeemed"].to_numpy(),
            "conversions": results["conversions"].to_numpy(),
            "revenue_generated": results["revenue"].round(2).to_numpy(),
            "is_sample": True,
            "is_history": True,
            "started_at": started,
            "completed_at": [_noon(day) for day in campaigns["ends_on"]],
            "created_at": started,
            "updated_at": started,
        }
    )


def _array(names: list[str]) -> str:
    """Return an array of text as PostgreSQL writes it."""
    return "{" + ",".join(json.dumps(name) for name in names) + "}"


def _purchase_events(bought: pd.DataFrame) -> pd.DataFrame:
    properties = [
        json.dumps({"total": f"{total:.2f}", "store": store, "source": SOURCE})
        for total, store in zip(bought["total"], bought["store"], strict=True)
    ]
    return pd.DataFrame(
        {
            "event_type": "purchase",
            "customer_id": bought["customer_id"],
            "occurred_at": bought["occurred_at"],
            "properties": properties,
        }
    )


def _contact_events(sends: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_type": "email_sent",
            "customer_id": sends["customer_id"],
            "campaign_id": sends["campaign_id"],
            "send_id": sends["id"],
            "occurred_at": sends["sent_at"],
            "properties": json.dumps({"source": SOURCE}),
        }
    )


def _redemption_events(
    sample: SampleData, sends: pd.DataFrame, campaign_ids: pd.Series, purchase_ids: pd.Series
) -> pd.DataFrame:
    """Return an event a redemption: of those that are orders a conversion."""
    redeemed = sample.redemptions.assign(campaign=sample.redemptions["campaign_id"].map(campaign_ids))
    rows = redeemed.merge(
        sends[["id", "campaign_id", "household_id", "customer_id"]],
        left_on=["campaign", "household_id"],
        right_on=["campaign_id", "household_id"],
        suffixes=("_number", ""),
    )
    orders = _orders(sample).set_index(["campaign_id", "household_id", "basket_id"])["total"]
    keys = zip(rows["campaign_id_number"], rows["household_id"], rows["basket_id"], strict=True)
    worth = [orders.get(key) for key in keys]
    properties = [
        json.dumps(
            {"inferred": True, "coupons": coupons, "basket": f"sample-{basket}"}
            | ({} if total is None else {"value": f"{total:.2f}", "purchase_id": str(purchase_ids[f"sample-{basket}"])})
        )
        for total, coupons, basket in zip(worth, rows["coupons"].tolist(), rows["basket_id"].tolist(), strict=True)
    ]
    return pd.DataFrame(
        {
            "event_type": ["redemption" if total is None else "conversion" for total in worth],
            "customer_id": rows["customer_id"],
            "campaign_id": rows["campaign"],
            "send_id": rows["id"],
            "occurred_at": rows["redeemed_at"],
            "properties": properties,
        }
    )
