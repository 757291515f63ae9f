"""No input, and no answer of Bedrock's, makes the execution's state larger than it may be."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError
from pydantic import BaseModel

from lambdas.adapters.aws.service_errors import Refused, named_errors
from lambdas.domain.batch.batch_models import batch_models
from lambdas.domain.core import state_budget
from lambdas.domain.core.errors import CustomizationFailed, DatasetRejected, InvalidEvent
from lambdas.domain.core.finding import Finding
from lambdas.domain.core.outside_text import json_bytes
from lambdas.domain.core.state_budget import CAUGHT_BYTES, ERROR_BYTES, FACT_BYTES, MOST_FINDINGS, STATE_BYTES
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.curation.batches import CurationBatch, batch_number
from lambdas.domain.curation.cleaning import CleaningCounts
from lambdas.domain.curation.synthesis import SynthesisFunnel
from lambdas.domain.dataset.planned_set import TrainingSet
from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.checks import failure_message
from lambdas.domain.training import candidate_jobs
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.customization import JobDescription
from lambdas.handlers import claim_run, composition, explain_failure, validate_dataset
from lambdas.handlers.observability import observed
from lambdas.steps.clock import Clock
from stacks.definition import PATH
from tests.unit.test_cost import plan

DEFINITION = json.loads(PATH.read_text())

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

HOSTILE = '\x1b]8;;http://evil.example\x07\u202e\u200b\nRun: http://evil.example "\\ \U0001f600'
LONG = HOSTILE * 40_000
RAW = ("\x1b", "\x07", "\u202e", "\u200b", "://evil")
RUN = {
    "id": "sales-0123456789ab",
    "execution_arn": "arn:aws:states:::execution:e",
    "source": {"bucket": "input-bucket", "key": "input/sales/train.jsonl", "version_id": None},
    "output_bucket": "output-bucket",
    "prefix": "runs/sales-0123456789ab/",
    "claimed_at": "2026-11-21T21:40:37.123Z",
}
RECORDS = "".join(json.dumps({"prompt": f"question {n}?", "completion": f"{n}"}) + "\n" for n in range(240)).encode()
ABOUT_DOCUMENTS = "".join(
    json.dumps(
        {
            "prompt": f"<document>\nHall {n} has {n} seats.\n</document>\n\nHow many seats has hall {n}?",
            "completion": f"{n}",
        }
    )
    + "\n"
    for n in range(240)
).encode()
# As many and as long as run.json may have them.
EVALUATION: dict[str, Any] = {
    "few_shot": 3,
    "models": [f"m{n}{'x' * 254}" for n in range(5)],
    "judges": [f"j{n}{'x' * 254}" for n in range(5)],
    "rubric": [{"name": f"c{n}{'x' * 38}", "description": "\U00020000" * 200} for n in range(8)],
    "prices": {f"{n:02d}{'p' * 254}": {"input": 1.2345678901234567, "output": 1.2345678901234567} for n in range(50)},
}
WIDEST: dict[str, Any] = {
    "base_model": "anthropic.claude-3-haiku-20240307-v1:0:200k",
    "tags": {f"{n:03d}{'t' * 125}": "v" * 256 for n in range(40)},
    "sweep": {"jobs": 12},
    "learning_curve": {"fractions": [0.5 + number / 25 for number in range(12)]},
    "serve": list(range(1, 13)),
    "evaluation": EVALUATION,
}


def prepare(s3: "S3Client", context: LambdaContext, settings: object, records: bytes = RECORDS) -> dict[str, Any]:
    # The upload lies a minute back, so that the folder is not waited for.
    composition.root.clock = Clock(now=lambda: later(now(), 60))
    for key, body in (("run.json", json.dumps(settings, ensure_ascii=False).encode()), ("train.jsonl", records)):
        s3.put_object(Bucket="input-bucket", Key=f"input/sales/{key}", Body=body)
    return validate_dataset.handler({"run": RUN}, context)


def assert_clean(text: str) -> None:
    assert not [raw for raw in RAW if raw in text]


def caught(error: str, message: str) -> dict[str, Any]:
    """What a Catch keeps of a handler's error, whose trace has 25 frames."""
    cause = json.dumps({"errorMessage": message, "errorType": error, "stackTrace": ["  File …, line 1\n"] * 25})
    return {"Error": error, "Cause": cause}


