"""What cleaning and synthesis are estimated to cost, and what they have cost."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from cli.dataset_summary import tell_dataset
from cli.documents import documents_below, taken_documents
from cli.plan_table import tell_plan
from cli.validate import LocalFiles, set_writer
from lambdas.domain.batch.batch_waits import BatchChoice, takes_batch
from lambdas.domain.core.run import Run, RunSource
from lambdas.domain.cost.actual import Costs, LineDifference, Usage, report_cost
from lambdas.domain.cost.cost_findings import cost_findings
from lambdas.domain.cost.curation_cost import EXPECTED, asking_seconds, batch_turns
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.failed_run import FailedUsage, failed_cost
from lambdas.domain.cost.price_file import SourcedTokenPrice, default_prices
from lambdas.domain.curation.asks import Ask, CurationStage, Replies, StoredReply
from lambdas.domain.curation.batches import CurationBatch
from lambdas.domain.curation.cleaning import CleaningCounts, SetRecord, clean_asks
from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.documents import AskedMessage, SourceDocument, canonical, content_digest, list_documents
from lambdas.domain.curation.given_documents import DocumentCounts, GivenDocument, TakenDocuments, take_all
from lambdas.domain.curation.planned_asks import PlannedAsks
from lambdas.domain.curation.prompts import (
    ANSWER,
    ANSWER_SETTINGS,
    CHECK,
    CHECK_SETTINGS,
    WRITE,
    prompt_tokens,
    write_pairs,
)
from lambdas.domain.curation.settings import CleanSettings, SynthesisSettings
from lambdas.domain.curation.sources import given_sources
from lambdas.domain.curation.synthesis import follow, record_of, synthesis_asks
from lambdas.domain.curation.token_use import CurationUse, count_use
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.dataset.set_names import SET_NAMES, SetName
from lambdas.domain.dataset.tokens import estimate as estimate_tokens
from lambdas.domain.evaluation.questions import Question, parse_question
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.callable_models import Asked
from lambdas.domain.preflight.subject import needs_of
from lambdas.domain.preflight.time_limit import RunTime, enough_time
from lambdas.domain.report.approval import estimate_text
from lambdas.domain.report.dataset_page import render_dataset_page
from lambdas.domain.settings import run_settings
from lambdas.domain.settings.run_limits import RunLimits
from lambdas.steps.data_gate import CheckedDataset, check_dataset, write_sets
from lambdas.steps.planning import make_plan
from local.bedrock.models.base import BaseModel
from local.bedrock.models.curator import curator_errors
from local.bedrock.settings import SimulationSettings
from local.bedrock.tokens import TOKENS_PER_MESSAGE, count_tokens
from local.terminal import Console
from tests.unit.test_cost import PRICES, plan, usd

EXAMPLE = Path(__file__).parents[2] / "examples" / "financial-tables.jsonl"
HAIKU, NOVA = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-pro-v1:0"
NOVA_LITE = "amazon.nova-lite-v1:0:300k"
CLEAN = {"judges": [NOVA, HAIKU], "mode": "remove"}
SYNTHESIS = {"teacher": HAIKU, "checker": NOVA, "terms_accepted": True}


def gate(lines: Sequence[str], folder: Path, documents: TakenDocuments | None = None, **chosen: Any) -> CheckedDataset:
    """The data gate's result for these records and this run.json."""
    (folder / "given.jsonl").write_text("\n".join(lines))
    settings = {"base_model": NOVA_LITE, **chosen}
    choices, found = run_settings.choose(json.dumps(settings).encode(), NOVA_LITE, RunLimits(1))
    return check_dataset(files_in(folder), choices, found, most_jobs=12, documents=documents)


def files_in(folder: Path) -> LocalFiles:
    """A folder's training file."""
    return LocalFiles({"train": folder / "given.jsonl"}, lambda one: one.open("rb"))


def planned(checked: CheckedDataset) -> Plan:
    """The plan of a run on a data set that the gate accepts."""
    assert checked.prepared is not None, [each.message for each in checked.document.issues]
    source = RunSource(bucket="in", key="input/a.jsonl", version_id=None)
    run = Run(id="a", execution_arn="", source=source, output_bucket="out", prefix="runs/a/", claimed_at="")
    return make_plan(run, checked, checked.prepared, RunLimits(1), environment="e", needs_approval=False)


