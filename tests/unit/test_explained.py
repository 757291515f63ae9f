"""The verdict's reasons in plain words: what was found, what it means, what to do."""

import pytest

from lambdas.domain.evaluation.explained import Explained
from lambdas.domain.evaluation.gate import Evidence, GateDecision, GateSettings, decide
from lambdas.domain.evaluation.significance import Difference

JARGON = ("interval", "95 %", "p-value", "f1", "in 80 %")


def evidence(
    difference: float, interval: tuple[float, float], against: str = "base", tokens: float | None = None, **more: int
) -> Evidence:
    """Evidence on 240 records, of which some are better or worse."""
    above, below = more.get("above", 0), more.get("below", 0)
    found = Difference(difference, interval, 0.5, 4.2, 60, 240, error=1.5, above=above, below=below)
    return Evidence(against, "f1", found, tokens, None, more.get("examples", 0))


def only_reason(given: Evidence, **settings: float) -> Explained:
    """The one reason of a verdict."""
    found = decide(GateSettings.model_validate(settings), [given])
    assert len(found.explained) == len(found.reasons) == 1
    return found.explained[0]


@pytest.mark.parametrize(
    ("given", "settings", "meaning", "advice"),
    [
        (evidence(5, (2, 8)), {}, "more than luck explains: the true gain is at least 2.0", None),
        (evidence(5, (-1, 11)), {}, "from 1.0 points worse to 11.0 points better", "Test on about"),
        (evidence(5, (-1, 11)), {"smallest_gain": 5.0}, "may be luck", "take the two for equally good"),
        (evidence(-5, (-8, -2)), {}, "no gain, and that is not bad luck", "Keep the base model"),
        (evidence(-5, (-8, -2), examples=3), {}, "no gain", "Use the prompt with examples instead"),
        (evidence(5, (2, 8)), {"smallest_gain": 4.0}, "perhaps only by 2.0 points, and you ask for 4", "Test on about"),
        (evidence(5, (2, 8)), {"smallest_gain": 9.0}, "at most 8.0 points, and you ask for 9", "or ask for less"),
    ],
)
def test_each_reason_says_what_it_means_and_what_to_do(
    given: Evidence, settings: dict[str, float], meaning: str, advice: str | None
) -> None:
    """Whoever decides is no statistician; the figures stand beside it for one who is."""
    found = only_reason(given, **settings)
    assert meaning in (found.meaning or "")
    assert (advice is None) == (found.advice is None)
    assert (advice or "") in (found.advice or "")
    assert not [word for word in JARGON if word in f"{found.found} {found.meaning} {found.advice}"]
    assert "95 % interval" in (found.figures or "")


def test_what_was_found_counts_records() -> None:
    """A mean alone hides how many records got worse."""
    found = only_reason(evidence(5, (2, 8), above=40, below=7)).found
    assert found.startswith(
        "The tuned model does better than the base model on 40 of 240 records, the same on 193, worse"
    )
    assert "5.0 points more of 100 on average" in found
    assert only_reason(evidence(-5, (-8, -2), "champion")).found == (
        "The tuned model has 5.0 points less of 100 than the present champion."
    )
    assert "the base model with 3 examples in its prompt" in only_reason(evidence(5, (2, 8), examples=3, above=9)).found


def test_a_limit_and_a_better_untuned_model_are_explained_too() -> None:
    """Each reason of a verdict has its words."""
    settings = GateSettings(max_token_increase_percent=10.0)
    better = evidence(-9, (-12, -6), "other")
    found = decide(settings, [evidence(5, (2, 8), tokens=25.4)], [better])
    limit, other = found.explained[1:]
    assert limit.found == "The tuned model needs 25 % more output tokens than the base model."
    assert "evaluation.gate.max_token_increase_percent" in (limit.advice or "")
    assert "without any tuning" in (other.meaning or "")


def test_a_reason_that_is_added_stands_among_the_explained_ones() -> None:
    """The page shows those alone."""
    found = (
        GateDecision("promote", [], [])
        .qualify("An arm is missing.")
        .qualify("It leaked.", "It may be memory.", "Split.")
    )
    assert found.reasons == ["An arm is missing.", "It leaked. It may be memory. Split."]
    assert [(one.found, one.meaning, one.advice) for one in found.explained] == [
        ("An arm is missing.", None, None),
        ("It leaked.", "It may be memory.", "Split."),
    ]
