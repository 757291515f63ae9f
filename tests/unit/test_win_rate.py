"""A gate on the win rate: what judges prefer decides, with an interval over the pairs."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.evaluate import Evaluation, evaluate
from lambdas.domain.evaluation.gate import GateSettings
from lambdas.domain.evaluation.judging.lines import JudgedLine, UnjudgedLine
from lambdas.domain.evaluation.judging.pairwise import ORDERS, Judgements, Pair
from lambdas.domain.evaluation.judging.summary import Judging, summarise_judging
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.evaluation.win_rate import compare_win_rates
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.verdict_reach import test_pair_findings as find_pair_findings
from lambdas.domain.report.assemble import assemble_success
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.run_report import Lineage
from lambdas.domain.report.success_message import headline
from lambdas.domain.settings.run_limits import RunLimits, SettingFinding
from lambdas.domain.settings.run_settings import Choices, parse
from lambdas.domain.training.losses import NO_LOSSES
from tests.answer_lines import make_answer, make_judgements
from tests.unit.run_states import make_facts, make_plan

WIN: Judgements = ("first", "second")
LOSS: Judgements = ("second", "first")
TIE: Judgements = ("tie", "tie")
TORN: Judgements = ("first", "first")
UNREAD: Judgements = ("first", "unparseable")
MODEL = "anthropic.claude-3-haiku-20240307-v1:0:200k"


def judged(*judges: Sequence[Judgements | None]) -> Judging:
    """Each judge's judgements on the same pairs; None where it could not be asked."""
    pairs = [Pair(index, "t", "r", "ours", "theirs") for index in range(len(judges[0]))]
    lines: dict[str, list[JudgedLine]] = {}
    for number, judgements in enumerate(judges):
        own = lines.setdefault(f"judge-{number}", [])
        for index, both in enumerate(judgements):
            own += make_judgements(index, both) if both else [UnjudgedLine(index, order, "no") for order in ORDERS]
    return summarise_judging(pairs, lines)


def decide(judging: Judging | None, *, few_shot: bool = False, better: str = "", **gate: Any) -> Evaluation:
    """An evaluation in which all arms answer alike but `better`, the only one that is right."""
    records = len(judging.pairs) if judging else 40
    arms = {"tuned": Arm(model_id=None), "base": Arm(model_id="base")}
    if few_shot:
        arms["base-few-shot-3"] = Arm(model_id="base", few_shot=3)
    answers = {
        arm: [make_answer(n, "right" if arm == better else "an answer", "right") for n in range(records)]
        for arm in arms
    }
    settings = EvaluationSettings(
        task_kind="text", judges=["judge"], gate=GateSettings.model_validate({"metric": "win_rate", **gate})
    )
    return evaluate(answers, arms, range(records), settings, None, judging=judging)


def test_judges_that_prefer_the_tuned_model_promote_it_though_its_words_are_no_nearer() -> None:
    """Style may be what counts: F1 is the same for both."""
    found = decide(judged([WIN] * 30 + [TIE] * 8 + [LOSS] * 2))
    assert found.decision.verdict == "promote", found.decision.reasons
    assert found.decision.metric == "win_rate"
    [entry] = [one for one in found.comparisons if one.metric == "win_rate"]
    assert entry.difference == pytest.approx(2 * (100 * (30 + 4) / 40) - 100)
    assert entry.interval is not None
    assert entry.interval[0] > 0
    assert "the win rate by the judges" in found.decision.reasons[0]


@pytest.mark.parametrize(
    ("judgements", "verdict"),
    [
        ([WIN] * 22 + [LOSS] * 18, "inconclusive"),
        ([TIE] * 40, "inconclusive"),
        ([TORN] * 40, "inconclusive"),
        ([LOSS] * 38 + [WIN] * 2, "reject"),
        ([WIN] * 5, "inconclusive"),
    ],
)
def test_the_interval_decides_and_not_the_rate(judgements: list[Judgements], verdict: str) -> None:
    """55 % of 40 pairs is luck, and so are five wins of five."""
    assert decide(judged(judgements)).decision.verdict == verdict


def test_the_smallest_gain_is_between_the_two_rates() -> None:
    """A win rate of 85 against 15 is a gain of 70, whose interval's lower end is less."""
    judging = judged([WIN] * 34 + [LOSS] * 6)
    assert decide(judging, smallest_gain=10).decision.verdict == "promote"
    assert decide(judging, smallest_gain=65).decision.verdict == "inconclusive"
    assert decide(judging, smallest_gain=99).decision.verdict == "reject"


@pytest.mark.parametrize("judging", [None, judged([None] * 40)], ids=["not asked", "not answered"])
def test_without_a_verdict_of_a_judge_nothing_is_promoted(judging: Judging | None) -> None:
    """A judge without access costs a run its verdict, and says so."""
    found = decide(judging)
    assert found.decision.verdict == "inconclusive"
    assert any("No judge has compared" in reason for reason in found.decision.reasons)


def test_pairs_without_a_verdict_are_told_and_too_many_promote_nothing() -> None:
    """They may be the long ones."""
    few, many = judged([WIN] * 39 + [UNREAD]), judged([WIN] * 36 + [UNREAD, UNREAD, None, None])
    assert decide(few).decision.verdict == "promote"
    assert any("1 of the 40 pairs has no verdict" in reason for reason in decide(few).decision.reasons)
    assert decide(many).decision.verdict == "inconclusive"


