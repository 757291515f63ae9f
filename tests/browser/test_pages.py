"""What people read, in Chromium: accessible, readable on a phone, without network, and never run by its data."""

import json
from pathlib import Path

import pytest

from cli.seeds.cited import read_cited
from cli.seeds.page import PAGE, write_page
from lambdas.domain.core.token_price import TokenPrice
from lambdas.domain.cost.actual import Costs
from lambdas.domain.cost.estimate import estimate, reported_prices
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.dataset.document import DatasetDocument
from lambdas.domain.evaluation.answers import AnswerLine, StoredLine, UnansweredLine
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.evaluate import evaluate
from lambdas.domain.evaluation.judging.lines import UnjudgedLine
from lambdas.domain.evaluation.judging.pairwise import ORDERS, Pair, Preference
from lambdas.domain.evaluation.judging.summary import summarise_judging, summarise_votes
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report import human_review
from lambdas.domain.report.assemble import assemble_success
from lambdas.domain.report.human_review import parse_votes, render_review
from lambdas.domain.report.left_of_runs import LeftOfRun
from lambdas.domain.report.materials import Materials
from lambdas.domain.report.page import render_page
from lambdas.domain.report.run_index import IndexedRun, render_index
from lambdas.domain.report.run_report import Lineage
from lambdas.domain.training.losses import JobLosses, Loss, Losses
from tests.answer_lines import make_answer, make_judgements
from tests.browser.chromium import ROOT, needs_chromium, run_node
from tests.seeds_run import make_run_folder
from tests.unit.dataset_pages import checked, page_of, tickets
from tests.unit.reports import succeeded_report
from tests.unit.run_states import RUN_ID, TRAINING_SET, make_facts, make_plan, make_serving

SCREENSHOTS = ROOT / "build" / "screenshots"
ATTACK = "</script></pre><script>alert(1)</script><img src=x onerror=alert(2)><style>*{display:none}</style>"
LONG = "anthropic.claude-with-a-very-long-name-20260101-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"

pytestmark = needs_chromium


def line(index: int, arm: str) -> AnswerLine:
    label = ("positive", "negative", ATTACK)[index % 3]
    answer = label if arm == "tuned" or index % 4 == 0 else "neither of the two, " + ATTACK
    return make_answer(
        index,
        answer,
        label,
        prompt=f"{ATTACK} {'word ' * 300}",
        input_tokens=300,
        output_tokens=len(answer),
        latency_ms=100 + index,
    )


def pairs() -> list[Pair]:
    return [Pair(index, ATTACK, ATTACK, f"tuned {ATTACK}", f"base {ATTACK}") for index in range(20)]


