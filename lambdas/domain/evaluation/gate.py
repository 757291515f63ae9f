"""The gate: whether a tuned model may replace what it is compared with, and why."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from lambdas.domain.core.counted import counted
from lambdas.domain.evaluation.explained import Explained, Rated, explain_gain, explain_limit, explain_other
from lambdas.domain.evaluation.significance import LARGEST, Difference, groups_to_decide

Verdict = Literal["promote", "reject", "inconclusive"]
# What judges decide; every other metric compares with references.
WIN_RATE: Literal["win_rate"] = "win_rate"
_STRICTNESS: tuple[Verdict, ...] = ("promote", "inconclusive", "reject")
Metric = Literal[
    "primary",
    "f1",
    "exact_match",
    "rouge_l",
    "numeric_match",
    "mixed_match",
    "code_match",
    "choice_match",
    "label_match",
    "macro_f1",
    "json_fields",
    "call_match",
    "call_name",
    "call_arguments",
    "json_match",
    "schema_match",
    "win_rate",
]


class GateSettings(BaseModel):
    """What a model must show; `metric` "primary" is the one of the task's kind. Gains are in points of 0-100.

    With "win_rate" the judges decide, and the gain is the tuned model's win rate less its base's (`win_rate.py`).
    The gain is one of content (`metrics/content.py`), unless `form_counts` says that their form is wanted, too. The
    limits bound how much more output tokens (mean) and latency (median) the tuned model may need; null sets none.
    `interval_must_exclude_zero` is true; the key is kept for files that have it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    metric: Metric = "primary"
    form_counts: bool = False
    smallest_gain: float = Field(default=0.0, ge=0, le=100)
    # Reports of earlier versions may have false, which no run.json may say any more (gate_findings).
    interval_must_exclude_zero: bool = Field(default=True, json_schema_extra={"const": True})
    max_token_increase_percent: float | None = Field(default=None, ge=-100)
    max_latency_increase_percent: float | None = Field(default=None, ge=-100)


class Evidence(NamedTuple):
    """What is known of the tuned arm against one other; the percentages are how much more it needs, null if unknown.

    With `examples` the other arm is the base model that was shown so many of them.
    """

    against: str
    metric: str
    gain: Difference
    token_increase_percent: float | None
    latency_increase_percent: float | None
    examples: int = 0

    @property
    def rated(self) -> Rated:
        """What its plain words are made of."""
        return Rated(self.against, self.examples, self.gain)


class GateDecision(NamedTuple):
    """A verdict with its reasons, each a sentence, and each in plain words."""

    verdict: Verdict
    reasons: list[str]
    explained: list[Explained]

    def qualify(
        self, reason: str, meaning: str | None = None, advice: str | None = None, *, promotable: bool = False
    ) -> "GateDecision":
        """The decision with one more reason, what it means, and what to do; it promotes nothing unless `promotable`."""
        held_back = self.verdict == "promote" and not promotable
        return GateDecision(
            "inconclusive" if held_back else self.verdict,
            [*self.reasons, " ".join(filter(None, (reason, meaning, advice)))],
            [*self.explained, Explained(found=reason, meaning=meaning, advice=advice)],
        )


class _Judged(NamedTuple):
    """The verdict on one piece of evidence, its reason as a sentence, and in plain words."""

    verdict: Verdict
    reason: str
    explained: Explained


def decide(settings: GateSettings, evidence: Sequence[Evidence], others: Sequence[Evidence] = ()) -> GateDecision:
    """The verdict on the tuned model.

    Each arm of the evidence must be beaten: one rejection rejects, else one open question leaves all inconclusive.
    - reject: even the interval's upper end is below zero or the smallest gain, or a limit is exceeded.
    - inconclusive: the interval has enough and too little of a gain in it; or there is no figure for a limit that is
      set.
    - promote: all else, so that even the interval's lower end is a gain, and as large as asked for.
    `others` are further untuned models: one that is better than the tuned model leaves open what would be promoted.
    Raises ValueError without evidence.
    """
    if not evidence:
        raise ValueError("There is nothing to compare the tuned model with.")
    judged = [one for each in evidence for one in (_judge_gain(settings, each), *_judge_limits(settings, each))]
    judged += [_judge_other(each) for each in others if each.gain.difference < 0]
    verdict = max((one.verdict for one in judged), key=_STRICTNESS.index)
    return GateDecision(verdict, [one.reason for one in judged], [one.explained for one in judged])