def sets_of(checked: CheckedDataset, folder: Path) -> dict[SetName, list[Question]]:
    """The records of the sets that a run would store."""
    assert checked.prepared is not None
    write_sets(files_in(folder), checked, checked.prepared, set_writer(folder))
    return {
        name: [
            parse_question(index, line)
            for index, line in enumerate((folder / f"{name}.jsonl").read_bytes().splitlines())
        ]
        for name in SET_NAMES
    }


def asked_of_the_simulation(list_asks: Callable[[Replies], Iterable[Ask]]) -> dict[str, StoredReply]:
    """The replies of simulated models with the tokens that the simulation counts, once nothing is left to ask."""
    errors, replies = curator_errors(SimulationSettings()), dict[str, StoredReply]()
    while asks := list(list_asks(replies)):
        turn = Counter(each.model for each in asks)
        for each in asks:
            prompt = each.prompt
            text = BaseModel(0, each.model, errors).answer(prompt.system, [("user", prompt.user)])
            reply = StoredReply(
                id=each.id,
                stage=each.stage,
                model=each.model,
                prompt=prompt.name,
                text=text,
                input_tokens=count_tokens(prompt.system) + count_tokens(prompt.user) + TOKENS_PER_MESSAGE,
                output_tokens=count_tokens(text),
            )
            if takes_batch(each.model, turn[each.model]):
                tokens = {"batch_input_tokens": reply.input_tokens, "batch_output_tokens": reply.output_tokens}
                reply = reply.model_copy(update=tokens)
            replies[each.id] = reply.after(replies.get(each.id))
    return replies


def test_estimate_of_a_simulated_curation_is_within_15_percent_of_its_cost(tmp_path: Path) -> None:
    """Judges, teacher, checker and the tokens that are trained on besides, together."""
    lines = random.Random(1).sample(EXAMPLE.read_text().splitlines(), 100)  # noqa: S311 - no secret
    checked = gate(lines, tmp_path, clean=CLEAN, synthesis=SYNTHESIS)
    run_plan, sets = planned(checked), sets_of(checked, tmp_path)
    curation = run_plan.curation
    assert curation is not None
    assert curation.clean is not None
    assert curation.synthesis is not None
    clean, synthesis = curation.clean, curation.synthesis
    records = [SetRecord(name, question) for name in SET_NAMES for question in sets[name]]
    documents = list_documents(sets["train"])
    judged = asked_of_the_simulation(lambda replies: clean_asks(records, clean, replies))
    compared = compare(run_plan, synthesis, documents, judged)
    # The few that the teacher is asked again are too few for a batch job.
    assert len(compared) == 11
    foreseen, spent = (sum(getattr(each, side) for each in compared) for side in ("estimated_usd", "actual_usd"))
    assert foreseen == pytest.approx(spent, rel=0.15)


def compare(
    run_plan: Plan,
    synthesis: SynthesisSettings,
    documents: Sequence[SourceDocument],
    judged: Mapping[str, StoredReply],
) -> list[LineDifference]:
    """Estimated and actual lines of training and curation, once teacher and checker were asked, too."""
    written = asked_of_the_simulation(lambda replies: synthesis_asks(documents, synthesis, replies))
    pairs = [(each, line) for each in documents for line in follow(each, synthesis, written)]
    new = [record_of(each, line.pair) for each, line in pairs if line.reached == "answerable"]
    (candidate,) = run_plan.candidates
    tokens = candidate.training_set.tokens + sum(estimate_tokens(each.system or "", *each.turns) for each in new)
    final = candidate.training_set.model_copy(update={"tokens": tokens})
    trained = run_plan.model_copy(update={"candidates": [candidate.model_copy(update={"training_set": final})]})
    usage = Usage([1], 1, [1_800.0], {}, [], count_use([*judged.values(), *written.values()]))
    found = report_cost(trained, usage, Costs(default_prices(), estimate(run_plan, default_prices())))
    return [each for each in found.difference.lines if each.id.startswith(("training", "curation/"))]


