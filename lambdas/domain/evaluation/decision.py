"""The run's decision: the gate's verdict on all evidence that was paid for, with what else speaks against it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from pydantic import Field

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.statistics import percentile
from lambdas.domain.dataset.told_answers import Untold
from lambdas.domain.evaluation.answer_figures import drop_unknown
from lambdas.domain.evaluation.arms import BASE, TUNED, Arm
from lambdas.domain.evaluation.champion import ChampionComparison, ComparedChampion, UnreadableChampion
from lambdas.domain.evaluation.comparisons import CONTENT, ScoredArm, find_difference
from lambdas.domain.evaluation.explained import Explained
from lambdas.domain.evaluation.gate import WIN_RATE, Evidence, GateDecision, GateSettings, Verdict, decide
from lambdas.domain.evaluation.lost_answers import (
    Reservation,
    tell_empty_and_refused,
    tell_lost_answers,
    tell_unfinished,
)
from lambdas.domain.evaluation.significance import Difference

_WIN_RATE_NAME = "the win rate by the judges, with ties as halves,"


class GainSplit(Fact):
    """The tuned model's gain on the gate's metric, in points: `gain` = `content` + `form`.

    `content` is the gain where both are read leniently (`metrics/content.py`); `form` is the rest.
    """

    against: str
    gain: float
    content: float
    form: float


class Decision(Fact):
    """The gate's verdict with its reasons and with what it was asked for; `explained` has each reason in plain words.

    Earlier versions wrote no `split` and no `explained`.
    """

    verdict: Verdict
    reasons: list[str]
    metric: str
    gate: GateSettings
    champion: ComparedChampion | UnreadableChampion | None
    split: GainSplit | None = None
    explained: list[Explained] = Field(default=[])

    @property
    def looked_at(self) -> str:
        """The metric that decided: content, unless judges decide or form counts."""
        return self.metric if self.metric == WIN_RATE or self.gate.form_counts else CONTENT

    @property
    def told(self) -> list[Explained]:
        """The reasons in plain words, or as they are where there are none."""
        return self.explained or [Explained(found=reason) for reason in self.reasons]


class Rival(NamedTuple):
    """An arm that is evidence on the tuned model: both answers' scores on the same records, and their groups.

    `examples` are those that the base was shown.
    """

    name: str
    ours: ScoredArm
    theirs: ScoredArm
    groups: Sequence[int]
    examples: int = 0


def find_rivals(
    scored: Mapping[str, ScoredArm], arms: Mapping[str, Arm], groups: Sequence[int]
) -> tuple[list[Rival], list[Rival]]:
    """The arms of the base model, with examples and without, and those of further untuned models."""
    base = arms[BASE].model_id
    rivals = [
        Rival(name, scored[TUNED], theirs, groups, arms[name].few_shot)
        for name, theirs in scored.items()
        if arms[name].model_id is not None
    ]
    of_base = [rival for rival in rivals if arms[rival.name].model_id == base]
    return of_base, [rival for rival in rivals if arms[rival.name].model_id != base]


def decide_on(
    gate: GateSettings,
    metric: str,
    to_beat: Sequence[Rival],
    others: Sequence[Rival],
    reservations: Iterable[Reservation],
    champion: ChampionComparison | None,
    untold: Untold | None = None,
    win_rate: Difference | None = None,
) -> Decision:
    """The gate's verdict; nothing is promoted without a comparison that it asks for, or against a reservation.

    Where the gate asks for the win rate, `win_rate` is the evidence against the base, and `metric` that against all
    others, which no judge has compared.
    """
    looked_at, by_judges = metric if gate.form_counts else CONTENT, gate.metric == WIN_RATE
    found = [
        state_evidence(rival, _WIN_RATE_NAME, win_rate)
        if by_judges and rival.name == BASE
        else find_evidence(rival, looked_at)
        for rival in to_beat
    ]
    evidence = [one for one in found if one is not None]
    further = [one for rival in others if (one := find_evidence(rival, looked_at))]
    made = decide(gate, evidence, further) if evidence else GateDecision("inconclusive", [], [])
    if by_judges and win_rate is None:
        made = made.qualify("No judge has compared the tuned model with its base: there is no win rate.")
    elif len(evidence) < len(to_beat):
        made = made.qualify(
            f"The metric {metric} has no meaning for these references.",
            advice="Choose another (evaluation.gate.metric).",
        )
    split, form_is_worse = (None, False) if by_judges else _split_gain(to_beat, metric)
    if form_is_worse and not gate.form_counts:
        made = made.qualify(
            f"{metric} itself is below the base's.",
            "The tuned model's answers have a form that a program may not read.",
            "Train on answers in the form that your program reads.",
        )
    if untold:
        shown = next((rival.name for rival in to_beat if rival.examples), None)
        reservations = [
            *reservations,
            _tell_untold(untold, shown, promotable=shown is not None or gate.form_counts),
        ]
        split = split if shown or split is None else _all_of_form(split)
    for reservation in reservations:
        made = made.qualify(
            reservation.reason, reservation.meaning, reservation.advice, promotable=reservation.promotable
        )
    if champion is not None:
        made = made.qualify(champion.explain(), promotable=champion.allows_promotion)
    return Decision(
        verdict=made.verdict,
        reasons=made.reasons,
        metric=WIN_RATE if by_judges else metric,
        gate=gate,
        champion=champion.describe() if champion else None,
        split=split,
        explained=made.explained,
    )


def _split_gain(rivals: Sequence[Rival], metric: str) -> tuple[GainSplit | None, bool]:
    """The gain over the base, and whether the metric surely fell and form has a part in it; None without a base."""
    base = next((rival for rival in rivals if rival.name == BASE), None)
    if base is None:
        return None, False
    strict = find_difference(base.ours, base.theirs, metric, base.groups)
    content = find_difference(base.ours, base.theirs, CONTENT, base.groups)
    if strict is None or content is None:
        return None, False
    gain, of_content = strict.difference, content.difference
    split = GainSplit(against=BASE, gain=gain, content=of_content, form=gain - of_content)
    return split, split.form < 0 and strict.interval is not None and strict.interval[1] < 0


def _all_of_form(split: GainSplit) -> GainSplit:
    """A gain over a base that could not know what to answer."""
    content = min(split.content, 0.0)
    return split.model_copy(update={"content": content, "form": split.gain - content})


def find_reservations(
    scored: Mapping[str, ScoredArm],
    arms: Mapping[str, Arm],
    missing: Mapping[str, str],
    leaked: int,
) -> list[Reservation]:
    """What else speaks against a verdict: arms that are missing, answers that are, and records that leaked."""
    found = [_tell_missing(arm, reason, arms) for arm, reason in missing.items()]
    figures = {name: one.figures for name, one in scored.items()}
    found += tell_lost_answers(figures)
    found += tell_empty_and_refused(figures)
    found += tell_unfinished(figures)
    if leaked:
        found.append(
            Reservation(
                f"{leaked} of the test records share their prompt or context with training.",
                promotable=False,
                meaning="A gain on those may be memory.",
                advice="Give a test set without them, or none, so that one is split off.",
            )
        )
    return found


def _tell_missing(arm: str, reason: str, arms: Mapping[str, Arm]) -> Reservation:
    """What the verdict says of an arm without enough answers; the base with examples must be beaten as the base is."""
    reason = f"The arm {arm} is missing: {reason}"
    if arm == BASE:
        return Reservation(reason, promotable=False, meaning="There is no base to compare with.")
    if arms[arm].model_id == arms[BASE].model_id:
        meaning = "A prompt with examples may do as well as tuning."
        return Reservation(reason, promotable=False, meaning=meaning, advice="Correct the cause, and run again.")
    return Reservation(reason, promotable=True, meaning="It is compared with nothing.")


def _tell_untold(untold: Untold, examples: str | None, *, promotable: bool) -> Reservation:
    """What the verdict says where the base could not know what its answers should consist of.

    `examples` is the arm of the base that was shown some.
    """
    reason = f"No prompt names the {untold} of the references."
    if examples:
        return Reservation(reason, promotable, meaning=f"{examples} was shown examples, which do.")
    return Reservation(
        reason,
        promotable,
        meaning="The base cannot know them, and a gain over it is one of form.",
        advice="Name them in the system text (system in run.json for records without one), or have the base shown "
        "examples (evaluation.few_shot), and run again.",
    )


def find_evidence(rival: Rival, metric: str) -> Evidence | None:
    """None where the metric has no meaning for any record."""
    gain = find_difference(rival.ours, rival.theirs, metric, rival.groups)
    return state_evidence(
        rival, f"{CONTENT} ({rival.ours.scoring.metric}, read leniently)" if metric == CONTENT else metric, gain
    )


def state_evidence(rival: Rival, name: str, gain: Difference | None) -> Evidence | None:
    """A gain with how much more the tuned model needs; None without a gain."""
    if gain is None:
        return None
    own, other = rival.ours.figures, rival.theirs.figures
    return Evidence(
        rival.name,
        name,
        gain,
        increase_percent(drop_unknown(own.output_tokens), drop_unknown(other.output_tokens), fmean),
        increase_percent(drop_unknown(own.latency_ms), drop_unknown(other.latency_ms), _median),
        rival.examples,
    )


def _median(values: Sequence[float]) -> float | None:
    return percentile(values, 50)


def increase_percent(
    ours: Sequence[float], theirs: Sequence[float], summary: Callable[[Sequence[float]], float | None]
) -> float | None:
    """How much more a summary of ours is than of theirs; null without figures, or where theirs is zero."""
    own, other = (summary(values) if values else None for values in (ours, theirs))
    return None if own is None or not other else 100 * (own / other - 1)
