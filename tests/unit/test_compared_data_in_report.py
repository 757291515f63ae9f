"""Which data set won: in report.json, on its page, in the notification and in the terminal."""

from collections.abc import Mapping, Sequence
from typing import get_args

import pytest

from cli import result
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.evaluation.answer_figures import count_figures
from lambdas.domain.evaluation.comparisons import Comparison, ScoredArm, Scoring
from lambdas.domain.evaluation.data_comparisons import compare_data
from lambdas.domain.evaluation.decision import Decision
from lambdas.domain.evaluation.evaluate import CandidateScores, Evaluation, Extremes, Task
from lambdas.domain.evaluation.gate import GateSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.compared_data import ComparedData, data_arms, summarise_data
from lambdas.domain.report.data_words import tell_choice, tell_data
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.success_message import success_message
from lambdas.domain.report.sweep import explain_values, summarise_sweep
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel
from tests.answer_lines import make_answer
from tests.unit.reports import succeeded_report
from tests.unit.run_states import make_job, make_jobs, make_model, make_plan

INTERVAL = (60.0, 80.0)
ALL_DATA: tuple[TrainingData, ...] = get_args(TrainingData)


def plan_of(*data: TrainingData) -> Plan:
    """A plan with a candidate for each of these; synthetic sets are the largest."""
    plan = make_plan(len(data), serve="all")
    for each, one in zip(plan["candidates"], data, strict=True):
        records = {"original": 40, "cleaned": 38, "synthetic": 120}[one]
        each["training_set"] = {"uri": f"s3://out/{one}.jsonl", "records": records, "tokens": 9000, "data": one}
    return Plan.parse(plan)


def jobs_of(*losses: float | None) -> Jobs:
    """A job with each of these validation losses, all of which made a model."""
    return Jobs.parse(make_jobs(*(make_job(number, validation_loss=loss) for number, loss in enumerate(losses, 1))))


def pair(
    data: TrainingData, against: TrainingData, difference: float, interval: tuple[float, float] | None
) -> Comparison:
    return Comparison(
        arm=data,
        against=against,
        metric="f1",
        difference=difference,
        interval=interval,
        p_value=0.01,
        groups=80,
        records=200,
        detectable=2.5,
        better=30,
        same=150,
        worse=20,
    )


def evaluation(values: Mapping[str, float], comparisons: Sequence[Comparison] = ()) -> Evaluation:
    """Arms with these values."""
    return Evaluation(
        task=Task(kind="text", detected=True, metric="f1"),
        means={arm: {"f1": value} for arm, value in values.items()},
        right=dict.fromkeys(values),
        figures={arm: count_figures([make_answer(0, "x", "x")]) for arm in values},
        missing={},
        classifications={},
        fields={},
        comparisons=[],
        decision=Decision(verdict="promote", reasons=[], metric="f1", gate=GateSettings(), champion=None),
        extremes=Extremes(against="base", metric="f1", gains=[], regressions=[]),
        candidates=CandidateScores(
            intervals={arm: INTERVAL for arm in values if arm != "base"},
            best=None,
            flattered=None,
            doubling=None,
            data=comparisons,
        ),
    )


def compared(
    *comparisons: Comparison, values: Mapping[str, float] | None = None, data: Sequence[TrainingData] = ALL_DATA
) -> ComparedData:
    """Three data sets, of which the last was chosen, with these differences."""
    scores = values or {"base": 41.0, "candidate-1": 70.0, "candidate-2": 71.0, "tuned": 76.0}
    chosen = len(data)
    found = summarise_data(plan_of(*data), jobs_of(0.9, 0.8, 0.7), chosen, evaluation(scores, comparisons))
    assert found is not None
    return found


WON = compared(
    pair("cleaned", "original", 1.0, (-1.0, 3.0)),
    pair("synthetic", "original", 6.0, (3.0, 9.0)),
    pair("synthetic", "cleaned", 5.0, (2.0, 8.0)),
)


def page(found: ComparedData) -> str:
    report = succeeded_report(compare=found, sweep={"jobs": [], "chosen": 1, "reason": "", "note": ""})
    return render_page(report, Materials({arm: [] for arm in report.arms}, {}, None))


def arm(scores: Sequence[float]) -> ScoredArm:
    return ScoredArm(Scoring("text", "f1"), {"f1": [*scores]})


