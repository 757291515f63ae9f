"""What judgements add up to: each judge's wins and losses, and how far judges and people agree."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType

from pydantic import Field

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.judging.agreement import Interval, cohens_kappa, kappa_interval, wilson_interval
from lambdas.domain.evaluation.judging.bias import (
    LengthFigures,
    Position,
    find_length_figures,
    find_position,
    same_family,
)
from lambdas.domain.evaluation.judging.lines import JudgedLine, UnjudgedLine, select_judgements
from lambdas.domain.evaluation.judging.pairwise import (
    JUDGE_SETTINGS,
    ORDERS,
    PROMPT,
    Judgements,
    Pair,
    Preference,
    combine,
    needs_no_judge,
    prompt_checksum,
)
from lambdas.domain.evaluation.judging.reading import Judgement
from lambdas.domain.models.families import family


class JudgeSummary(Fact):
    """What a judge's judgements add up to.

    `pairs` counts those that needed no judge, too; they are ties. `win_rate` is wins in per cent of wins and losses, as
    AWS's blog on synthetic data counts it, and `interval` its 95 % Wilson interval; both null without wins and losses.
    `win_rate_with_ties` is wins and half of the ties in per cent of all pairs that were read; inconsistent ones are
    ties there. `unanswered` is for how many pairs an order has no answer, `error` the commonest reason; `asked_again`
    counts the answers that could not be read at once. The tokens are those of all of the judge's answers; those of a
    batch job, which cost less, stand once more by themselves. `sent` are the parameters of inference that the judge was
    asked with.
    """

    model_id: str
    pairs: int
    wins: int
    losses: int
    ties: int
    inconsistent: int
    unparseable: int
    win_rate: float | None
    interval: Interval | None
    position: Position
    unanswered: int
    error: str | None
    input_tokens: int
    output_tokens: int
    win_rate_with_ties: float | None = None
    asked_again: int = 0
    family: str | None = None
    length: LengthFigures | None = None
    sent: dict[str, int | float] | None = None
    batch_input_tokens: int = Field(default=0, exclude_if=lambda tokens: not tokens)
    batch_output_tokens: int = Field(default=0, exclude_if=lambda tokens: not tokens)


class ReviewerSummary(Fact):
    """What a person's votes add up to, as a judge's; `preferences` has each by its record's index."""

    reviewer: str
    pairs: int
    wins: int
    losses: int
    ties: int
    win_rate: float | None
    interval: Interval | None
    preferences: dict[str, Preference]
    win_rate_with_ties: float | None = None


class Agreement(Fact):
    """How often two raters prefer the same, in per cent of the pairs that both rated; null where it is not defined.

    `kappa_interval` is kappa's 95 % interval.
    """

    raters: tuple[str, str]
    pairs: int
    agreement: float | None
    kappa: float | None
    kappa_interval: Interval | None = None


class JudgedPair(Fact):
    """A pair's record, whether its two answers are the same, and each judge's preference."""

    index: int
    identical: bool
    preferences: dict[str, Preference]


class PromptVersion(Fact):
    """The prompt that judges were asked with."""

    name: str
    sha256: str


class Judging(Fact):
    """The report's `judging`; `kappa` is the mean over all two judges, `warnings` say what makes a judge doubtful."""

    judges: list[JudgeSummary]
    kappa: float | None
    agreements: list[Agreement]
    pairs: list[JudgedPair]
    people: list[ReviewerSummary]
    prompt: PromptVersion | None
    warnings: list[str] = Field(default=[])


def describe_prompt() -> PromptVersion:
    """The prompt of this version of the package."""
    return PromptVersion(name=PROMPT, sha256=prompt_checksum())


def summarise_judging(
    pairs: Sequence[Pair],
    judges: Mapping[str, Sequence[JudgedLine]],
    models: Mapping[str, str] = MappingProxyType({}),
) -> Judging:
    """The report's `judging`, before people vote.

    `judges` has each judge's stored lines, `models` the model of each arm, of the tuned one that it was tuned from.
    """
    identical = {pair.index for pair in pairs if needs_no_judge(pair)}
    judgements = {judge: find_judgements(lines) for judge, lines in judges.items()}
    preferred = {judge: find_preferences(found) for judge, found in judgements.items()}
    agreed = find_agreements(preferred)
    summaries = [
        summarise_judge(judge, lines, len(pairs), len(identical)).model_copy(
            update={"length": find_length_figures(pairs, preferred[judge])}
        )
        for judge, lines in judges.items()
    ]
    return Judging(
        judges=summaries,
        kappa=mean_kappa(agreed),
        agreements=agreed,
        pairs=[
            JudgedPair(
                index=pair.index,
                identical=pair.index in identical,
                preferences={judge: found[pair.index] for judge, found in preferred.items() if pair.index in found},
            )
            for pair in pairs
        ],
        people=[],
        prompt=describe_prompt() if judges else None,
        warnings=[warning for judge in summaries for warning in _warn(judge, same_family(judge.model_id, models))],
    )


