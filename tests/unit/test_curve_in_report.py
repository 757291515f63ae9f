"""The learning curve and the candidates in report.json, on its page, and in the notification."""

from collections.abc import Mapping

import pytest

from lambdas.domain.evaluation.answer_figures import count_figures
from lambdas.domain.evaluation.decision import Decision
from lambdas.domain.evaluation.doubling import Gain, Withheld
from lambdas.domain.evaluation.evaluate import CandidateScores, Evaluation, Extremes, Task
from lambdas.domain.evaluation.gate import GateSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.arm_figures import summarise_arms
from lambdas.domain.report.gain_words import tell_best, tell_gain
from lambdas.domain.report.learning_curve import BestTested, LearningCurve, curve_arms, summarise_best, summarise_curve
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.success_message import success_message
from lambdas.domain.report.sweep import summarise_sweep
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from local.bench.evaluated_run import Size, make_plan
from tests.answer_lines import make_answer
from tests.unit.reports import arm_figures, succeeded_report

PLAN = make_plan(Size(records=10, prompt_characters=10, arms=3, groups=10)).model_copy(update={"learning_curve": True})
INTERVAL = (60.0, 80.0)


def job(number: int, records: int, loss: float | None) -> CandidateJob:
    """A job that has made a model."""
    return CandidateJob(
        number=number,
        name=f"job-c{number}",
        hyperparameters={"epochCount": "2", "batchSize": str(number)},
        status="Completed",
        model_arn=f"arn:model-{number}",
        training_records=records,
        validation_loss=loss,
    )


JOBS = Jobs(
    status="Completed", candidates=[job(1, 2_000, 0.9), job(2, 1_000, 1.0), job(3, 1_000, 0.95), job(4, 500, 1.2)]
)


def evaluation(values: Mapping[str, float], scores: CandidateScores | None) -> Evaluation:
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
        candidates=scores,
    )


ALL = evaluation(
    {"tuned": 76.2, "base": 41.0, "base-few-shot-3": 55.0, "candidate-3": 73.0, "candidate-4": 68.5},
    CandidateScores(
        intervals=dict.fromkeys(("tuned", "candidate-3", "candidate-4"), INTERVAL),
        best="candidate-3",
        flattered=0.6,
        doubling=Gain(gain=2.1, interval=(0.3, 4.0)),
    ),
)


def curve() -> LearningCurve:
    """That of the run above."""
    found = summarise_curve(PLAN, JOBS, 1, ALL)
    assert found is not None
    return found


def page(**changes: object) -> str:
    """The page of a report with these sections."""
    report = succeeded_report(**changes)
    return render_page(report, Materials({arm: [] for arm in report.arms}, {}, None))


def test_the_curve_goes_through_the_lowest_validation_loss_of_each_size_that_answered() -> None:
    """The choice of a size's candidate never rests on the test set."""
    answered = ["tuned", "base", "candidate-2", "candidate-3", "candidate-4"]
    assert curve_arms(PLAN, JOBS, 1, answered) == {"candidate-4": 500, "candidate-3": 1_000, "tuned": 2_000}
    answered.remove("candidate-3")
    assert curve_arms(PLAN, JOBS, 1, answered) == {"candidate-4": 500, "candidate-2": 1_000, "tuned": 2_000}


def test_a_run_without_a_learning_curve_has_none() -> None:
    plan = PLAN.model_copy(update={"learning_curve": False})
    assert curve_arms(plan, JOBS, 1, ["tuned"]) is None
    assert summarise_curve(plan, JOBS, 1, ALL) is None


def test_each_candidate_is_a_point_with_its_size_its_values_and_what_it_scored() -> None:
    points = {point.candidate: point for point in curve().points}
    assert [point.records for point in curve().points] == [500, 1_000, 1_000, 2_000]
    assert (points[1].value, points[1].interval, points[1].served, points[1].best) == (76.2, INTERVAL, True, True)
    assert (points[2].value, points[2].interval, points[2].served, points[2].best) == (None, None, False, False)
    assert points[3].validation_loss == 0.95
    assert points[4].hyperparameters == {"epochCount": "2", "batchSize": "4"}


