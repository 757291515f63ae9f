"""`arms.json`: the four arms, their paired differences, and what judges and people prefer, computed from two runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.run_folder import PREFIX, adapters_of
from cli.seeds.arms.data import FEW_RUN, MANY_RUN
from cli.stored_report import NoReportError, parse_report
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import report_key
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine
from lambdas.domain.evaluation.arms import BASE, TUNED
from lambdas.domain.evaluation.comparisons import (
    Comparison,
    ScoredArm,
    Scoring,
    find_difference,
    read_rows,
    state_comparison,
)
from lambdas.domain.evaluation.judging.pairwise import Pair, choose_records
from lambdas.domain.evaluation.judging.shards import make_pair
from lambdas.domain.evaluation.judging.summary import Judging
from lambdas.domain.evaluation.metrics.classification import label
from lambdas.domain.evaluation.questions import Question
from lambdas.domain.evaluation.served_scores import find_interval
from lambdas.domain.report.learning_curve import arm_of
from lambdas.domain.report.run_report import SucceededReport

# The arms' names, in the post's order; the one that the others are held against is last.
BASE_ARM, FEW, MANY, SYNTHETIC = "base", "few originals", "many originals", "few with synthetic"
RIVALS = (BASE_ARM, FEW, MANY)


class ArmRow(Fact):
    """An arm: how many records it trained on, of which so many are synthetic, and its score with a 95 % interval."""

    arm: str
    run_id: str
    records: int
    synthetic: int
    hyperparameters: dict[str, str]
    score: float | None
    interval: tuple[float, float] | None


class JudgedRival(Fact):
    """What judges and people say of few originals with synthetic records against another arm; `review` is its page."""

    against: str
    review: str
    review_id: str
    judging: Judging


class ArmsTable(Fact):
    """`arms.json`. The `comparisons` have few originals with synthetic records against each other arm.

    Their intervals hold together.
    """

    data: str
    simulated: bool | None
    runs: list[str]
    test: int
    metric: str
    arms: list[ArmRow]
    comparisons: list[Comparison]
    judged: list[JudgedRival]


class NotComparableArmsError(Exception):
    """The two runs do not have what the table needs; the message says what."""


@dataclass(frozen=True)
class Arms:
    """Both runs' reports, the test set, and the answers of all four arms to it, record by record."""

    few: SucceededReport
    many: SucceededReport
    questions: Sequence[Question]
    groups: Sequence[int]
    answers: Mapping[str, Sequence[StoredLine]]

    def pairs(self, against: str, most: int) -> list[Pair]:
        """Answers of few originals with synthetic records and of another arm, at most one pair of each group."""
        ours, theirs = self.answers[SYNTHETIC], self.answers[against]
        both = [
            place
            for place, lines in enumerate(zip(ours, theirs, strict=True))
            if all(isinstance(line, AnswerLine) for line in lines)
        ]
        chosen = choose_records(both, dict(enumerate(self.groups)), most, seed=0)
        return [
            make_pair(self.questions[place], own, other)
            for place in chosen
            for own, other in [(ours[place], theirs[place])]
            if isinstance(own, AnswerLine) and isinstance(other, AnswerLine)
        ]


def read_arms(folder: Path) -> Arms:
    """The arms from both runs' folders. Raises NoReportError and NotComparableArmsError."""
    few, many = (_read_report(folder / name) for name in (FEW_RUN, MANY_RUN))
    if few.compare is None:
        raise NotComparableArmsError(f"The run {few.run_id} has compared no data sets.")
    chosen = few.trained.chosen or 0
    of_data = {each.data: arm_of(each.candidate, chosen) for each in few.compare.sets}
    ours, theirs = (adapters_of(folder / name).answers for name in (FEW_RUN, MANY_RUN))
    if list(ours.read_test_lines("", PREFIX)) != list(theirs.read_test_lines("", PREFIX)):
        raise NotComparableArmsError("The two runs have different test sets.")
    answers = {
        BASE_ARM: list(ours.read_arm("", PREFIX, BASE)),
        FEW: list(ours.read_arm("", PREFIX, of_data["original"])),
        MANY: list(theirs.read_arm("", PREFIX, TUNED)),
        SYNTHETIC: list(ours.read_arm("", PREFIX, of_data["synthetic"])),
    }
    if lost := [arm for arm, lines in answers.items() if not lines]:
        raise NotComparableArmsError(f"There are no answers of these arms: {', '.join(lost)}.")
    questions = [each for each in ours.read_questions("", PREFIX) if each is not None]
    return Arms(few, many, questions, ours.read_test_groups("", PREFIX), answers)


def make_table(arms: Arms, judged: Sequence[JudgedRival], data: str) -> ArmsTable:
    """The table; every figure is computed from the stored answers."""
    metric, scored = arms.few.task.metric, _score(arms)
    return ArmsTable(
        data=data,
        simulated=arms.few.simulated,
        runs=[arms.few.run_id, arms.many.run_id],
        test=len(arms.questions),
        metric=metric,
        arms=list(_rows(arms, scored, metric)),
        comparisons=[
            state_comparison(SYNTHETIC, rival, metric, found)
            for rival in RIVALS
            if (found := find_difference(scored[SYNTHETIC], scored[rival], metric, arms.groups, len(RIVALS)))
        ],
        judged=list(judged),
    )


def _score(arms: Arms) -> dict[str, ScoredArm]:
    task = arms.few.task
    labels = {label(each.reference) for each in arms.questions} if task.kind == "labels" else ()
    scored = {arm: ScoredArm(Scoring(task.kind, task.metric, labels)) for arm in arms.answers}
    for reference, lines in read_rows(arms.answers):
        for arm, line in lines.items():
            scored[arm].add(line, reference)
    return scored


def _rows(arms: Arms, scored: Mapping[str, ScoredArm], metric: str) -> Iterator[ArmRow]:
    few, many = arms.few, arms.many
    sets = {each.data: each for each in few.compare.sets} if few.compare else {}
    values = {job.number: job.hyperparameters for job in few.trained.jobs}
    trained = {
        BASE_ARM: (few, 0, 0, dict[str, str]()),
        FEW: (few, sets["original"].records, 0, values.get(sets["original"].candidate, {})),
        MANY: (many, many.dataset.train or 0, 0, many.hyperparameters or {}),
        SYNTHETIC: (
            few,
            sets["synthetic"].records,
            sets["synthetic"].records - sets["original"].records,
            values.get(sets["synthetic"].candidate, {}),
        ),
    }
    for arm, (report, records, synthetic, hyperparameters) in trained.items():
        yield ArmRow(
            arm=arm,
            run_id=report.run_id,
            records=records,
            synthetic=synthetic,
            hyperparameters=hyperparameters,
            score=scored[arm].mean(metric),
            interval=find_interval(scored[arm], metric, arms.groups),
        )


def _read_report(folder: Path) -> SucceededReport:
    path = folder / report_key(PREFIX)
    if not path.is_file():
        raise NoReportError(f"{path} does not exist: the run has ended before its report. What it printed says why.")
    return parse_report(path.read_bytes(), path, SucceededReport)
