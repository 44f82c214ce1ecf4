"""Scoring a whole base beside the same of an older clone: one run, turn by turn, the same purchases, engines apart.

    python -m benchmarks scoring_beside --set customers=30000 --set before=/path/to/an/older/clone

The first scoring fits the models, the next ones do not: their difference is what fitting takes. Processor seconds stand
beside the seconds: on a machine with company only those compare.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from benchmarks._clone import Clone, roots, told

_PEOPLE = """
INSERT INTO customers (external_id, created_at)
SELECT 'c' || g, now() - interval '400 days' FROM generate_series(1, {customers}) g
"""
_PURCHASES = """
INSERT INTO purchases (external_id, customer_id, occurred_at, local_hour, total, alcohol_total)
SELECT 'o' || c.external_id || '-' || n, c.id,
       now() - make_interval(secs => 86400 * (1 + (hashtextextended(c.external_id || n, 1) & 1048575) / 2880.0)),
       17, 5 + (hashtextextended(c.external_id || n, 2) & 63), 5 + (hashtextextended(c.external_id || n, 2) & 63)
  FROM customers c CROSS JOIN LATERAL
       generate_series(1, CAST(1 + power((hashtextextended(c.external_id, 3) & 1023) / 1023.0, 3) * {most} AS int)) n
"""
"""Many who bought once or twice, a few who come weekly; the same on both sides, for it goes by hashes."""


async def run(
    customers: int = 10_000, most: int = 40, before: str = "", rounds: int = 2
) -> AsyncIterator[dict[str, object]]:
    """Yield a line for the first scoring, which fits, and one for each of `rounds` that only score.

    Args:
        most: purchases of the busiest customer.
        before: the root of an older clone, absolute (its `.venv` may be ours); left out without one.
    """
    clones = [Clone(name, root) for name, root in roots(before).items()]
    try:
        for clone in clones:
            await clone.__aenter__()
            for statement in (_PEOPLE.format(customers=customers), _PURCHASES.format(most=most), "ANALYZE"):
                await clone.do("sql", statement=statement)
        for turn in range(rounds + 1):
            took = {clone.name: await clone.do("score", fit=not turn) for clone in clones}
            yield {
                "bench": f"scoring_beside.{'only' if turn else 'fitting'}", "customers": customers,
                **told(took, "churn", "value"),
            }  # fmt: skip
            clones.reverse()
    finally:
        for clone in clones:
            await clone.__aexit__()