def test_other_models_are_lines_and_candidates_are_not() -> None:
    assert curve().lines == {"base": 41.0, "base-few-shot-3": 55.0}


def test_candidates_have_figures_with_their_own_models_and_no_place_among_the_plans_arms() -> None:
    figures = summarise_arms(PLAN, "arn:model-1", ALL, None, {}, {"candidate-3": "arn:model-3", "candidate-4": None})
    assert figures["tuned"].model_id == "arn:model-1"
    assert (figures["candidate-3"].model_id, figures["candidate-3"].f1) == ("arn:model-3", 73.0)
    assert figures["base"].model_id == "base"


def test_the_best_on_the_test_set_is_told_with_what_flatters_it() -> None:
    best = summarise_best(1, ALL)
    assert best is not None
    assert (best.tested, best.candidate, best.value, best.flattered) == (3, 3, 73.0, 0.6)
    assert summarise_best(1, evaluation({"tuned": 76.2}, None)) is None


@pytest.mark.parametrize("flattered", [0.0, 0.049])
def test_a_best_candidate_that_is_flattered_by_less_than_is_told_says_so(flattered: float) -> None:
    """A figure of 0.0 points reads as an error."""
    best = BestTested(tested=3, candidate=3, metric="f1", value=73.0, flattered=flattered)
    told = tell_best(best, 1, "F1")
    assert "The highest of 3 on one test set may be partly luck, but nothing here suggests it. The run chose" in told
    assert "0.0 points" not in told
    assert "about 0.1 points" in tell_best(best.model_copy(update={"flattered": 0.05}), 1, "F1")


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (Gain(gain=2.1, interval=(0.3, 4.0)), "would likely add 2.1 points of F1 (between 0.3 and 4.0)."),
        (Gain(gain=0.1, interval=(-0.5, 0.9)), "(between -0.5 and +0.9): it may add nothing."),
        (Gain(gain=-1.0, interval=(-2.0, -0.1)), "would likely cost 1.0 points of F1 (between 0.1 and 2.0)."),
    ],
)
def test_the_gain_is_told_in_a_sentence_with_both_sizes(gain: Gain, words: str) -> None:
    found = curve().model_copy(update={"doubling": gain})
    told = tell_gain(found, "F1")
    assert told.startswith("Twice the data (4,000 instead of 2,000 training records)")
    assert told.endswith(words)
    assert "accuracy" in tell_gain(found, "Accuracy")


def test_a_withheld_gain_says_why() -> None:
    withheld = curve().model_copy(update={"doubling": Withheld(withheld="sizes tested: 1")})
    assert tell_gain(withheld, "F1") == "Whether twice the data would help, this run cannot tell: sizes tested: 1."


def test_the_report_reads_back_what_it_wrote_of_the_curve() -> None:
    report = succeeded_report(learning_curve=curve())
    written = report.dump()["learning_curve"]
    assert written["doubling"] == {"gain": 2.1, "interval": [0.3, 4.0]}
    assert succeeded_report(learning_curve=written).learning_curve == report.learning_curve


def test_the_page_draws_the_curve_with_hyperparameters_beside_its_points_and_the_base_as_a_line() -> None:
    shown = page(learning_curve=curve())
    assert "Twice the data (4,000 instead of 2,000 training records)" in shown
    assert "F1 by training records" in shown
    assert "Validation loss by training records" in shown
    section = shown[shown.index("<h2>Learning curve") :]
    picture = section[: section.index("</svg>")]
    for text in ("batch 3", "epochs 2", "base-few-shot-3"):
        assert text in picture
    assert "batch 2" not in picture
    assert "<script" not in shown
    assert "not tested" in section