def test_estimate_of_the_shipped_example_is_within_15_percent_of_its_cost(tmp_path: Path) -> None:
    """Documents in files, of which the run leaves out those of validation and test records."""
    data = EXAMPLE.parent / "synthetic"
    settings = json.loads((data / "run.json").read_text())
    choices, _ = run_settings.choose((data / "run.json").read_bytes(), NOVA_LITE, RunLimits(1))
    taken, stored = taken_documents(data, choices), list[bytes]()
    take_all("documents/", documents_below(data, "documents/"), stored.append)
    checked = gate((data / "train.jsonl").read_text().splitlines(), tmp_path, taken, **settings)
    run_plan, sets = planned(checked), sets_of(checked, tmp_path)
    sources = given_sources(
        [GivenDocument.model_validate_json(each) for each in stored],
        sets["train"],
        [canonical(each) for name in ("validation", "test") for each in sets[name]],
        [canonical(each) for each in sets["train"]],
        base_model(run_plan.base_model),
    )
    assert checked.planned_asks is not None
    assert len(sources.documents) <= checked.planned_asks.documents < 80
    assert choices.settings.synthesis is not None
    compared = compare(run_plan, choices.settings.synthesis, sources.documents, {})
    assert len(compared) == 5
    foreseen, spent = (sum(getattr(each, side) for each in compared) for side in ("estimated_usd", "actual_usd"))
    assert foreseen == pytest.approx(spent, rel=0.15)


PRICED = PRICES.model_copy(
    update={
        "foundation_models": PRICES.foundation_models
        | {HAIKU: SourcedTokenPrice(input=1, output=10), NOVA: SourcedTokenPrice(input=0.1, output=2)}
    }
)
ASKS = PlannedAsks(
    records=500,
    check_tokens=100_000,
    training_tokens=50_000,
    documents=100,
    document_tokens=20_000,
    shown_tokens=4_000,
    context_tokens=220.0,
    pair_tokens=30.0,
    answer_tokens=10.0,
)


def curated(
    *,
    compare: Sequence[TrainingData] = (),
    asks: PlannedAsks = ASKS,
    batch: BatchChoice = "never",
    **changes: Any,
) -> Plan:
    """A plan whose 100 documents get two pairs each, and whose 500 records two judges look at."""
    curation = Curation(
        clean=CleanSettings.model_validate(CLEAN),
        synthesis=SynthesisSettings.model_validate(SYNTHESIS | {"pairs_per_document": 2}),
        compare=list(compare),
        planned=asks,
        batch=batch,
    )
    trained = curation.trained
    made = plan(jobs=len(trained), **changes)
    candidates = [
        one.model_copy(update={"training_set": one.training_set.model_copy(update={"data": data})})
        for one, data in zip(made.candidates, trained, strict=True)
    ]
    return made.model_copy(update={"candidates": candidates, "curation": curation})


def test_each_line_of_the_curation_follows_from_its_formula() -> None:
    """The formulas of docs/cost.md: records by judges, documents, pairs that are expected to come so far."""
    found = estimate(curated(), PRICED)
    lines = {
        each.id.removeprefix("curation/"): each.quantity for each in found.lines if each.id.startswith("curation/")
    }
    grounds, answers = 200 * EXPECTED.new, 200 * EXPECTED.grounded
    checks = grounds * (prompt_tokens(CHECK) + 230) + answers * (prompt_tokens(ANSWER) + 220)
    assert lines == pytest.approx(
        {
            f"cleaning/{NOVA}/input": 100.0,
            f"cleaning/{NOVA}/output": 50.0,
            f"cleaning/{HAIKU}/input": 100.0,
            f"cleaning/{HAIKU}/output": 50.0,
            f"writing/{HAIKU}/input": (100 * prompt_tokens(WRITE) + 24_000) / 1000,
            f"writing/{HAIKU}/output": 200 * 55 / 1000,
            f"checking/{NOVA}/input": checks / 1000,
            f"checking/{NOVA}/output": (grounds * 100 + answers * 17) / 1000,
        }
    )
    assert usd(found)["training"] == pytest.approx(2 * (50_000 + 200 * EXPECTED.kept * 250) / 1000 * 0.01)
    assert "85% of the pairs that the teacher is asked for are counted as kept" in found.lines[0].note