def report_page() -> str:
    """A page with all of its parts, and with markup wherever a text comes from outside."""
    arms = {
        "tuned": Arm(model_id=None),
        "tuned-few-shot-3": Arm(model_id=None, few_shot=3),
        "base": Arm(model_id="base-model"),
        LONG.replace(":", "-"): Arm(model_id=LONG),
    }
    answers: dict[str, list[StoredLine]] = {arm: [line(index, arm) for index in range(60)] for arm in arms}
    answers["tuned"][7] = line(7, "base")
    answers["base"][1] = UnansweredLine(1, f"ValidationException: {ATTACK}")
    losses = Losses(tuple(Loss(step, 1 + step // 30, 2 / (step + 1)) for step in range(90)), 0)
    judged = [line for pair in pairs() for line in make_judgements(pair.index, ("first", "second"), 700, 90)]
    failed = [UnjudgedLine(pair.index, order, ATTACK) for pair in pairs() for order in ORDERS]
    own = {"base-model": TokenPrice(input=0.00025, output=0.00125), LONG: TokenPrice(input=0.003, output=0.015)}
    settings = EvaluationSettings(task_kind="labels", judges=[LONG, "judge-b"], prices=own)
    plan = make_plan(
        base_model=HAIKU,
        candidates=[
            {"number": 1, "hyperparameters": {"epochCount": "4"}, "training_set": TRAINING_SET | {"tokens": 80_000}}
        ],
        tokens={
            "test_prompts": 18_000,
            "test_references": 900,
            "examples": 700,
        },
        evaluation=settings.model_dump(),
        arms={name: arm.model_dump() for name, arm in arms.items()},
    )
    times = {"in_service_at": "2026-01-21T22:00:00.000Z", "deleted_at": "2026-01-21T22:09:00.000Z"}
    facts = make_facts(plan, simulated=True, serving=make_serving(**times))
    sha256 = "0123456789abcdef" * 4
    objects = [{"key": f"evaluation/{arm}.jsonl", "version_id": "v" * 32, "bytes": 9, "sha256": sha256} for arm in arms]
    lineage = {
        "package_version": "0",
        "source": {"bucket": "in", "key": f"input/{ATTACK}.jsonl", "version_id": "v1"},
        "objects": objects,
        "judge_prompt": {"name": "judge-v1", "sha256": sha256},
    }
    evaluation = evaluate(answers, arms, range(60), settings, None)
    judging = summarise_judging(pairs(), {LONG: judged, "judge-b": failed})
    votes: dict[int, Preference] = {**dict.fromkeys(range(6), "win"), 6: "loss", 7: "loss", 8: "neither"}
    judging = judging.model_copy(update={"people": [summarise_votes(ATTACK[:40], votes)]})
    planned = Plan.parse(plan)
    prices = reported_prices(default_prices(), planned, 40.0)
    costs = Costs(prices, estimate(planned, prices))
    result = assemble_success(
        planned, facts, evaluation, judging, JobLosses(losses, losses), Lineage.parse(lineage), costs
    )
    issue = {"rule": "token-estimate", "severity": "warning", "line": 3, "path": "train.jsonl", "message": ATTACK}
    nothing = dict.fromkeys(("mean", "median", "sd", "min", "max", "p95"))
    dataset = DatasetDocument.parse(
        {
            "status": "accepted",
            "records": {"read": 90, "train": 60, "validation": 0, "test": 30, "dropped": 0},
            "issues": [issue],
            "issue_counts": {"token-estimate": 1},
            "rules": {"token-estimate": {"severity": "warning", "asks": ATTACK, "advice": ATTACK}},
            "dropped": [],
            "changed": [{"path": ATTACK, "what": ATTACK, "count": 1, "lines": [[1, 1]]}],
            "base_model": HAIKU,
            "files": [],
            "tokens": {"prompt": nothing, "answer": nothing, "tiers": {}},
            "labels": {},
        }
    )
    return render_page(result, Materials(answers, {1: JobLosses(losses, losses)}, dataset))


def errors_page() -> str:
    """A report whose tuned model has six errors: two without text, and three that the base answers rightly."""
    tuned: list[StoredLine] = [make_answer(index, "" if index < 2 else "no", "yes") for index in range(6)]
    base: list[StoredLine] = [make_answer(index, "yes" if index in {0, 2, 3} else "no", "yes") for index in range(6)]
    task = {"kind": "labels", "detected": True, "metric": "label_match"}
    return render_page(succeeded_report(task=task), Materials({"tuned": tuned, "base": base}, {}, None))


def page_named(name: str, folder: Path) -> str:
    """Each page that people read."""
    if name == "report":
        return report_page()
    if name == "dataset":
        return page_of(checked(folder, [{**one, "prompt": ATTACK + one["prompt"]} for one in tickets(200)]))
    if name == "seeds":
        make_run_folder(folder / "run")
        write_page(folder / "run", read_cited())
        return (folder / "run" / PAGE).read_text()
    if name == "refused-dataset":
        return page_of(checked(folder, [*tickets(90), {ATTACK: ATTACK}, "{", {"prompt": "p" * 9_000}]))
    if name == "run-index":
        return index_page()
    return render_review(RUN_ID, pairs(), simulated=True)


def index_page() -> str:
    """The list of all runs: one that succeeded, and one whose data set has a name of markup."""
    at = "2026-11-22T10:00:00.000Z"
    good = IndexedRun(
        run_id=RUN_ID, started_at=at, status="succeeded", simulated=True, base_model=HAIKU, data="input/sales.jsonl",
        records=600, verdict="promote", metric="label_match", gain=12.3, cost_usd=1.5, cost_unknown=["training"],
        storage_usd_per_month=1.95, unit_usd_per_hour=21.0,
    )  # fmt: skip
    bad = IndexedRun(
        run_id="b-0123456789ab", started_at=at, status="failed", error="PreflightFailed", base_model=LONG, data=ATTACK
    )
    left = [LeftOfRun(RUN_ID, "custom model", "arn:m", None), LeftOfRun(RUN_ID, "throughput", "arn:t", 1)]
    return render_index("team", [good, bad], left, at, all_shown=False)


@pytest.mark.parametrize("name", ["report", "human_review", "dataset", "refused-dataset", "seeds", "run-index"])
def test_page_is_accessible_on_screen_and_phone_in_light_and_dark(name: str, tmp_path: Path) -> None:
    """Whoever must decide must be able to read it; screenshots are left in build/screenshots to be looked at."""
    page = tmp_path / f"{name}.html"
    page.write_text(page_named(name, tmp_path))
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    found = run_node("check_page.js", page, SCREENSHOTS)
    assert len(found) == 4
    for view in found:
        assert view["violations"] == [], view["view"]
        assert (view["wide"], view["errors"], view["requests"]) == (False, [], []), view["view"]
        width = view["view"].replace(" ", "-")
        assert (SCREENSHOTS / f"{name}-{width}.png").stat().st_size > 10_000


def test_people_vote_with_the_keyboard_alone_and_their_file_is_understood(tmp_path: Path) -> None:
    """No mouse, no server, and what the page saves is what the command reads."""
    page = tmp_path / "human_review.html"
    page.write_text(render_review(RUN_ID, pairs(), simulated=True))
    found = run_node("vote_by_keyboard.js", page, tmp_path)
    assert found["voted"] == found["kept"] == "17 without a vote"
    assert [vote["choice"] for vote in found["saved"]["votes"]].count("tie") <= 1
    assert found["saved"]["format"] == human_review.FORMAT
    review = parse_votes(json.dumps(found["saved"]).encode(), RUN_ID, range(20))
    assert (review.reviewer, len(review.preferences)) == ("A 1", 3)


def test_the_list_of_errors_is_filtered_without_a_script(tmp_path: Path) -> None:
    """The page's policy forbids scripts, so that its style does it: both filters at once, and back to all."""
    page = tmp_path / "report.html"
    page.write_text(errors_page())
    found = run_node("filter_errors.js", page, "kind-wrong,base-base-better,kind-all,base-all")
    assert found == {"kind-wrong": 4, "base-base-better": 2, "kind-all": 3, "base-all": 6}