def test_the_table_says_which_points_are_in_the_curve_only_where_some_are_not() -> None:
    """A column that says yes everywhere pushes the others out of sight."""
    shown = page(learning_curve=curve())
    assert '<th scope="col">In the curve</th>' in shown
    assert '<th scope="col">batch<wbr>Size</th>' in shown, "a long name can be broken"
    whole = curve().model_copy(update={"points": curve().best})
    shown = page(learning_curve=whole)
    assert "In the curve" not in shown
    assert "dashed line" not in shown


def test_a_page_without_a_curve_does_not_speak_of_one() -> None:
    shown = page()
    assert "Learning curve" not in shown
    assert "Candidates on the test set" not in shown


def test_where_the_chosen_one_alone_is_served_the_page_draws_validation_losses_and_says_so() -> None:
    alone = evaluation(
        {"tuned": 76.2, "base": 41.0},
        CandidateScores(intervals={"tuned": INTERVAL}, best=None, flattered=None, doubling=Withheld(withheld="few")),
    )
    shown = page(learning_curve=summarise_curve(PLAN, JOBS, 1, alone))
    assert "this run cannot tell: few." in shown
    assert "Validation loss by training records" in shown


def test_the_page_compares_the_chosen_candidate_with_the_others_and_says_what_the_best_is_worth() -> None:
    compared = {
        "arm": "tuned",
        "against": "candidate-3",
        "metric": "f1",
        "difference": 3.2,
        "interval": (0.4, 6.0),
        "p_value": 0.03,
        "groups": 10,
        "records": 10,
        "detectable": 3.0,
    }
    arms = {arm: arm_figures() for arm in ("tuned", "base", "candidate-3")}
    sweep = {"jobs": [], "chosen": 1, "reason": "", "note": ""}
    lenient = {**compared, "metric": "content"}
    shown = page(arms=arms, comparisons=[compared, lenient], best_tested=summarise_best(1, ALL), sweep=sweep)
    section = shown[shown.index("<h2>Candidates on the test set") :]
    section = section[: section.index("</table>")]
    assert section.count('<th scope="row">candidate-3</th>') == 1
    assert "candidate 3 has the highest F1, 73.0. It is not the chosen one, which is candidate 1." in section
    assert "it is flattered by about 0.6 points" in section
    assert "tuned minus each other arm" not in shown


def test_the_notification_says_whether_more_data_would_help() -> None:
    message = success_message(succeeded_report(learning_curve=curve()), "s3://page").message
    assert "would likely add 2.1 points of F1" in message
    assert "Twice the data" not in success_message(succeeded_report(), "s3://page").message


def test_a_plan_of_an_earlier_version_has_no_curve() -> None:
    dumped = PLAN.dump()
    dumped.pop("learning_curve")
    assert not Plan.parse(dumped).learning_curve


def test_the_jobs_of_a_curve_have_their_training_records_on_the_page() -> None:
    """Two jobs with the same hyperparameters differ in nothing else."""
    sizes = PLAN.model_copy(update={"candidates": [PLAN.candidates[0]] * 2})
    page = render_page(
        succeeded_report(sweep=summarise_sweep(sizes, JOBS, None)), Materials({"tuned": [], "base": []}, {}, None)
    )
    assert "<h2>Candidates</h2>" in page
    assert '<th scope="col">Training records</th>' in page
    assert "<td>2,000</td>" in page


def test_the_jobs_of_a_sweep_have_no_column_for_what_they_share() -> None:
    """All train on the whole training set."""
    same = JOBS.model_copy(update={"candidates": [job(1, 2_000, 0.9), job(2, 2_000, 1.0)]})
    sizes = PLAN.model_copy(update={"candidates": [PLAN.candidates[0]] * 2})
    page = render_page(
        succeeded_report(sweep=summarise_sweep(sizes, same, None)), Materials({"tuned": [], "base": []}, {}, None)
    )
    assert "<h2>Sweep</h2>" in page
    assert "Training records</th>" not in page