def test_judges_are_averaged_over_each_pair() -> None:
    """Two judges on 40 pairs are no 80 pairs, and one that says nothing takes nothing away."""
    both = compare_win_rates(judged([WIN] * 40, [TIE] * 40), range(40))
    assert both is not None
    assert (both.difference, both.groups) == (50, 40)
    one = compare_win_rates(judged([WIN] * 40, [None] * 40), range(40))
    assert one is not None
    assert one.difference == 100


def test_a_base_with_examples_that_is_better_by_the_references_leaves_it_open() -> None:
    """It was paid for, and no judge has compared the tuned model with it."""
    judging = judged([WIN] * 40)
    assert decide(judging, few_shot=True).decision.verdict == "promote"
    found = decide(judging, few_shot=True, better="base-few-shot-3").decision
    assert found.verdict == "inconclusive"
    assert any("base-few-shot-3" in reason for reason in found.reasons)


@given(st.lists(st.sampled_from([WIN, LOSS, TIE, TORN]), min_size=1, max_size=12))
def test_wins_and_losses_are_two_names_for_one_count(judgements: list[Judgements]) -> None:
    """The tuned model's gain is its base's loss, and the report's rate is the same one."""
    turned = {WIN: LOSS, LOSS: WIN}
    judging = judged(judgements)
    ours = compare_win_rates(judging, range(len(judgements)))
    theirs = compare_win_rates(judged([turned.get(both, both) for both in judgements]), range(len(judgements)))
    assert ours is not None
    assert theirs is not None
    assert ours.difference == pytest.approx(-theirs.difference)
    assert judging.judges[0].win_rate_with_ties == pytest.approx(50 + ours.difference / 2)


def read(evaluation: dict[str, Any], gate: GateSettings | None = None) -> Choices | list[SettingFinding]:
    limits = RunLimits(max_model_units=1, gate=gate or GateSettings())
    return parse(orjson.dumps({"evaluation": evaluation}), MODEL, limits)


def test_a_gate_on_the_win_rate_without_judges_is_refused() -> None:
    """Nobody would ever decide."""
    [finding] = read({"gate": {"metric": "win_rate"}})  # type: ignore[misc]
    assert finding == SettingFinding(
        "/evaluation/gate/metric", "There is no win rate without judges: name at least one in evaluation.judges."
    )
    assert isinstance(read({"gate": {"metric": "win_rate"}, "judges": ["amazon.nova-pro-v1:0"]}), Choices)


def test_an_environment_that_decides_by_the_win_rate_asks_every_run_for_a_judge() -> None:
    least = GateSettings(metric="win_rate")
    [finding] = read({}, least)  # type: ignore[misc]
    assert isinstance(finding, SettingFinding)
    assert finding.pointer == "/evaluation/judges"
    assert isinstance(read({"judges": ["amazon.nova-pro-v1:0"]}, least), Choices)


def test_where_the_environment_decides_by_the_win_rate_an_uploader_chooses_no_criteria() -> None:
    """Whoever chooses what counts chooses who wins."""
    asked = {"judges": ["amazon.nova-pro-v1:0"], "rubric": ["brevity"]}
    [finding] = read(asked, GateSettings(metric="win_rate"))  # type: ignore[misc]
    assert isinstance(finding, SettingFinding)
    assert finding.pointer == "/evaluation/rubric"
    assert isinstance(read(asked, GateSettings(smallest_gain=2.0)), Choices)
    assert isinstance(read(asked | {"rubric": ["correctness"]}, GateSettings(metric="win_rate")), Choices)


def test_too_few_pairs_to_promote_are_told_before_training() -> None:
    """Ten pairs decide only what nobody would doubt, however large the test set is."""
    [finding] = find_pair_findings(200, 10, 0.0, split_groups=None)
    assert "The judges compare 10 pairs" in finding.message
    assert "judged_pairs" in finding.remedy
    assert find_pair_findings(200, 100, 0.0, split_groups=None) == []
    [few_groups] = find_pair_findings(10, 100, 0.0, split_groups=None)
    assert "test file" in few_groups.remedy


def test_the_report_and_its_page_go_by_what_decided() -> None:
    """A headline on F1 would say nothing of why the model was promoted."""
    judging = judged([WIN] * 36 + [TIE] * 2 + [LOSS] * 2)
    evaluation = decide(judging)
    texts = {"tuned": "an answer", "base": "an answer"}
    answers = {arm: [make_answer(n, text, "right") for n in range(40)] for arm, text in texts.items()}
    arms = {"tuned": Arm(model_id=None), "base": Arm(model_id="base")}
    asked = {"judges": ["judge"], "gate": {"metric": "win_rate"}}
    plan = make_plan(evaluation=asked, arms={name: arm.model_dump() for name, arm in arms.items()})
    source = {"bucket": "in", "key": "input/sales.jsonl", "version_id": None}
    lineage = Lineage.parse({"package_version": "0", "source": source, "objects": [], "judge_prompt": None})
    report = assemble_success(
        Plan.parse(plan), make_facts(plan, simulated=True), evaluation, judging, NO_LOSSES, lineage, None
    )
    assert headline(report).startswith("The tuned model's win rate is 92.5, 85.0 points above its base (7.5)")
    assert report.deciding_metric == "win_rate"
    assert report.decision.split is None
    page = render_page(report, Materials(answers, {}, None))
    assert "the win rates by the judges" in page
    assert "Win rate: tuned minus each other arm" in page
