"""The smallest effect a campaign could detect, against campaigns that were drawn."""

from __future__ import annotations

import numpy as np
import pytest

from liquor_app.experiments.power import detectable, people_for, share_for


def test_an_effect_of_that_size_is_found_four_times_in_five() -> None:
    people, share, rate = 6000, 0.2, 0.15
    effect = detectable(people, share, rate)
    assert effect is not None
    rng = np.random.default_rng(0)
    held = int(people * share)
    treated, control = (rng.binomial(n, p, 6000) / n for n, p in ((people - held, rate + effect), (held, rate)))
    error = np.sqrt(treated * (1 - treated) / (people - held) + control * (1 - control) / held)
    assert np.mean(np.abs(treated - control) / error > 1.96) == pytest.approx(0.8, abs=0.03)


def test_the_share_for_an_effect_detects_it_and_no_smaller_share_does() -> None:
    share = share_for(0.02, 20_000, 0.2, 0.3)
    assert share is not None
    assert detectable(20_000, share, 0.2, 0.3) == pytest.approx(0.02)
    assert (detectable(20_000, share * 0.9, 0.2, 0.3) or 0) > 0.02


def test_so_many_people_detect_an_effect_and_no_fewer_do() -> None:
    people = people_for(0.02, 0.1, 0.2, 0.3)
    assert people is not None
    assert (detectable(people, 0.1, 0.2, 0.3) or 1) <= 0.02
    assert (detectable(people - 1, 0.1, 0.2, 0.3) or 0) > 0.02


def test_what_cannot_be_is_none() -> None:
    assert people_for(0.02, 0.0, 0.2) is people_for(0.0, 0.1, 0.2) is None
    assert detectable(1, 0.1, 0.2) is None
    assert detectable(100, 0.0, 0.2) is None
    assert share_for(0.001, 500, 0.2) is None
    assert share_for(0.0, 500, 0.2) is None