def test_what_is_enough_for_batch_jobs_is_estimated_at_their_price_and_capped_at_the_other() -> None:
    """Bedrock promises no batch job an end: a run that its cap lets begin must not pass it where the map asks all."""
    one_by_one, batch = estimate(curated(), PRICED), estimate(curated(batch="auto"), PRICED)
    assert one_by_one.most_usd is not None
    assert batch.most_usd == pytest.approx(one_by_one.most_usd)
    whole, half = (
        {each.id.replace("/batch", ""): each.usd for each in found.lines if each.id.startswith("curation/")}
        for found in (one_by_one, batch)
    )
    assert half == pytest.approx({id_: usd / 2 for id_, usd in whole.items() if usd is not None})
    few = curated(batch="auto", asks=ASKS.model_copy(update={"records": 99, "documents": 50}))
    assert not [each.id for each in estimate(few, PRICED).lines if "/batch/" in each.id]
    cleaned = few.model_copy(
        update={"curation": Curation(clean=CleanSettings.model_validate(CLEAN), planned=ASKS, batch="auto")}
    )
    only = estimate(cleaned, PRICED)
    assert only.most_usd is not None
    assert only.most_usd > only.known_usd


@pytest.mark.parametrize(("planned_as", "in_batch"), [("auto", False), ("never", True)])
def test_a_failed_run_has_cost_what_its_replies_used_whatever_was_planned(
    planned_as: BatchChoice, in_batch: bool
) -> None:
    """Without the price file: the estimate has the other price."""
    used = USED[0].model_copy(update={"in_batch": in_batch})
    lines = failed_cost(
        curated(), estimate(curated(batch=planned_as), PRICED), FailedUsage(curation=[used])
    ).actual.lines
    ending, share = ("batch/", 0.5) if in_batch else ("", 1.0)
    prefix = f"curation/cleaning/{NOVA}/{ending}"
    expected = {f"{prefix}input": 0.2 * share, f"{prefix}output": 1.0 * share}
    assert {each.id: each.usd for each in lines} == pytest.approx(expected)
    assert all(("in batch jobs" in each.item) == in_batch for each in lines)


def test_each_compared_data_set_costs_its_own_training() -> None:
    """Only the last of the chain has the synthetic records."""
    found = estimate(curated(compare=["original", "cleaned", "synthetic"]), PRICED)
    assert [each.records for each in found.candidates[:3]] == [400, 400, 570]
    assert [each.training_usd for each in found.candidates[:3]] == pytest.approx([1.0, 1.0, 1.0 + 0.85])


def test_cap_counts_with_all_that_a_curation_may_come_to() -> None:
    """A run that its cap lets begin must not pass it because models write well, at length, or twice."""
    found = estimate(curated(), PRICED)
    assert found.most_usd is not None
    between = (found.known_usd + found.most_usd) / 2
    (above,) = cost_findings(found, between, accept_unknown=False)
    assert f"and at most {found.most_usd:,.2f} USD where all synthetic pairs are kept and" in above.message
    assert not cost_findings(found, found.most_usd, accept_unknown=False)
    assert estimate(plan(), PRICED).most_usd is None
    planned = ASKS
    # Both judges, the teacher and both checks, each asked twice; what is trained on has all pairs at full length.
    judging = 2 * (100_000 + 500 * CHECK_SETTINGS.max_tokens * 20) / 1000 * 0.1
    judging += 2 * (100_000 + 500 * CHECK_SETTINGS.max_tokens * 10) / 1000
    longest = write_pairs(DOCUMENT, 2).settings.max_tokens
    writing = 2 * (100 * prompt_tokens(WRITE) + 24_000 + 100 * longest * 10) / 1000
    prompts = prompt_tokens(CHECK) + prompt_tokens(ANSWER) + 2 * 200 + longest
    checking = 2 * 200 * (prompts + (CHECK_SETTINGS.max_tokens + ANSWER_SETTINGS.max_tokens) * 20) / 1000 * 0.1
    training = 2 * (planned.training_tokens + 200 * (planned.context_tokens + longest / 2)) / 1000 * 0.01
    of_curation = [each.usd or 0 for each in found.lines if each.id.startswith(("curation/", "training"))]
    rest = found.known_usd - sum(of_curation)
    assert found.most_usd == pytest.approx(rest + judging + writing + checking + training)


