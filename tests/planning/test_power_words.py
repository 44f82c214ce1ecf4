"""What a plan says its holdout can show."""

from __future__ import annotations

from liquor_app.planning.reasoning.plan_reasoning import power_words


def test_the_smallest_effect_and_the_share_for_a_wanted_one_are_said() -> None:
    told = power_words({"people": 793, "rate": 0.1, "detectable": 0.0994, "wanted": 0.02, "share": None})
    assert "person by person, would show an effect of 9.9 buyers in a hundred people or more" in told
    assert told.endswith("to see 2 takes more people."), "of a plan made before the number was kept"
    power = {"people": 793, "rate": 0.1, "detectable": 0.0994, "wanted": 0.02, "share": None}
    told = power_words({**power, "needed": 19_600})
    assert told.endswith("to see 2 takes 19,600 people, 25 such campaigns together.")
    large = power_words({"people": 30_000, "rate": 0.1, "detectable": 0.018, "wanted": 0.02, "share": 0.064})
    assert large.endswith("to see 2 hold out 6%.")


def test_without_a_holdout_nothing_is_promised() -> None:
    assert power_words(None) == ""
    assert power_words({"people": 5, "rate": 0.1, "detectable": None, "wanted": 0.02, "share": 0.1}) == ""


def test_of_too_few_no_figure_is_said() -> None:
    """ "86.7 buyers in a hundred; to see 2 takes 1,881 such campaigns together", of two held out."""
    few = {"people": 20, "rate": 0.1, "detectable": None, "wanted": 0.02, "share": None, "needed": 37_000}
    told = power_words({**few, "too_few": "Too few held out to say"})
    assert told == " Too few held out to say what the messages change: at least 30 are needed in either group."
