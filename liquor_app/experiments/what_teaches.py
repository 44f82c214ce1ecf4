"""What of a campaign says anything of what messages change. SQL for all who read outcomes.

A decision says something where its part of the plan was carried out, whichever arm it is of: whoever was held out of a
Thursday on which nobody was written to was held out of nothing. What counts is told of a campaign's days as a whole,
never of the person, so that it is the same for everybody whose turn was then.
"""

from __future__ import annotations

from liquor_app.actions.eligibility import Reason
from liquor_app.actions.models import ActionStatus, Arm
from liquor_app.compliance.may_send import BlockReason
from liquor_app.core.states import sql_list
from liquor_app.ledger.models import REACHED, UNFINISHED, SendStatus

REAL_CAMPAIGN = "k.started_at IS NOT NULL AND NOT k.is_history AND k.virtual_now IS NULL"
"""A campaign `k` that was begun: not of the imported history, not only played. `carried_days` say what of it counts."""
OWN_DECISION = (
    f"(a.decision ? 'decided' OR (a.skip_reason IS DISTINCT FROM '{Reason.BY_HAND}'"
    " AND NOT a.offer_terms ? 'edited_by'))"
)
"""An action `a` of which is known what was decided. By intention: whom a person took out, or gave another offer, counts
as decided, for whoever was held out of just that decision could not be taken out. Older ones that do not say what was
decided count where no person touched them."""
DECIDED_OFFER = "COALESCE(a.decision -> 'decided' ->> 'offer', a.offer_terms ->> 'name')"
DECIDED_PCT = "COALESCE(a.decision -> 'decided' ->> 'discount_pct', a.offer_terms ->> 'discount_pct', '0')"
DECIDED_DUE = "COALESCE(a.decision -> 'decided' ->> 'due', a.offer_terms -> 'due' ->> 'state')"
DECIDED_P = "CAST(COALESCE(a.decision -> 'decided' ->> 'baseline', a.offer_terms ->> 'baseline', '0') AS numeric)"
"""SQL: offer's name, discount, due-state and baseline as they were decided."""
DECIDED_AT = """
(CAST(a.scheduled_date AS timestamp)
 + CAST(COALESCE(a.send_window ->> 'best', a.send_window ->> 'start', '00:00') AS time)) AT TIME ZONE :zone"""
"""SQL: when an action was to go out, of whoever was held out as of everybody else. Binds `:zone`."""

ON_TIME_DAYS = 2
"""By when a message must have left to count as what was decided: the law's hours and the recipient's clock may hold it
till the morning after. One that waited out a pause of days came when most of its week was over."""
NEAR_DAYS = 7
"""From how far a day that says nothing of itself (nobody but held-out people had their turn, or each was stopped by
their own consent) is told: the last day before that says something, else the next one after."""

_THERE = (*REACHED, SendStatus.COMPLAINED)
_OWN = sorted({*Reason, *BlockReason} - {BlockReason.QUIET_HOURS})
"""Reasons that are a person's own, their like among the held out included; all others are the campaign's."""
_FARED = f"s.status IN {sql_list(*_THERE)}"
LEFT_BY_MAIL = f"({_FARED} AND s.provider IS DISTINCT FROM 'sandbox')"
"""A send `s` that left, by a provider that delivers: the sandbox's reached nobody."""
_WAITS = f"s.status IN {sql_list(*UNFINISHED)} AND s.not_before > CAST(:now AS timestamptz) - interval '1 day'"
_OWN_FATE = f"""
s.status IN {sql_list(SendStatus.FAILED, SendStatus.BOUNCED, SendStatus.UNKNOWN)}
 OR (s.status = '{SendStatus.SKIPPED}' AND s.skip_reason IN {sql_list(*_OWN)})"""


def carried_days(campaigns: str) -> str:
    """Return common table expressions, the last of which, `carried`, has each day of campaigns with decisions that say
    something: `campaign_id`, `day`, and `until` which of its moments.

    A day counts where messages of it left (by a provider that delivers: the sandbox's reached nobody) and no more of
    them were stopped by the campaign itself (paused, cancelled, never launched, out of time or codes); where it was
    stopped within the day, up to the last moment of which any left. Binds `:zone` and `:now`.

    Args:
        campaigns: SQL condition over an action `a` and its campaign `k`.
    """
    return f"""
acted AS MATERIALIZED (
    SELECT a.id, a.campaign_id, a.scheduled_date AS day, {DECIDED_AT} AS at, a.arm <> '{Arm.HOLDOUT}' AS is_written,
           a.status = '{ActionStatus.SKIPPED}' AND a.skip_reason IN {sql_list(*_OWN)} AS is_own
      FROM actions a JOIN campaigns k ON k.id = a.campaign_id WHERE a.arm IS NOT NULL AND {campaigns}
), posted AS MATERIALIZED (  -- read at once: looked up one by one, each would be sought in every month's partition
    SELECT s.campaign_id, s.action_id, s.status, s.provider, s.skip_reason, s.contact_at, s.sent_at, s.not_before
      FROM sends s WHERE s.campaign_id IN (SELECT campaign_id FROM acted)
), fates AS MATERIALIZED (
    SELECT a.campaign_id, a.day, a.at, COALESCE(bool_or({LEFT_BY_MAIL}
               AND COALESCE(s.contact_at, s.sent_at, s.not_before) < a.at + interval '{ON_TIME_DAYS} days'), false)
               AS has_left,
           -- nothing is known yet of what may still go out, and nothing of the campaign from a person's own reason
           a.at > CAST(:now AS timestamptz) - interval '1 day' OR a.is_own
               OR COALESCE(bool_or(({_WAITS}) OR ({_OWN_FATE})), false) AS is_silent
      FROM acted a LEFT JOIN posted s ON s.campaign_id = a.campaign_id AND s.action_id = a.id
     WHERE a.is_written GROUP BY a.id, a.campaign_id, a.day, a.at, a.is_own
), told AS MATERIALIZED (
    SELECT f.campaign_id, f.day, l.last,
           l.last IS NOT NULL
             AND count(*) FILTER (WHERE f.has_left) >= count(*) FILTER (WHERE NOT f.has_left AND f.at <= l.last)
             AS is_carried,
           COALESCE(bool_or(NOT f.has_left AND f.at > l.last), false) AS is_cut
      FROM fates f JOIN (SELECT campaign_id, day, max(at) FILTER (WHERE has_left) AS last FROM fates GROUP BY 1, 2) l
           ON l.campaign_id = f.campaign_id AND l.day = f.day
     WHERE f.has_left OR NOT f.is_silent GROUP BY 1, 2, 3
), carried AS MATERIALIZED (
    SELECT d.campaign_id, d.day, CASE WHEN t.is_cut THEN t.last ELSE 'infinity' END AS until
      FROM (SELECT DISTINCT campaign_id, day FROM acted) d
      LEFT JOIN told t ON t.campaign_id = d.campaign_id AND t.day = d.day
      LEFT JOIN LATERAL (
           SELECT n.is_carried FROM told n
            WHERE t.day IS NULL AND n.campaign_id = d.campaign_id AND abs(n.day - d.day) <= {NEAR_DAYS}
            ORDER BY n.day > d.day, abs(n.day - d.day) LIMIT 1) n ON true
     WHERE COALESCE(t.is_carried, n.is_carried, false)
)"""


OF_CARRIED = "JOIN carried c ON c.campaign_id = d.campaign_id AND c.day = d.scheduled_date AND d.at <= c.until"
"""SQL: joins to a decision `d` the day of what was carried out that it is of, if it is."""
