"""CollectAnswers."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import EvaluationFailed
from lambdas.domain.evaluation.judging.rubric import default_rubric
from lambdas.domain.evaluation.shards import BaselineTrouble, ShardTrouble
from lambdas.handlers import composition
from lambdas.handlers.collect_answers import handler
from tests.answer_lines import make_shard_answer

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "output-bucket"
# Stores lines under a key of the run.
Store = Callable[[str, list[dict[str, Any]]], None]
RECORDS = 40
PREFIX = "runs/sales-0123456789ab/"
QUESTION = {
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "r"}],
}
# Two records of each context.
GROUPS = [place // 2 for place in range(RECORDS)]


@pytest.fixture
def store(s3: "S3Client", expect: dict[str, str]) -> Store:
    """Stores lines under the run's prefix."""

    def write(key: str, lines: list[dict[str, Any]]) -> None:
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        s3.put_object(Bucket=BUCKET, Key=expect["prefix"] + key, Body=body)

    return write


@pytest.fixture
def event(
    run: dict[str, Any],
    plan: dict[str, Any],
    model: dict[str, Any],
    served: dict[str, Any],
    throughput: dict[str, Any],
    store: Store,
    s3: "S3Client",
) -> dict[str, Any]:
    plan["dataset"]["test"]["records"] = RECORDS
    halves = [{"number": 0, "first": 0, "records": 20}, {"number": 1, "first": 20, "records": 20}]
    store("shards/tuned.jsonl", [{"arm": "tuned", "model_id": None, **half} for half in halves])
    store("shards/baselines.jsonl", [{"arm": "base", "model_id": "model", **half} for half in halves])
    for arm in ("tuned", "base"):
        for number in (0, 1):
            store(f"shards/{arm}/{number}.jsonl", [line(20 * number + place) for place in range(20)])
    store("dataset/test.jsonl", [QUESTION] * RECORDS)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}dataset/test_groups.json", Body=json.dumps(GROUPS).encode())
    servings = {"leases": [{"number": 1, "serving": throughput}]}
    return {"run": run, "plan": plan, "model": {**model, "served": [served]}, "servings": servings}


def line(index: int) -> dict[str, Any]:
    return asdict(make_shard_answer(index, f"answer {index}"))


def test_each_arm_has_a_line_per_test_record_in_order(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Arms are compared record by record."""
    counts = {"tuned": {"n": 40, "errors": 0}, "base": {"n": 40, "errors": 0}}
    assert handler(event, lambda_context) == {"arms": counts, "pairs": 20, "judge_shards": 0}
    body = s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}evaluation/tuned.jsonl")["Body"].read()
    lines = [json.loads(text) for text in body.splitlines()]
    assert [line["index"] for line in lines] == list(range(RECORDS))
    assert {(line["prompt"], line["reference"]) for line in lines} == {("p", "r")}


def test_up_to_five_per_cent_without_an_answer_are_errors(
    event: dict[str, Any], store: Store, s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """They count as 0 in the scores; the verdict still stands."""
    store("shards/tuned/1.jsonl", [line(20 + place) for place in range(18)])
    assert handler(event, lambda_context)["arms"]["tuned"] == {"n": 40, "errors": 2}
    body = s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}evaluation/tuned.jsonl")["Body"].read()
    assert json.loads(body.splitlines()[-1]) == {"index": 39, "error": "not answered"}


def test_more_end_the_run_naming_the_arm_and_the_commonest_error(
    event: dict[str, Any], store: Store, lambda_context: LambdaContext
) -> None:
    """No verdict could be trusted, and the person needs the cause, not a count."""
    failed = [{"index": place, "error": "ValidationException: too long"} for place in range(3)]
    store("shards/tuned/0.jsonl", [*failed, *[line(place) for place in range(3, 20)]])
    with pytest.raises(EvaluationFailed, match=r"tuned: 3 of 40 records \(7\.5 %\), most often: ValidationException"):
        handler(event, lambda_context)


def test_a_shard_that_stored_nothing_is_a_shard_of_errors(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """A shard may fail for good: the map tolerates it, the count must not forget it."""
    s3.delete_object(Bucket=BUCKET, Key=f"{expect['prefix']}shards/tuned/0.jsonl")
    with pytest.raises(EvaluationFailed, match="tuned: 20 of 40 records"):
        handler(event, lambda_context)


@pytest.fixture
def second(event: dict[str, Any], served: dict[str, Any], store: Store) -> dict[str, Any]:
    """The lease of a second candidate, whose answers are stored."""
    shards = f"{PREFIX}shards/candidates.jsonl"
    event["model"]["served"].append({**served, "number": 2, "arm": "candidate-2", "chosen": False, "shards": shards})
    halves = [{"number": 0, "first": 0, "records": 20}, {"number": 1, "first": 20, "records": 20}]
    store("shards/candidates.jsonl", [{"arm": "tuned", "model_id": None, **half} for half in halves])
    for number in (0, 1):
        store(f"shards/candidate-2/{number}.jsonl", [line(20 * number + place) for place in range(20)])
    lease: dict[str, Any] = {"number": 2, "failure": None}
    event["servings"]["leases"].append(lease)
    return lease


def test_each_served_candidate_is_an_arm(
    event: dict[str, Any], second: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Its answers are a point of the learning curve; judges compare the chosen one with its base alone."""
    collected = handler(event, lambda_context)
    assert collected["arms"]["candidate-2"] == {"n": 40, "errors": 0}
    assert collected["pairs"] == 20
    body = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}evaluation/candidate-2.jsonl")["Body"].read()
    assert [json.loads(text)["index"] for text in body.splitlines()] == list(range(RECORDS))


