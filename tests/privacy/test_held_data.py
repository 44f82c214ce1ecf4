"""Every table says what it holds of a person, or why it holds nothing."""

from __future__ import annotations

import re

from liquor_app.privacy.held_data import MENTIONS, PERSONAL
from liquor_app.schema import SLICES, metadata

NOBODYS = {
    "accounts of the shop's own people, who are no customers": """
        access_links access_rules api_key_months api_keys browser_sessions notices_seen passkeys refresh_tokens
        review_subscriptions setup_codes sign_in_attempts totp_secrets users
    """,
    "the shop's own words, settings and keys": """
        ab_tests brands campaign_pools campaigns cell_rules channels compliance_rules coupon_pools custom_fields
        drop_sources guidance_versions message_templates sealed_secrets segments sender_checks settings sign_up_pages
        sign_up_wordings tags template_versions tracked_links webhook_endpoints
    """,
    "what the shop sells": "product_images product_labels products",
    "figures of many": """
        base_months cohort_months cohorts goods_months rfm_moves send_hours
        campaign_views daily_messages daily_offers daily_sales decision_counts experiment_arms experiments
        global_holdouts model_versions outcome_sums recounts scoring_standards sender_days sign_up_days uplift_models
    """,
    "ids of messages, profiles and orders alone": """
        send_keys short_links touched_customers voided_orders webhook_deliveries webhook_events
    """,
    "a draw of bottles, without who is on its list": "allocations",
    "keyed hashes of whom there is nothing else any more": "erased_keys erasures sign_up_refusals",
}
"""Why tables say nothing. A new one says what it holds in its slice's `PERSONAL`, or has its place here."""


def test_every_table_says_what_it_holds_or_why_nothing() -> None:
    nobodys = [table for tables in NOBODYS.values() for table in tables.split()]
    told = [one.table for one in PERSONAL]
    assert len(set(nobodys)) == len(nobodys)
    assert len(set(told)) == len(told)
    assert set(nobodys) & set(told) == set()
    assert set(nobodys) | set(told) == set(metadata.tables)


def test_what_slices_say_is_all_heard() -> None:
    said = [one for module in SLICES for one in getattr(module, "PERSONAL", ())]
    assert {one.table for one in said} == {one.table for one in PERSONAL}
    assert {one for module in SLICES for one in getattr(module, "MENTIONS", ())} == set(MENTIONS)


NAMES_NOBODY = {
    "accounts of the shop's own people, who are no customers": """
        access_links access_rules api_key_months browser_sessions notices_seen passkeys refresh_tokens
        review_subscriptions setup_codes sign_in_attempts totp_secrets users
    """,
    "ids, kinds, codes, figures and keys of ours": """
        base_months campaign_pools campaign_views channels cohort_months cohorts daily_messages daily_offers daily_sales
        erased_keys erasures experiment_arms global_holdouts goods_months model_versions product_images product_labels
        recounts rfm_moves scoring_standards sealed_secrets send_hours send_keys sender_checks sender_days short_links
        sign_up_days sign_up_refusals touched_customers uplift_models webhook_deliveries webhook_events
    """,
    "the shop's own rules and wordings, which are evidence of what was in force": """
        compliance_rules drop_sources settings sign_up_pages sign_up_wordings
    """,
}


def test_every_table_of_the_shops_own_words_is_looked_through_or_says_why_not() -> None:
    nobodys = {table for tables in NOBODYS.values() for table in tables.split()}
    silent = {table for tables in NAMES_NOBODY.values() for table in tables.split()}
    assert silent <= nobodys
    assert nobodys - silent <= {one.table for one in MENTIONS}, "say in MENTIONS where it may name a customer"


def test_what_is_not_scrubbed_unasked_has_a_page() -> None:
    assert [one.table for one in MENTIONS if not one.scrub and not one.link] == []


def test_what_refers_to_a_customer_is_never_nobodys() -> None:
    nobodys = {table for tables in NOBODYS.values() for table in tables.split()}
    refer = {
        table.name
        for table in metadata.sorted_tables
        if any(key.column.table.name == "customers" for key in table.foreign_keys)
    }
    assert refer & nobodys == set()


def test_what_stays_says_why() -> None:
    """A row that is deleted needs no reason; one that is scrubbed or left has one."""
    silent = [one.table for one in PERSONAL if not one.scrub.startswith("DELETE") and not one.why]
    assert silent == [], "say why its rows stay"


WORDS = ("Text", "LargeBinary", "ARRAY", "JSON", "JSONB", "Date")
STAYS = {
    "purchases": "currency store register source",
    "purchase_lines": "sku category brand",
    "age_ledger": "method",
    "actions": "segment_slug channel offer_terms template_category scheduled_date send_window channels skip_reason"
    " policy",
    "exclusions": "reason",
    "plan_edits": "kind actor_name",
    "plans": "constraints summary fingerprint",
    "plan_choices": "status scheduled_date skip_reason drawn",
    "coupons": "pool",
    "played_outcomes": "segment channel offer due",
    "trigger_firings": "outcome",
    "sends": "variant provider provider_message_id skip_reason error_code",
    "webhook_receipts": "provider event_id kind",
    "service_messages": "kind channel status provider provider_message_id",
    "analytics_events": "event_type",
    "imports": "kind file_key policy reasons notes undo",
    "import_rejects": "code field",
    "import_warnings": "field",
    "drop_files": "name mark",
    "allocation_entries": "person ticket decided_by",
    "idempotency_keys": "actor key request_hash",
    "jobs": "dedupe_key",
    "audit_log": "actor_kind actor_name action entity ip via fields changes",
}
"""Columns that may hold words, of rows that stay, and that are not scrubbed: our own words, the shop's, and names of
things. Those of the audit log are the database's (`audit_log_scrub`)."""


def test_every_column_that_may_hold_words_is_scrubbed_or_named_here() -> None:
    kept = {}
    for one in PERSONAL:
        if one.scrub.startswith("DELETE"):
            continue
        columns = [c.name for c in metadata.tables[one.table].columns if type(c.type).__name__ in WORDS]
        left = [name for name in columns if not re.search(rf"\b{name} = ", one.scrub)]
        if left:
            kept[one.table] = " ".join(left)
    assert kept == STAYS