DOCUMENT = SourceDocument("", "A text.", None, AskedMessage("", "A text.", "Why?", ""), ())


@pytest.mark.parametrize(
    ("synthesis", "batch", "where"),
    [
        (None, "never", "models that curate reply twice and as long as they may"),
        (None, "auto", "no batch job answers and models that curate reply twice and as long as they may"),
        (
            SYNTHESIS,
            "auto",
            "all synthetic pairs are kept, no batch job answers and models that curate reply twice and as long as "
            "they may",
        ),
    ],
)
def test_approval_says_once_when_a_run_costs_the_most(
    synthesis: dict[str, Any] | None, batch: BatchChoice, where: str
) -> None:
    """And names nothing that the run does not do."""
    made = curated(batch=batch)
    assert made.curation is not None
    settings = SynthesisSettings.model_validate(synthesis) if synthesis else None
    curation = made.curation.model_copy(update={"synthesis": settings})
    found = estimate(made.model_copy(update={"curation": curation}), PRICED)
    [total] = [line for line in estimate_text(found).splitlines() if "Total" in line]
    assert total.endswith(f"USD where {where}")
    assert total.count("at most") == 1


USED = [
    CurationUse(part="cleaning", model=NOVA, replies=3, input_tokens=2_000, output_tokens=500),
    CurationUse(part="checking", model=NOVA, replies=1, input_tokens=1_000, output_tokens=100),
]


def test_curation_has_cost_what_its_replies_used() -> None:
    """As Bedrock counted them, in a run that succeeds and in one that fails before it trains."""
    made, costs = curated(), Costs(PRICED, estimate(curated(), PRICED))
    cleaning, checking = (f"curation/{part}/{NOVA}/" for part in ("cleaning", "checking"))
    expected = {f"{cleaning}input": 0.2, f"{cleaning}output": 1.0, f"{checking}input": 0.1, f"{checking}output": 0.2}
    succeeded = report_cost(made, Usage([1], 1, [10.0], {}, [], USED), costs)
    found = {each.id: each.usd for each in succeeded.actual.lines if each.id.startswith("curation/")}
    assert found == pytest.approx(expected)
    failed = failed_cost(made, costs.estimate, FailedUsage(curation=USED))
    assert {each.id: each.usd for each in failed.actual.lines} == pytest.approx(expected)
    assert failed.actual.total_usd == pytest.approx(1.5)
    # Trained, and nothing known of the answers: curation is known all the same.
    later = failed_cost(made, costs.estimate, FailedUsage(started_jobs=[1], completed=True, curation=USED))
    assert {each.id: each.usd for each in later.actual.lines if each.id in expected} == pytest.approx(expected)


def test_tokens_of_batch_jobs_are_priced_as_such() -> None:
    """They cost half, or what the price file says."""
    made, costs = curated(), Costs(PRICED, estimate(curated(), PRICED))
    in_batch = [USED[0].model_copy(update={"in_batch": True}), USED[0]]
    prefix = f"curation/cleaning/{NOVA}/"
    expected = {
        f"{prefix}batch/input": 0.1,
        f"{prefix}batch/output": 0.5,
        f"{prefix}input": 0.2,
        f"{prefix}output": 1.0,
    }
    succeeded = report_cost(made, Usage([1], 1, [10.0], {}, [], in_batch), costs).actual.lines
    assert {each.id: each.usd for each in succeeded if each.id.startswith("curation/")} == pytest.approx(expected)
    failed = failed_cost(made, costs.estimate, FailedUsage(curation=in_batch)).actual.lines
    assert {each.id: each.usd for each in failed} == pytest.approx(expected)
    assert {each.id: each.item for each in failed} == {
        each.id: each.item for each in succeeded if each.id.startswith("curation/")
    }