def _warn(judge: JudgeSummary, related: Sequence[str]) -> Iterable[str]:
    """What makes a judge's verdicts doubtful; `related` are the arms of its own family."""
    if related:
        yield (
            f"The judge {judge.model_id} is a {judge.family} model, as those of {', '.join(related)} are. Models "
            "prefer what their own family writes: ask a judge of another family as well."
        )
    place = judge.position
    if place.is_biased:
        preferred = "first" if place.pairs_to_first > place.pairs_to_second else "second"
        yield (
            f"The judge {judge.model_id} prefers the {preferred} answer, whichever it is: "
            f"{counted(place.pairs_to_first, 'pair')} "
            f"to the first place and {place.pairs_to_second} to the second (p = {place.p_value:.2g}). Only "
            "verdicts that are the same in both orders count: this favours no model, but fewer pairs are decided."
        )
    if judge.unparseable:
        yield (
            f"{judge.unparseable} of the pairs have an answer of the judge {judge.model_id} that could not be read, "
            "though it was asked again: they count for nobody."
        )


def summarise_judge(model_id: str, lines: Sequence[JudgedLine], pairs: int, identical: int = 0) -> JudgeSummary:
    """What a judge's lines on `pairs` pairs add up to; `identical` of them were ties that nobody was asked about."""
    judgements, answers = find_judgements(lines), select_judgements(lines)
    outcomes = Counter(combine(*both) for both in judgements.values())
    errors = Counter(line.error for line in lines if isinstance(line, UnjudgedLine))
    wins, losses = outcomes["win"], outcomes["loss"]
    return JudgeSummary(
        model_id=model_id,
        pairs=len(judgements) + identical,
        wins=wins,
        losses=losses,
        ties=outcomes["tie"] + identical,
        inconsistent=outcomes["inconsistent"],
        unparseable=outcomes["unparseable"],
        win_rate=find_win_rate(wins, losses),
        interval=wilson_interval(wins, wins + losses),
        position=find_position(judgements.values()),
        unanswered=pairs - identical - len(judgements),
        error=errors.most_common(1)[0][0] if errors else None,
        input_tokens=sum(line.input_tokens for line in answers),
        output_tokens=sum(line.output_tokens for line in answers),
        win_rate_with_ties=find_rate_with_ties(wins, losses, outcomes["tie"] + outcomes["inconsistent"] + identical),
        asked_again=sum(line.asked_again for line in answers),
        family=family(model_id),
        sent=JUDGE_SETTINGS.without({name for line in answers for name in line.left_out}).sent() if answers else None,
        batch_input_tokens=sum(line.batch_input_tokens for line in answers),
        batch_output_tokens=sum(line.batch_output_tokens for line in answers),
    )


def summarise_votes(reviewer: str, preferences: Mapping[int, Preference]) -> ReviewerSummary:
    """What a person's votes add up to; a rate leaves ties out."""
    given = Counter(preferences.values())
    wins, losses = given["win"], given["loss"]
    return ReviewerSummary(
        reviewer=reviewer,
        pairs=len(preferences),
        wins=wins,
        losses=losses,
        ties=given["neither"],
        win_rate=find_win_rate(wins, losses),
        interval=wilson_interval(wins, wins + losses),
        preferences={str(index): preference for index, preference in preferences.items()},
        win_rate_with_ties=find_rate_with_ties(wins, losses, given["neither"]),
    )


def find_win_rate(wins: int, losses: int) -> float | None:
    """Wins in per cent of wins and losses; null without any."""
    return 100.0 * wins / (wins + losses) if wins + losses else None


def find_rate_with_ties(wins: int, losses: int, ties: int) -> float | None:
    """Wins and half of the ties in per cent of all; null without any."""
    return 100.0 * (wins + ties / 2) / (wins + losses + ties) if wins + losses + ties else None


def find_judgements(lines: Sequence[JudgedLine]) -> dict[int, Judgements]:
    """Both judgements by record, for the records that have both."""
    found: dict[tuple[int, str], Judgement] = {
        (line.index, line.order): line.judgement for line in select_judgements(lines)
    }
    first, second = ORDERS
    return {
        index: (found[index, first], found[index, second])
        for index, order in found
        if order == first and (index, second) in found
    }


def find_preferences(judgements: Mapping[int, Judgements]) -> dict[int, Preference]:
    """Each record's preference, for agreement with others; without unparseable ones.

    A judge whose verdict depends on the order has no preference, as with a tie.
    """
    outcomes = {index: combine(*both) for index, both in judgements.items()}
    return {
        index: outcome if outcome == "win" or outcome == "loss" else "neither"
        for index, outcome in outcomes.items()
        if outcome != "unparseable"
    }


def find_agreements(raters: Mapping[str, Mapping[int, Preference]]) -> list[Agreement]:
    """The agreement of any two raters, on the records that both have."""
    return [_compare_raters(one, other, raters[one], raters[other]) for one, other in combinations(raters, 2)]


def mean_kappa(found: Iterable[Agreement]) -> float | None:
    """The mean of the kappas that are defined; for two raters it is theirs."""
    kappas = [each.kappa for each in found if each.kappa is not None]
    return sum(kappas) / len(kappas) if kappas else None


def _compare_raters(
    one: str, other: str, first: Mapping[int, Preference], second: Mapping[int, Preference]
) -> Agreement:
    shared = sorted(first.keys() & second.keys())
    same = sum(first[index] == second[index] for index in shared)
    ours, theirs = [first[index] for index in shared], [second[index] for index in shared]
    return Agreement(
        raters=(one, other),
        pairs=len(shared),
        agreement=100.0 * same / len(shared) if shared else None,
        kappa=cohens_kappa(ours, theirs),
        kappa_interval=kappa_interval(ours, theirs),
    )