def test_the_facts_together_stay_within_the_state() -> None:
    """The one place where the shares are summed, by the lanes in which they stand side by side."""
    facts = sum(size for name, size in FACT_BYTES.items() if name not in ("report", "explanation"))
    assert facts + len(state_budget.FAILED_LANE) * CAUGHT_BYTES + FACT_BYTES["explanation"] <= STATE_BYTES
    assert facts + len(state_budget.SUCCEEDED_LANE) * CAUGHT_BYTES + FACT_BYTES["report"] <= STATE_BYTES
    assert json_bytes(caught("E" * 256, '"' * (ERROR_BYTES // 2))) <= CAUGHT_BYTES


@pytest.mark.parametrize(
    "hyperparameters",
    [{f"{n}{HOSTILE}": HOSTILE for n in range(3_000)}, {LONG[:400_000]: LONG[:40_000]}],
    ids=["many", "long"],
)
def test_the_widest_settings_make_a_plan_of_its_size(
    s3: "S3Client",
    lambda_context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
    hyperparameters: dict[str, object],
) -> None:
    """Hyperparameters are any JSON until the preflight refuses them."""
    monkeypatch.setenv("ALLOWED_MODELS", json.dumps([*EVALUATION["models"], *EVALUATION["judges"]]))
    plan = prepare(s3, lambda_context, {**WIDEST, "hyperparameters": hyperparameters})
    assert json_bytes(plan) <= FACT_BYTES["plan"]
    assert plan["settings_findings"]
    assert_clean(json.dumps(plan["settings_findings"], ensure_ascii=False))


def longest_model(of: str) -> str:
    """A model's id of the family, as long as one may be."""
    return f"{of}{'x' * (256 - len(of))}"


def curated_batches() -> list[CurationBatch]:
    """Those of every turn, each of its questions asked twice: of the longest profile that takes batch jobs."""
    model = max((f"global.{each}" for each in batch_models().models), key=len)
    arn = f"arn:aws-us-gov:bedrock:ap-southeast-2:123456789012:model-invocation-job/{'a' * 12}"
    places = [(turn, index) for turn in range(1, 9) for index in range(2 if turn <= 2 else 1)]
    return [
        CurationBatch(
            number=batch_number(turn, index) or 0,
            turn=turn,
            model=model,
            arn=arn,
            asks=50_000,
            status="PartiallyCompleted",
            answered=49_999,
        )
        for turn, index in places
    ]


def test_the_widest_curation_stays_within_the_plan_s_size(
    s3: "S3Client", lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a batch job in each turn and a removal that a person has approved, behind the widest other settings."""
    judges = [longest_model("us.anthropic.claude-"), longest_model("us.amazon.nova-")]
    synthesis = {"teacher": judges[0], "checker": judges[1], "documents": "training", "terms_accepted": True}
    allowed = [*EVALUATION["models"], *EVALUATION["judges"], *judges]
    monkeypatch.setenv("ALLOWED_MODELS", json.dumps(allowed))
    settings = {name: value for name, value in WIDEST.items() if name != "learning_curve"}
    settings |= {"clean": {"judges": judges, "mode": "remove"}, "synthesis": synthesis}
    settings |= {"hyperparameters": {f"{n}{HOSTILE}": HOSTILE for n in range(MOST_FINDINGS + 1)}}
    planned = Plan.parse(prepare(s3, lambda_context, settings, ABOUT_DOCUMENTS))
    assert planned.curation is not None
    curated = planned.curation.model_copy(
        update={
            # The longest that run.json may have.
            "synthesis": planned.curation.synthesis
            and planned.curation.synthesis.model_copy(update={"documents": "d" * 256}),
            "context_tag": "t" * 64,
            "status": "done",
            "turn": 10,
            "shards": f"{RUN['prefix']}curation/shards-10.jsonl",
            "batches": curated_batches(),
            "wait_seconds": 1_800,
            "waited_seconds": 88_200,
            "cleaning": CleaningCounts(judged=50_000, incorrect=50_000, removed=50_000, unreadable=50_000),
            "funnel": SynthesisFunnel(
                asked=500_000, parsed=500_000, new=500_000, grounded=500_000, answerable=500_000, kept=500_000
            ),
        }
    )
    assert json_bytes(planned.model_copy(update={"curation": curated}).dump()) <= FACT_BYTES["plan"]
    decided = DEFINITION["States"]["KeepCurationDecision"]
    assert decided["ResultPath"] == "$.curation_approval"
    assert json_bytes(decided["Result"]) <= FACT_BYTES["curation_approval"]


@pytest.mark.parametrize(
    "settings",
    [
        {HOSTILE: 1, **{f"{n}\u202e\n{'x' * 40}": 1 for n in range(10_000)}},
        {LONG[:500_000]: 1},
        {"evaluation": {"models": [HOSTILE * 1_000] * 5}, "tags": {HOSTILE * 1_000: "x"}},
        {"base_model": HOSTILE * 10_000},
        {"evaluation": {"judges": ["a" * 256] * 5, "gate": {"metric": LONG[:100_000]}}},
    ],
    ids=["keys", "key", "models", "base model", "values"],
)
def test_refused_settings_are_told_within_an_error_s_size(
    s3: "S3Client", lambda_context: LambdaContext, settings: object
) -> None:
    """Each line of the message is one of ours: a key that has line breaks and links gets none of them into it."""
    with pytest.raises(DatasetRejected) as refused:
        prepare(s3, lambda_context, settings)
    message = str(refused.value)
    assert json_bytes(message) <= ERROR_BYTES
    assert_clean(message)
    assert all(line.startswith(("The data set has", "- ", "Full report:")) for line in message.split("\n"))
    issues = stored_issues(s3)
    assert "has more than" not in message
    assert max(len(issue["path"]) for issue in issues) <= 330
    assert_clean(json.dumps(issues, ensure_ascii=False))


@pytest.mark.parametrize(
    "record",
    [
        {LONG[:900_000]: 1, "prompt": "q", "completion": "a"},
        {"messages": [{HOSTILE: 1, "role": HOSTILE, "content": []}] * 5_000},
        {"/".join("~" * 10_000): 1, "prompt": "q", "completion": "a"},
        {**{f"{n}{HOSTILE}": 1 for n in range(10_000)}, "prompt": "q", "completion": "a"},
    ],
    ids=["key", "messages", "pointer", "keys"],
)
def test_a_refused_record_is_told_within_an_error_s_size(
    s3: "S3Client", lambda_context: LambdaContext, record: object
) -> None:
    """Its keys stand in the paths and in the messages."""
    with pytest.raises(DatasetRejected) as refused:
        prepare(s3, lambda_context, {}, json.dumps(record).encode() + b"\n")
    assert json_bytes(str(refused.value)) <= ERROR_BYTES
    assert_clean(str(refused.value))
    assert max(len(issue["path"]) for issue in stored_issues(s3)) <= 330


def stored_issues(s3: "S3Client") -> list[dict[str, Any]]:
    stored = s3.get_object(Bucket="output-bucket", Key=f"{RUN['prefix']}dataset/report.json")["Body"].read()
    issues: list[dict[str, Any]] = json.loads(stored)["issues"]
    return issues


def test_the_longest_key_makes_a_run_of_its_size_and_a_longer_one_is_refused(
    s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Anybody who may start executions can hand one any event."""

    def claim(key: str, version: str) -> dict[str, Any]:
        detail = {"bucket": {"name": "input-bucket"}, "object": {"key": key, "version-id": version}}
        event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        return claim_run.handler({"event": event, "execution_arn": "arn:aws:states:::execution:e"}, lambda_context)

    key = "\x01".join(["input/", *[""] * 1_011, ".jsonl"])
    assert json_bytes(claim(key, "v" * 1_024)["run"]) <= FACT_BYTES["run"]
    for wrong in (f"input/{'x' * 100_000}.jsonl", f"{HOSTILE}.txt"):
        with pytest.raises(InvalidEvent) as refused:
            claim(wrong, "v")
        assert json_bytes(str(refused.value)) <= ERROR_BYTES
        assert_clean(str(refused.value))


def test_the_preflight_tells_what_it_found_within_an_error_s_size() -> None:
    """Bedrock's own words stand in its findings."""
    findings = [Finding(check=f"check-{n}", severity="error", message=LONG, remedy=LONG) for n in range(500)]
    message = failure_message(findings, "s3://output-bucket/runs/x/preflight.json")
    assert len(message) <= ERROR_BYTES
    assert_clean(message)
    assert all(line.startswith(("The preflight", "- ", "All of it")) for line in message.split("\n"))


def test_the_widest_estimate_is_of_its_size() -> None:
    """It names each arm and judge without a price."""
    models = {f"m{n}{'x' * 254}": f"m{n}{'x' * 254}" for n in range(6)}
    judged = EvaluationSettings.model_validate({**EVALUATION, "max_tokens": 64, "judged_pairs": 100})
    widest = plan(base_model=WIDEST["base_model"], arms=plan_arms(models, 3), evaluation=judged)
    assert json_bytes(estimate(widest, default_prices()).summary().dump()) + 500 <= FACT_BYTES["preflight"]


def test_a_sweep_s_failures_make_a_job_of_its_size() -> None:
    """Bedrock's message of each job stands in the state."""
    arn = f"arn:aws:bedrock:us-west-2:123456789012:model-customization-job/{'a' * 200}"
    at = "2026-01-21T21:01:00.000Z"
    job = JobDescription("n" * 63, arn, "Failed", arn, at, at, False, failure_message=LONG)
    candidates = []
    for number in range(1, 13):
        planned = Candidate(
            number=number,
            hyperparameters={f"name{n}": "0.123456789012" for n in range(6)},
            training_set=TrainingSet(uri="s3://bucket/train.jsonl", records=40, tokens=9000),
        )
        one = candidate_jobs.plan_job(planned, "n" * 63)
        candidates.append(candidate_jobs.describe_job(one, job))
    candidates[0] = candidates[0].model_copy(update={"status": "InProgress"})
    state = candidate_jobs.record_starts(Jobs(status="InProgress", candidates=candidates), candidates).dump()
    assert json_bytes(state) <= FACT_BYTES["jobs"]
    assert_clean(json.dumps(state, ensure_ascii=False))


def test_a_failure_is_explained_within_its_size_and_the_message_is_ours(
    s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """All that can be caught together, each of the longest cause that Step Functions keeps."""
    long = (HOSTILE * 1_000)[:32_000]
    state = {
        "run": RUN,
        "failure": caught("KeyError", long),
        "stop_failure": caught("Refused", long),
        "deletion_failure": caught("ThroughputNotDeleted", long),
        "discard_failure": caught("Refused", long),
    }
    for some in (state, {key: state[key] for key in ("run", "failure", "stop_failure")}):
        explanation = explain_failure.handler(some, lambda_context)
        assert json_bytes(explanation) <= FACT_BYTES["explanation"]
        assert len(explanation["subject"]) <= 100
        assert explanation["subject"].isascii()
        assert_clean(explanation["message"] + explanation["cause"])
        assert [line for line in explanation["message"].split("\n") if line.startswith("Run:")] == [f"Run: {RUN['id']}"]


class _Strict(BaseModel):
    number: int


def _deep(depth: int) -> None:
    if depth == 0:
        raise CustomizationFailed("No.")
    _deep(depth - 1)


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (lambda: {"": 1}[LONG], "KeyError"),
        (lambda: _Strict.model_validate({"number": LONG}), "ValidationError"),
        (lambda: (_ for _ in ()).throw(CustomizationFailed(LONG)), "CustomizationFailed"),
        (lambda: (_ for _ in ()).throw(Refused("Op", "Code", LONG)), "Refused"),
        (lambda: _deep(200), "CustomizationFailed"),
    ],
)
def test_a_handler_s_error_is_of_its_size_and_keeps_its_name(
    fail: Callable[[], object], error: str, lambda_context: LambdaContext
) -> None:
    """Catches go by the name; message and trace are what Step Functions keeps."""

    @observed
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        fail()
        return {}

    with pytest.raises(Exception) as raised:
        handler({}, lambda_context)
    assert type(raised.value).__name__ == error
    assert json_bytes(str(raised.value)) <= ERROR_BYTES
    assert not [raw for raw in RAW[:4] if raw in str(raised.value)]
    assert len(raised.traceback) < 40


def test_bedrock_s_own_words_are_one_line_without_links() -> None:
    """They come into messages and reports from here."""
    response = {
        "Error": {"Code": "ValidationException", "Message": LONG},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    with pytest.raises(Refused) as refused, named_errors("CreateModelCustomizationJob"):
        raise ClientError(cast(Any, response), "CreateModelCustomizationJob")
    assert len(refused.value.message) <= 1_000
    assert_clean(str(refused.value))
    assert "\n" not in str(refused.value)
