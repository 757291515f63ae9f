"""A run that has its answers, and what it writes of its result."""

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "output-bucket"
ATTACK = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


class Written(Protocol):
    """A file under a run's prefix as text."""

    def __call__(self, name: str, prefix: str = ...) -> str: ...


class Store(Protocol):
    """Stores a file under a run's prefix: bytes as they are, else a line of JSON for each value."""

    def __call__(self, name: str, *values: object, prefix: str = ..., bucket: str = ...) -> None: ...


def line(index: int, response: str, reference: str = "net sales of 40", prompt: str = "How much?") -> dict[str, Any]:
    return {
        "index": index,
        "prompt": prompt,
        "reference": reference,
        "response": response,
        "input_tokens": 10,
        "output_tokens": len(response.split()),
        "latency_ms": 100 + index,
        "stop_reason": "end_turn",
        "asked_at": f"2026-01-21T22:20:{index + 30:02}.000Z",
        "answered_at": f"2026-01-21T22:24:{index + 30:02}.000Z",
    }


def preflight_document(**changes: object) -> dict[str, object]:
    """`preflight.json` of a preflight that found nothing."""
    nothing: dict[str, object] = {"checks": [], "findings": [], "estimate": None}
    return {"status": "passed", "checked_at": "2026-11-01T00:00:00.000Z", **nothing, **changes}


@pytest.fixture
def store(s3: "S3Client", expect: dict[str, str]) -> Store:
    """Stores files, by default under the run's prefix."""

    def write(name: str, *values: object, prefix: str = expect["prefix"], bucket: str = BUCKET) -> None:
        lines = [value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values]
        s3.put_object(Bucket=bucket, Key=prefix + name, Body=b"".join(lines))

    return write


@pytest.fixture
def event(
    store: Store,
    run: dict[str, Any],
    plan: dict[str, Any],
    jobs: dict[str, Any],
    model: dict[str, Any],
    throughput: dict[str, Any],
    expect: dict[str, str],
) -> dict[str, Any]:
    """The state of a run with three test records, one of which the tuned model did not answer."""
    answers = {
        "tuned": [line(0, "net sales of 40"), line(1, "Net sales of 40."), {"index": 2, "error": "not answered"}],
        "base": [line(0, f"I think that it is {ATTACK}", prompt=ATTACK), line(1, "40"), line(2, "no idea at all")],
    }
    for arm, lines in answers.items():
        store(f"evaluation/{arm}.jsonl", *lines)
    store("dataset/test_groups.json", [0, 1, 2])
    output = "customization/c1/model-customization-job-abc/"
    store(
        f"{output}training_artifacts/step_wise_training_metrics.csv",
        b"step_number,epoch_number,training_loss\n0,1,1.5\n1,1,0.5\n2,2,0.25\n",
    )
    store(
        f"{output}validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv",
        b"step_number,epoch_number,validation_loss\n1,1,0.75\n",
    )
    jobs["status"] = "Completed"
    jobs["candidates"][0] |= {"status": "Completed", "model_arn": expect["model_arn"], "model": "kept"}
    throughput |= {
        "in_service_at": "2026-01-21T22:20:00.000Z",
        "deleted": True,
        "deleted_at": "2026-01-21T22:25:30.500Z",
    }
    return {
        "run": run,
        "plan": plan,
        "jobs": jobs,
        "model": model,
        "servings": {"leases": [{"number": 1, "serving": throughput}]},
        "responses": {
            "arms": {"tuned": {"n": 3, "errors": 1}, "base": {"n": 3, "errors": 0}},
            "pairs": 0,
            "judge_shards": 0,
        },
    }


@pytest.fixture
def clear_gain(store: Store, event: dict[str, Any]) -> dict[str, Any]:
    """Forty contexts in which the tuned model is right and its base is wrong."""
    arms = {"tuned": "net sales of 40", "base": "no idea at all"}
    for arm, answer in arms.items():
        store(f"evaluation/{arm}.jsonl", *(line(index % 20, answer) | {"index": index} for index in range(40)))
    store("dataset/test.jsonl", *({"messages": [{"question": index}]} for index in range(40)))
    store("dataset/test_groups.json", list(range(40)))
    event["plan"]["dataset"]["test"]["records"] = 40
    return event


@pytest.fixture
def written(s3: "S3Client", expect: dict[str, str]) -> Written:
    """Reads what a run has written under its prefix."""

    def read(name: str, prefix: str = expect["prefix"]) -> str:
        return s3.get_object(Bucket=BUCKET, Key=prefix + name)["Body"].read().decode()

    return read
