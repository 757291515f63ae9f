"""WriteReport."""

import json
from html.parser import HTMLParser

import pytest

from lambdas.handlers.write_report import handler

BUCKET = "output-bucket"
ATTACK = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


def line(index: int, response: str, reference: str = "net sales of 40", prompt: str = "How much?") -> dict:
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


@pytest.fixture
def event(s3, run, plan, job, throughput, expect):
    answers = {
        "tuned": [line(0, "net sales of 40"), line(1, "Net sales of 40."), {"index": 2, "error": "not answered"}],
        "base": [line(0, f"I think that it is {ATTACK}", prompt=ATTACK), line(1, "40"), line(2, "no idea at all")],
    }
    for arm, lines in answers.items():
        body = "".join(json.dumps(answer) + "\n" for answer in lines)
        s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}evaluation/{arm}.jsonl", Body=body.encode())
    output = f"{expect['prefix']}customization/model-customization-job-abc/"
    s3.put_object(
        Bucket=BUCKET,
        Key=f"{output}training_artifacts/step_wise_training_metrics.csv",
        Body=b"step_number,epoch_number,training_loss\n0,1,1.5\n1,1,0.5\n2,2,0.25\n",
    )
    s3.put_object(
        Bucket=BUCKET,
        Key=f"{output}validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv",
        Body=b"step_number,epoch_number,validation_loss\n1,1,0.75\n",
    )
    job |= {"status": "Completed", "model_arn": expect["model_arn"], "ended_at": "2026-01-21T21:59:00.000Z"}
    throughput |= {
        "in_service_at": "2026-01-21T22:20:00.000Z",
        "deleted": True,
        "deleted_at": "2026-01-21T22:25:30.500Z",
    }
    responses = {"tuned": {"n": 3, "errors": 1}, "base": {"n": 3, "errors": 0}}
    return {"run": run, "plan": plan, "job": job, "throughput": throughput, "responses": responses}


@pytest.fixture
def written(s3, expect):
    def read(name: str) -> str:
        return s3.get_object(Bucket=BUCKET, Key=expect["prefix"] + name)["Body"].read().decode()

    return read


def test_every_figure_follows_from_the_stored_answers(event, written, expect, lambda_context):
    """Whoever doubts the report can compute it again."""
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    tuned, base = report["arms"]["tuned"], report["arms"]["base"]
    assert tuned["model_id"] == expect["model_arn"]
    assert (tuned["n"], tuned["errors"]) == (3, 1)
    assert tuned["f1"] == tuned["exact_match"] == pytest.approx(200 / 3)
    assert tuned["output_tokens"] == {"mean": 4, "median": 4, "sd": 0, "min": 4, "max": 4}
    assert tuned["latency_ms"] == {"p50": 100, "p95": 101}
    assert base["f1"] < tuned["f1"]
    assert report["throughput"]["billed_seconds"] == 330.5
    # The first question at 22:20:30, the last answer at 22:24:31.
    assert report["throughput"]["overhead_seconds"] == 330.5 - 241
    assert report["training"]["epochs"] == [
        {"epoch": 1, "training_loss": 1.0, "validation_loss": 0.75},
        {"epoch": 2, "training_loss": 0.25, "validation_loss": None},
    ]


def test_the_report_has_all_keys_of_its_contract(event, written, expect, lambda_context):
    """Programs read it."""
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    assert report["run_id"] == event["run"]["id"]
    assert (report["status"], report["simulated"]) == ("succeeded", False)
    assert report["base_model"] == event["plan"]["base_model"]
    assert report["custom_model_arn"] == expect["model_arn"]
    assert report["dataset"] == {"train": 40, "validation": 0, "test": 3}
    assert set(report["arms"]) == {"tuned", "base"}
    for arm in report["arms"].values():
        assert set(arm) >= {"model_id", "n", "errors", "f1", "f1_seed", "exact_match", "output_tokens", "latency_ms"}
    assert set(report["throughput"]) == {
        "arn",
        "requested_at",
        "in_service_at",
        "deleted_at",
        "lease_ends_at",
        "billed_seconds",
        "overhead_seconds",
    }
    assert report["left_on_purpose"][0]["arn"] == expect["model_arn"]


class Tags(HTMLParser):
    """Collects the elements and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_texts_of_the_data_set_never_become_html(event, written, lambda_context):
    """Prompts and answers come from outside: none may run in the reader's browser, nor fetch anything."""
    handler(event, lambda_context)
    page = written("report.html")
    parser = Tags()
    parser.feed(page)
    assert ATTACK not in page
    assert "&lt;script&gt;alert(1)" in page
    assert {"script", "img", "iframe", "link"}.isdisjoint(tag for tag, _ in parser.elements)
    assert not any(name.startswith("on") or name in {"src", "href"} for _, found in parser.elements for name in found)


@pytest.mark.parametrize("simulated", [True, False])
def test_a_simulated_result_cannot_be_taken_for_a_real_one(event, written, lambda_context, simulated: bool):
    """Its figures say nothing about a model that one could buy."""
    event["job"]["simulated"] = simulated
    told = handler(event, lambda_context)
    assert json.loads(written("report.json"))["simulated"] is simulated
    assert ("SIMULATED" in written("report.html")) is simulated
    assert (told["subject"].startswith("SIMULATED"), told["message"].startswith("SIMULATED")) == (simulated, simulated)


def test_the_notification_tells_the_result_and_where_it_is(event, lambda_context):
    """Many will read nothing else."""
    told = handler(event, lambda_context)
    assert told["uri"] == f"s3://{BUCKET}/runs/{event['run']['id']}/report.json"
    assert "points above its base" in told["message"]
    assert "report.html" in told["message"]
    assert "delete-custom-model" in told["message"]


def test_a_job_without_losses_is_reported_all_the_same(event, written, s3, expect, lambda_context):
    """The losses inform; the verdict does not hang on them."""
    for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{expect['prefix']}customization/")["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=stored["Key"])
    handler(event, lambda_context)
    assert json.loads(written("report.json"))["training"]["epochs"] == []
    assert "no losses" in written("report.html")