def test_data_sets_are_compared_in_pairs_whose_intervals_hold_together() -> None:
    """Three chances to find a difference that is none need a wider interval for each."""
    low, high = [50.0 + number % 7 for number in range(80)], [53.0 + number % 5 for number in range(80)]
    groups = [*range(80)]
    [alone] = compare_data({"original": arm(low), "synthetic": arm(high)}, "f1", groups)
    found = compare_data({"original": arm(low), "cleaned": arm(low), "synthetic": arm(high)}, "f1", groups)
    assert [(each.arm, each.against) for each in found] == [
        ("cleaned", "original"),
        ("synthetic", "original"),
        ("synthetic", "cleaned"),
    ]
    together = found[1]
    assert alone.interval is not None
    assert together.interval is not None
    assert together.difference == alone.difference
    assert together.interval[0] < alone.interval[0]
    assert together.interval[1] > alone.interval[1]
    assert (together.p_value or 0) > (alone.p_value or 0)
    assert (together.detectable or 0) > (alone.detectable or 0)


@pytest.mark.parametrize("groups", [12, 80])
def test_a_p_value_that_counts_all_pairs_agrees_with_its_interval(groups: int) -> None:
    """Whichever of the two is read: below 60 groups by betting, above by the bootstrap, too."""
    for gap in range(0, 40, 4):
        ours = [50.0 + number * 7 % 13 + gap / 4 for number in range(groups)]
        theirs = [50.0 + number * 5 % 11 for number in range(groups)]
        sets: dict[TrainingData, ScoredArm] = {
            "original": arm(theirs),
            "cleaned": arm(theirs[::-1]),
            "synthetic": arm(ours),
        }
        for each in compare_data(sets, "f1", [*range(groups)]):
            assert each.interval is not None
            assert each.p_value is not None
            assert (each.interval[0] <= 0 <= each.interval[1]) == (each.p_value > 0.05)


def test_each_data_set_is_its_candidate_of_the_lowest_validation_loss_that_answered() -> None:
    """No choice rests on the test set."""
    plan, jobs = plan_of("original", "original", "synthetic"), jobs_of(0.9, 0.8, 0.7)
    assert data_arms(plan, jobs, 3, ["tuned", "candidate-1", "candidate-2"]) == {
        "original": "candidate-2",
        "synthetic": "tuned",
    }
    assert data_arms(plan, jobs, 3, ["tuned", "candidate-1"]) == {"original": "candidate-1", "synthetic": "tuned"}
    assert data_arms(plan, jobs, 3, ["tuned"]) == {"synthetic": "tuned"}
    assert data_arms(plan_of("original"), jobs_of(0.9), 1, ["tuned"]) is None
    assert data_arms(plan_of("synthetic", "synthetic"), jobs_of(0.9, 0.8), 1, ["tuned", "candidate-2"]) is None


def test_the_report_has_each_data_set_with_its_records_and_its_score() -> None:
    assert [(each.data, each.candidate, each.records, each.validation_loss, each.score) for each in WON.sets] == [
        ("original", 1, 40, 0.9, 70.0),
        ("cleaned", 2, 38, 0.8, 71.0),
        ("synthetic", 3, 120, 0.7, 76.0),
    ]
    assert WON.sets[0].interval == INTERVAL
    assert WON.winner == "synthetic"
    report = succeeded_report(compare=WON)
    assert succeeded_report(compare=report.dump()["compare"]).compare == WON
    assert succeeded_report().compare is None


def test_a_data_set_wins_only_where_it_is_shown_to_beat_all_others() -> None:
    """The highest score is no evidence."""
    open_pair = pair("synthetic", "cleaned", 5.0, (-1.0, 8.0))
    others = (pair("cleaned", "original", 1.0, (0.5, 3.0)), pair("synthetic", "original", 6.0, (3.0, 9.0)))
    assert compared(*others, open_pair).winner is None
    lost = compared(
        pair("cleaned", "original", -4.0, (-6.0, -2.0)),
        pair("synthetic", "original", -6.0, (-9.0, -3.0)),
        pair("synthetic", "cleaned", -1.0, (-3.0, 1.0)),
    )
    assert lost.winner == "original"
    assert compared().winner is None


def test_a_winner_is_told_with_each_difference_and_what_is_open() -> None:
    assert tell_data(WON, "F1") == (
        "The data set synthetic won: it scores 6.0 points of F1 above original (3.0 to 9.0) and 5.0 above cleaned "
        "(2.0 to 8.0). Cleaned (71.0) against original (70.0): +1.0 points of F1 (-1.0 to +3.0), which may be chance. "
        "From 2.5 points on, this test set would likely show it."
    )


def test_original_data_that_do_better_are_told_from_their_side() -> None:
    found = compared(pair("synthetic", "original", -6.0, (-9.0, -3.0)), data=("original", "synthetic"))
    assert tell_data(found, "F1").startswith(
        "The data set original won: it scores 6.0 points of F1 above synthetic (3.0 to 9.0)."
    )