def test_a_candidate_whose_lease_failed_is_missing_with_its_reason(
    event: dict[str, Any], second: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """The verdict is about the chosen one, whose answers were paid for."""
    cause = json.dumps({"errorMessage": "Bedrock refused it.", "errorType": "ThroughputFailed", "stackTrace": []})
    second["failure"] = {"Error": "ThroughputFailed", "Cause": cause}
    for number in (0, 1):
        s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}shards/candidate-2/{number}.jsonl")
    missing = handler(event, lambda_context)["arms"]["candidate-2"]
    assert missing == {"n": 40, "errors": 40, "missing": "ThroughputFailed: Bedrock refused it."}


def test_a_candidate_that_could_not_be_asked_is_missing_with_the_error_of_its_shards(
    event: dict[str, Any], second: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Its map tells only that too many shards failed."""
    second["failure"] = {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "exceeded"}
    trouble = ShardTrouble(arm="candidate-2", number=1, error="ServiceBusy", message="It is busy.")
    composition.root.adapters.answers.write_trouble(BUCKET, PREFIX, "candidate-2", trouble)
    s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}shards/candidate-2/1.jsonl")
    missing = handler(event, lambda_context)["arms"]["candidate-2"]
    assert missing == {"n": 40, "errors": 20, "missing": "It is busy."}


def test_a_baseline_with_too_few_answers_is_missing_with_its_reason(
    event: dict[str, Any], store: Store, s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """The model is trained and has answered: what its base lacks must not cost the run its result."""
    event["plan"]["evaluation"] |= {"judges": ["judge-a"]}
    failed = [{"index": place, "error": "ValidationException: too long"} for place in range(3)]
    store("shards/base/0.jsonl", [*failed, *[line(place) for place in range(3, 20)]])
    collected = handler(event, lambda_context)
    words = "No answer to 3 of 40 records (7.5 %), most often: ValidationException: too long."
    assert collected["arms"]["base"] == {"n": 40, "errors": 3, "missing": words}
    # There is nothing to compare, for judges neither.
    assert (collected["pairs"], collected["judge_shards"]) == (0, 0)
    assert s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}judging/pairs.jsonl")["Body"].read() == b""


def test_a_baseline_that_could_not_be_asked_is_missing_with_the_error_of_its_shards(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Where a shard failed, its records say only that they have no answer."""
    trouble = BaselineTrouble(number=0, error="EvaluationFailed", message="It cannot be asked.", final=True)
    composition.root.adapters.answers.write_baseline_trouble(BUCKET, expect["prefix"], "base", trouble)
    for number in (0, 1):
        s3.delete_object(Bucket=BUCKET, Key=f"{expect['prefix']}shards/base/{number}.jsonl")
    assert handler(event, lambda_context)["arms"]["base"] == {"n": 40, "errors": 40, "missing": "It cannot be asked."}


def test_pairs_are_of_different_contexts_and_judges_get_them_in_shards(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Records of one context are not independent, and a judge must know what form the task asks for."""
    event["plan"]["evaluation"] |= {"judges": ["judge-a", "judge-b"], "judged_pairs": 15}
    assert handler(event, lambda_context)["judge_shards"] == 4

    def read(key: str) -> list[dict[str, Any]]:
        body = s3.get_object(Bucket=BUCKET, Key=expect["prefix"] + key)["Body"].read()
        return [json.loads(text) for text in body.splitlines()]

    pairs = read("judging/pairs.jsonl")
    assert len(pairs) == len({GROUPS[pair["index"]] for pair in pairs}) == 15
    assert {pair["task"] for pair in pairs} == {"Be brief.\n\np"}
    assert read("shards/judges.jsonl") == [
        {
            "judge": judge,
            "number": number,
            "first": 10 * number,
            "records": records,
            "rubric": [criterion.model_dump() for criterion in default_rubric()],
        }
        for judge in ("judge-a", "judge-b")
        for number, records in ((0, 10), (1, 5))
    ]