def test_replies_that_could_not_be_counted_are_no_nothing() -> None:
    """The cost is unknown then, of a run that succeeds and of one that fails."""
    made, costs = curated(), Costs(PRICED, estimate(curated(), PRICED))
    succeeded = report_cost(made, Usage([1], 1, [10.0], {}, [], None), costs)
    failed = failed_cost(made, costs.estimate, FailedUsage(curation=None))
    for found in (succeeded, failed):
        assert found.actual.total_usd is None
        assert len(found.actual.unknown) == 8


def with_batch(run_plan: Plan, model: str, *, cleaned: bool = False, **changes: object) -> Plan:
    """A plan whose run has started a batch job of the model in its second turn."""
    known = {"number": 3, "turn": 2, "model": model, "arn": "arn:job", "asks": 500}
    batch = CurationBatch.model_validate({**known, **changes})
    counts = CleaningCounts(judged=400, incorrect=0, removed=0, unreadable=0) if cleaned else None
    assert run_plan.curation is not None
    curation = run_plan.curation.model_copy(update={"batches": [batch], "cleaning": counts})
    return run_plan.model_copy(update={"curation": curation})


@pytest.mark.parametrize(
    ("model", "cleaned", "part"),
    [(NOVA, False, "cleaning"), (NOVA, True, "checking"), (HAIKU, True, "writing")],
)
@pytest.mark.parametrize("planned_as", ["auto", "never"])
def test_a_batch_job_that_nobody_has_read_is_no_nothing(
    model: str, cleaned: bool, part: str, planned_as: BatchChoice
) -> None:
    """AWS bills what it has processed; what others have replied is counted beside it."""
    made = with_batch(curated(batch=planned_as), model, cleaned=cleaned)
    costs = Costs(PRICED, estimate(curated(batch=planned_as), PRICED))
    failed = failed_cost(made, costs.estimate, FailedUsage(curation=USED)).actual
    assert failed.known_usd == pytest.approx(1.5)
    assert failed.total_usd is None
    lines = {each.id: each for each in failed.lines if each.usd is None}
    assert set(lines) == {f"curation/{part}/{model}/batch/unknown/{side}" for side in ("input", "output")}
    assert all("in batch jobs" in each.item and "not known" in each.note for each in lines.values())
    assert sorted(failed.uncounted) == sorted(each.item for each in lines.values())
    succeeded = report_cost(made, Usage([1], 1, [10.0], {}, [], USED), costs).actual
    assert {each.id for each in succeeded.lines if each.usd is None} == set(lines)


@pytest.mark.parametrize(
    ("status", "answered", "is_known"),
    [("Stopped", 0, False), ("Stopped", 20, True), ("Completed", 500, True), ("Failed", 0, True), (None, 0, False)],
)
def test_a_batch_job_that_is_over_is_known_by_its_answers(status: str | None, answered: int, is_known: bool) -> None:
    """A job that was stopped leaves what it has processed; where nothing is found, nobody knows."""
    made = with_batch(curated(), NOVA, status=status, answered=answered)
    found = failed_cost(made, estimate(curated(), PRICED), FailedUsage(curation=USED)).actual
    assert (found.total_usd is not None) == is_known


def test_replies_are_counted_by_part_and_model() -> None:
    """Both questions about a pair are checks."""
    stages: Sequence[CurationStage] = ("answer", "clean", "ground", "write", "clean")
    replies = [
        StoredReply(id=str(at), stage=stage, model=NOVA, prompt="p", text="", input_tokens=10, output_tokens=1)
        for at, stage in enumerate(stages)
    ]
    assert [(each.part, each.replies, each.input_tokens) for each in count_use(replies)] == [
        ("cleaning", 2, 20),
        ("writing", 1, 10),
        ("checking", 2, 20),
    ]
    error = replies[1].model_copy(update={"text": None, "error": "no", "input_tokens": 0, "output_tokens": 0})
    assert count_use([error]) == []
    in_batch = replies[1].model_copy(update={"batch_input_tokens": 10, "batch_output_tokens": 1})
    both = count_use([replies[1], in_batch, in_batch.model_copy(update={"input_tokens": 15})])
    assert [(each.in_batch, each.replies, each.input_tokens) for each in both] == [(False, 2, 15), (True, 2, 20)]