def test_where_no_difference_is_shown_none_has_won() -> None:
    found = compared(pair("synthetic", "original", 6.0, (-1.0, 9.0)), data=("original", "synthetic"))
    assert tell_data(found, "Accuracy").startswith(
        "No data set has won: no difference between them is shown. Synthetic"
    )
    assert "points of accuracy" in tell_data(found, "Accuracy")
    few = compared(pair("synthetic", "original", 6.0, None), data=("original", "synthetic"))
    assert "too few groups of test records" in tell_data(few, "F1")


def test_what_is_shown_of_some_pairs_alone_is_told_without_a_winner() -> None:
    found = compared(
        pair("synthetic", "original", 6.0, (3.0, 9.0)),
        pair("synthetic", "cleaned", 5.0, (-2.0, 8.0)),
        pair("cleaned", "original", 1.0, (-2.0, 8.0)),
    )
    assert tell_data(found, "F1").startswith(
        "No data set is shown to do better than all others: synthetic scores 6.0 points of F1 above original "
        "(3.0 to 9.0). Synthetic (76.0) against cleaned (71.0): +5.0 points"
    )


def test_a_data_set_whose_model_did_not_answer_is_told_and_cannot_win_or_be_beaten_by_its_absence() -> None:
    """A job that failed says nothing of its data."""
    found = compared(
        pair("synthetic", "original", 6.0, (3.0, 9.0)),
        values={"base": 41.0, "candidate-1": 70.0, "tuned": 76.0},
    )
    assert [each.score for each in found.sets] == [70.0, None, 76.0]
    assert found.winner is None
    assert tell_data(found, "F1").endswith("No model that was trained on cleaned answered the test set.")


def test_where_another_data_set_won_than_was_chosen_the_report_says_what_the_verdict_is_about() -> None:
    assert tell_choice(WON, 3) == ""
    assert "The verdict is about candidate 1" in tell_choice(WON, 1)
    assert tell_choice(compared(), 1) == ""


def test_the_page_has_a_sentence_a_picture_and_the_figures() -> None:
    shown = page(WON)
    section = shown[shown.index("<h2>Which data won") :]
    section = section[: section.index("<h2>", 5)]
    assert "The data set synthetic won" in section
    assert "F1: one data set minus another" in section
    assert '<th scope="row">synthetic, won</th><td>120</td>' in section
    assert '<th scope="row">synthetic against cleaned</th>' in section
    assert "The verdict is about candidate 1" in section
    assert "Which data won" not in render_page(succeeded_report(), Materials({"tuned": [], "base": []}, {}, None))


def test_a_data_set_that_was_not_tested_is_told_on_the_page() -> None:
    shown = page(compared(values={"base": 41.0, "tuned": 76.0}))
    assert "<td>not tested</td>" in shown


def test_notification_and_terminal_say_which_data_won() -> None:
    report = succeeded_report(compare=WON, sweep={"jobs": [], "chosen": 3, "reason": "", "note": ""})
    assert "The data set synthetic won" in success_message(report, "s3://page").message
    assert [*result.data_sets(report)] == [tell_data(WON, "F1")]
    assert [*result.data_sets(succeeded_report())] == []


def test_jobs_have_their_data_set_on_the_page_and_in_the_terminal() -> None:
    """Two jobs with the same hyperparameters and as many records differ in nothing else."""
    plan = plan_of("original", "cleaned")
    report = succeeded_report(sweep=summarise_sweep(plan, jobs_of(0.9, 0.8), None))
    shown = render_page(report, Materials({"tuned": [], "base": []}, {}, None))
    assert "<h2>Candidates</h2>" in shown
    assert "<td>cleaned</td>" in shown
    assert any("; cleaned, batchSize 8;" in line for line in result.sweep(report))
    alone = succeeded_report(sweep=summarise_sweep(plan_of("cleaned", "cleaned"), jobs_of(0.9, 0.8), None))
    assert "Data set</th>" not in render_page(alone, Materials({"tuned": [], "base": []}, {}, None))


def test_a_value_from_a_sweep_is_explained_with_the_data_set_that_its_model_trained_on() -> None:
    """It is no part of the training set: it has more records."""
    plan = plan_of("original", "synthetic")
    recommended = {"name": "batchSize", "value": "4", "source": "size", "reason": "Many records."}
    plan = Plan.parse({**plan.dump(), "recommended": [recommended]})
    [value] = explain_values(plan, TunedModel.parse(make_model(2)))
    assert value.reason.startswith(
        "Job 2, which trains on the data set synthetic, has the lowest validation loss with it. "
        "Recommended for the whole training set: 4."
    )