def _judge_other(evidence: Evidence) -> _Judged:
    reason = f"{evidence.against} does better without tuning: {_state_gain(evidence)}."
    return _Judged("inconclusive", reason, explain_other(evidence.rated, reason))


def _judge_gain(settings: GateSettings, evidence: Evidence) -> _Judged:
    """The verdict on the metric."""
    least = settings.smallest_gain
    needed = groups_to_decide(evidence.gain, least)
    verdict, reason = _decide_gain(least, evidence, needed)
    return _Judged(verdict, reason, explain_gain(evidence.rated, least, needed, reason))


def _decide_gain(least: float, evidence: Evidence, needed: int | None) -> tuple[Verdict, str]:
    gain = evidence.gain
    stated = _state_gain(evidence)
    if evidence.examples and gain.difference < 0:
        stated = f"A prompt with {counted(evidence.examples, 'example')} does better than tuning: {stated}"
    if gain.interval is None:
        return "inconclusive", f"{stated}: {gain.withheld or 'too few groups of records to say how sure that is'}."
    low, high = gain.interval
    if high <= 0:
        return "reject", f"{stated}: no gain, which the whole interval says."
    if high < least:
        return "reject", f"{stated}: even the interval's upper end is below the {least:g} points asked for."
    if low <= 0:
        return "inconclusive", f"{stated}: the interval includes zero. {_state_power(gain, least, needed)}"
    if low < least:
        return "inconclusive", (
            f"{stated}: the interval's lower end is below the {least:g} points asked for. "
            f"{_state_power(gain, least, needed)}"
        )
    return "promote", f"{stated}: even the interval's lower end is a gain, and at least the {least:g} points asked for."


def _state_power(gain: Difference, least: float, needed: int | None) -> str:
    """What this test set could show, and how many groups would decide."""
    could = "This test set is too small to show any gain."
    if gain.detectable is not None and gain.detectable <= LARGEST:
        could = f"A test set like this one shows a true gain of {gain.detectable:.1f} points in 80 % of cases."
    if needed is None:
        return f"{could} More groups would not decide on a difference this close to {least:g} points."
    return (
        f"{could} If the difference stays as it is, {needed:,} groups, {needed - gain.groups:,} more, would decide in "
        "80 % of cases."
    )


def _state_gain(evidence: Evidence) -> str:
    gain = evidence.gain
    direction = "above" if gain.difference >= 0 else "below"
    certainty = f"{counted(gain.groups, 'group')}, {counted(gain.records, 'record')}"
    if gain.interval:
        certainty = f"95 % interval {gain.interval[0]:+.1f} to {gain.interval[1]:+.1f}, {certainty}"
    return f"{evidence.metric} is {abs(gain.difference):.1f} points {direction} {evidence.against} ({certainty})"


def _judge_limits(settings: GateSettings, evidence: Evidence) -> list[_Judged]:
    """The verdicts on the limits that are set."""
    tokens, latency = settings.max_token_increase_percent, settings.max_latency_increase_percent
    limits = (
        ("output tokens", "max_token_increase_percent", tokens, evidence.token_increase_percent),
        ("latency", "max_latency_increase_percent", latency, evidence.latency_increase_percent),
    )
    if evidence.examples:
        # The limits are on what the base needs as it is.
        return []
    judged = []
    for name, key, most, extra in limits:
        if most is not None:
            verdict, reason = _decide_limit(name, most, extra, evidence.against)
            judged.append(_Judged(verdict, reason, explain_limit(name, key, most, extra, evidence.rated, reason)))
    return judged


def _decide_limit(name: str, most: float, extra: float | None, against: str) -> tuple[Verdict, str]:
    if extra is None:
        return "inconclusive", f"The limit of {most:+g} % {name} against {against} cannot be checked: no figures."
    comparison = f"{extra:+.1f} % {name} against {against}"
    if extra > most:
        return "reject", f"{comparison}: more than the {most:+g} % allowed."
    return "promote", f"{comparison}: within the {most:+g} % allowed."