def test_preflight_asks_judges_teacher_and_checker_once_each() -> None:
    """A model that cannot be asked would be found out after hours otherwise."""
    assert needs_of(curated()).asked[-2:] == (
        Asked(NOVA, "a judge of the training records"),
        Asked(HAIKU, "a judge of the training records"),
    )
    only = curated().model_copy(update={"curation": Curation(synthesis=SynthesisSettings.model_validate(SYNTHESIS))})
    assert [each.purpose for each in needs_of(only).asked[-2:]] == [
        "the teacher",
        "the checker of what the teacher writes",
    ]


def test_time_of_the_curation_counts_to_the_runs_time() -> None:
    """A large data set with two judges takes longer than all that is served."""
    large = curated(asks=ASKS.model_copy(update={"records": 25_000, "documents": 1_600}))
    assert asking_seconds(curated()) == (2 * 500 + 100 + 2 * 200) * 5 / 4
    assert asking_seconds(plan()) == 0
    assert enough_time(curated(), 1, RunTime(168, 8, None, 6)).status == "passed"
    found = enough_time(large, 1, RunTime(10, 8, None, 6))
    assert found.status == "failed"
    assert "asks models about its training data for about 20.1 hours before" in found.message
    assert "max_concurrency" in found.findings[0].remedy


def test_time_of_batch_jobs_and_of_both_approvals_counts_to_the_longest_run() -> None:
    """Judges, teacher and both checks wait for a job each, twice where replies could not be read."""
    limits = RunTime(80, 8, 9, 6)
    asked = curated(batch="auto", needs_approval=True)
    assert batch_turns(asked) == 8
    assert batch_turns(curated(batch="never")) == batch_turns(plan()) == 0
    found = enough_time(asked, 1, limits)
    # 8 of the lease, 0.5 of asking, 2 x 9 of a person, 8 x 6.5 of batch jobs.
    assert found.status == "passed"
    found = enough_time(asked, 1, limits._replace(longest_run_hours=78))
    assert found.status == "warning"
    for words in ("up to 9 hours for an approval", "9 hours for that of a removal", "52 hours for batch jobs"):
        assert words in found.message
    assert '"batch" in run.json to "never"' in found.findings[0].remedy
    assert enough_time(curated(batch="never", needs_approval=True), 1, limits).status == "passed"
    few = curated(batch="auto", asks=ASKS.model_copy(update={"records": 99, "documents": 20}))
    assert batch_turns(few) == 0, "too few for a batch job"


def record(document: str | None, question: str, answer: str = "12") -> str:
    """A record that asks about a document, or none."""
    asked = f"<document>{document}</document>\n\n{question}" if document else question
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return json.dumps({"system": "Be brief.", "messages": messages})


def test_gate_counts_the_documents_of_training_alone(tmp_path: Path) -> None:
    """Two questions about each of 60 documents: those that are held out are never written about."""
    names = [f"{chr(97 + at % 26)}{chr(97 + at // 26)}" for at in range(60)]
    lines = [
        record(" ".join(f"{name}{part} {at}" for part in ("brook", "dale", "ford")), f"How many {name}{what}?")
        for at, name in enumerate(names)
        for what in ("brook", "dale")
    ]
    checked = gate(lines, tmp_path, synthesis=SYNTHESIS)
    found, sets = checked.planned_asks, sets_of(checked, tmp_path)
    assert found is not None
    documents = list_documents(sets["train"])
    assert found.documents == len(documents) < 60
    assert found.records == 120
    assert 0 < found.answer_tokens < found.pair_tokens < found.context_tokens
    curation = planned(checked).curation
    assert curation is not None
    assert curation.planned == found
    assert gate(lines, tmp_path).planned_asks is None
    assert gate(lines, tmp_path).document.curation is None
    pairs = 3 * found.documents
    shown = (
        f"Before the training a teacher is asked for {pairs} pairs about {found.documents} documents, which a checker"
    )
    assert checked.document.curation is not None
    assert checked.document.curation.tell().startswith(shown)
    assert shown in render_dataset_page(checked.document, checked.given, checked.prepared)
    judged = gate(lines, tmp_path, clean=CLEAN, synthesis=SYNTHESIS).document
    console = Console(file=StringIO(), width=200)
    tell_dataset(console, judged)
    assert isinstance(console.file, StringIO)
    assert "Before the training 2 judges look at 120 records, and a teacher is asked for" in console.file.getvalue()


