"""The gate: each verdict with its reason, at the bounds of each rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lambdas.domain.evaluation.gate import Evidence, GateSettings, decide
from lambdas.domain.evaluation.significance import Difference


def evidence(
    difference: float,
    interval: tuple[float, float] | None,
    tokens: float | None = None,
    latency: float | None = None,
    against: str = "base",
    detectable: float | None = 4.2,
) -> Evidence:
    """Evidence with these figures."""
    return Evidence(
        against, "f1", Difference(difference, interval, 0.5, detectable, 60, 240, error=1.5), tokens, latency
    )


@pytest.mark.parametrize(
    ("settings", "given_evidence", "verdict", "reason"),
    [
        ({}, evidence(5, (2, 8)), "promote", "f1 is 5.0 points above base (95 % interval +2.0 to +8.0, 60 groups"),
        ({}, evidence(5, (-1, 11)), "inconclusive", "the interval includes zero. A test set like this one shows a "),
        ({}, evidence(3, (-1, 7)), "inconclusive", "groups, 58 more, would decide in 80 % of cases"),
        ({}, evidence(5, (-1, 11), detectable=None), "inconclusive", "too small to show any gain"),
        ({"smallest_gain": 5.0}, evidence(5, (-1, 11)), "inconclusive", "would not decide on a difference this close"),
        ({}, evidence(0, (0, 0)), "reject", "no gain, which the whole interval says"),
        ({}, evidence(-5, (-8, -2)), "reject", "f1 is 5.0 points below base"),
        ({}, evidence(5, None), "inconclusive", "too few groups of records to say how sure that is"),
        ({"smallest_gain": 2.0}, evidence(5, (2, 8)), "promote", "at least the 2 points asked for"),
        ({"smallest_gain": 2.1}, evidence(5, (2, 8)), "inconclusive", "lower end is below the 2.1 points asked for"),
        ({"smallest_gain": 9.0}, evidence(5, (2, 8)), "reject", "even the interval's upper end is below the 9 points"),
        ({"max_token_increase_percent": 10.0}, evidence(5, (2, 8), tokens=10.0), "promote", "+10.0 % output tokens"),
        ({"max_token_increase_percent": 10.0}, evidence(5, (2, 8), tokens=10.1), "reject", "more than the +10 %"),
        ({"max_token_increase_percent": -20.0}, evidence(5, (2, 8), tokens=-10.0), "reject", "more than the -20 %"),
        ({"max_latency_increase_percent": 0.0}, evidence(5, (2, 8), latency=1.0), "reject", "+1.0 % latency against"),
        ({"max_latency_increase_percent": 0.0}, evidence(5, (2, 8)), "inconclusive", "cannot be checked: no figures"),
    ],
)
def test_each_rule_gives_its_verdict_and_says_why(
    settings: dict[str, Any], given_evidence: Evidence, verdict: str, reason: str
) -> None:
    """People act on the verdict, so the sentence must have the figures it rests on."""
    found = decide(GateSettings(**settings), [given_evidence])
    assert found.verdict == verdict
    assert any(reason in each for each in found.reasons), found.reasons


def test_the_champion_must_be_beaten_as_well_as_the_base() -> None:
    """One rejection rejects; else one open question leaves the verdict open."""
    good, open_, bad = (
        evidence(5, (2, 8)),
        evidence(1, (-2, 4), against="champion"),
        evidence(-5, (-8, -2), against="champion"),
    )
    assert decide(GateSettings(), [good, good]).verdict == "promote"
    assert decide(GateSettings(), [good, open_]).verdict == "inconclusive"
    assert decide(GateSettings(), [open_, bad]).verdict == "reject"
    assert len(decide(GateSettings(), [good, bad]).reasons) == 2


def test_a_limit_that_is_not_set_decides_nothing() -> None:
    """The default gate is about the metric alone."""
    assert decide(GateSettings(), [evidence(5, (2, 8), tokens=400, latency=400)]).verdict == "promote"


@given(st.floats(-100, 100), st.floats(0, 50), st.floats(0, 100))
def test_nothing_is_promoted_that_does_not_gain(difference: float, reach: float, smallest_gain: float) -> None:
    """Whatever the settings: a promoted model is better on the metric by what was asked for."""
    settings = GateSettings(smallest_gain=smallest_gain)
    found = decide(settings, [evidence(difference, (difference - reach, difference + reach))])
    if found.verdict == "promote":
        assert difference - reach > 0
        assert difference - reach >= smallest_gain


@pytest.mark.parametrize(
    "settings", [{"metric": "bleu"}, {"smallest_gain": -1}, {"smallest_gain": "1"}, {"least_gain": 1}]
)
def test_a_wrong_setting_is_refused(settings: dict[str, Any]) -> None:
    """A gate that ignores a misspelt limit would let everything through."""
    with pytest.raises(ValidationError):
        GateSettings(**settings)


def test_no_evidence_is_no_decision() -> None:
    """A gate that nothing was compared at must not say promote."""
    with pytest.raises(ValueError, match="nothing to compare"):
        decide(GateSettings(), [])