def test_gate_refuses_synthesis_without_documents_before_it_costs_anything(tmp_path: Path) -> None:
    """The run would end after its judges were paid."""
    lines = [record(None, f"How much is {at} + 1?", str(at + 1)) for at in range(60)]
    checked = gate(lines, tmp_path, clean=CLEAN, synthesis=SYNTHESIS)
    assert checked.prepared is None
    (found,) = (each for each in checked.document.issues if each.severity == "error")
    assert found.path == "run.json#/synthesis"
    assert "No training record asks about a document in tags" in found.message
    assert gate(lines, tmp_path, clean=CLEAN).prepared is not None


def test_documents_of_a_folder_are_counted_by_their_characters(tmp_path: Path) -> None:
    """Records that ask about no document tell how long a pair is, and the system text that stands before each."""
    lines = [record(None, f"How much is {at} + 1?", str(at + 1)) for at in range(60)]
    taken = TakenDocuments("texts/", DocumentCounts(used=40, characters=16_000), [], tokens=4_000)
    found = gate(lines, tmp_path, taken, synthesis=SYNTHESIS | {"documents": "texts/"}).planned_asks
    assert found is not None
    assert (found.documents, found.document_tokens) == (40, 4_000 + 40 * 3)
    assert found.shown_tokens == round(40 * 5 * found.pair_tokens)
    assert found.context_tokens == 100 + 3
    assert found.pair_tokens == pytest.approx(6, abs=1)


def test_gate_refuses_documents_that_are_all_those_of_held_out_records(tmp_path: Path) -> None:
    """Nothing may be written about them."""
    lines = [record(f"{chr(97 + at % 26)}{chr(97 + at // 26)} {at} apples", f"How many, {at}?") for at in range(60)]
    tested = sets_of(gate(lines, tmp_path), tmp_path)["test"]
    digests = frozenset(content_digest(each.text) for each in list_documents(tested))
    taken = TakenDocuments("texts/", DocumentCounts(used=len(digests), characters=200), [], digests, tokens=50)
    checked = gate(lines, tmp_path, taken, synthesis=SYNTHESIS | {"documents": "texts/"})
    assert checked.prepared is None
    (found,) = (each for each in checked.document.issues if each.severity == "error")
    assert "are those of validation and test records" in found.message
    # `fine-tune clean` looks at no such files.
    plain = [record(None, f"How much is {at} + 1?", str(at + 1)) for at in range(60)]
    assert gate(plain, tmp_path, synthesis=SYNTHESIS | {"documents": "texts/"}).prepared is not None


def test_gate_refuses_a_teacher_whose_terms_nobody_accepted_with_the_link(tmp_path: Path) -> None:
    """Some providers forbid training on their models' answers."""
    lines = [record(f"{at} apples", f"How many, in {at}?", str(at)) for at in range(60)]
    checked = gate(lines, tmp_path, synthesis=SYNTHESIS | {"terms_accepted": False})
    (found,) = (each for each in checked.document.issues if each.path == "run.json#/synthesis")
    assert found.severity == "error"
    assert "https://aws.amazon.com/legal/bedrock/third-party-models/" in found.message
    assert '"terms_accepted": true' in found.message


def test_people_are_told_the_curations_part_and_the_most_that_a_run_can_cost() -> None:
    """Whoever approves must know what the answer is about."""
    found = estimate(curated(), PRICED)
    text = estimate_text(found)
    assert f"USD, and at most {found.most_usd:,.2f} USD where all synthetic pairs are kept" in text
    assert f"writing pairs by {HAIKU}, output: 11.00 x 1,000 tokens, 110.00 USD" in text
    console = Console(file=StringIO(), width=100)
    tell_plan(console, found)
    assert isinstance(console.file, StringIO)
    row = next(line for line in console.file.getvalue().splitlines() if "cleaning, synthesis" in line)
    asked = sum(each.usd or 0 for each in found.lines if each.id.startswith("curation/"))
    assert f"{asked:,.2f}" in row
