"""EvaluateAndReport: the report, its page and the review's."""

import hashlib
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, get_args

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import __version__
from lambdas.domain.report import approval
from lambdas.domain.report.run_report import RunReport, SucceededReport
from lambdas.handlers import composition
from lambdas.handlers.evaluate_and_report import handler
from local.bedrock.settings import StopReason
from tests.handlers.bedrock.results.conftest import ATTACK, BUCKET, Store, Written, line, preflight_document

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def test_every_figure_follows_from_the_stored_answers(
    event: dict[str, Any], written: Written, expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Whoever doubts the report can compute it again."""
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    tuned, base = report["arms"]["tuned"], report["arms"]["base"]
    assert tuned["model_id"] == expect["model_arn"]
    assert (tuned["n"], tuned["errors"]) == (3, 1)
    assert tuned["f1"] == tuned["exact_match"] == 100
    assert tuned["output_tokens"] == {"mean": 4, "median": 4, "sd": 0, "min": 4, "max": 4}
    assert tuned["latency_ms"] == {"p50": 100, "p95": 101}
    assert base["f1"] < tuned["f1"]
    assert report["throughput"]["billed_seconds"] == report["serving"]["served_seconds"] == 330.5
    # The first question at 22:20:30, the last answer at 22:24:31.
    assert report["throughput"]["overhead_seconds"] == 330.5 - 241
    assert report["training"]["epochs"] == [
        {"epoch": 1, "training_loss": 1.0, "validation_loss": 0.75},
        {"epoch": 2, "training_loss": 0.25, "validation_loss": None},
    ]


def test_the_tuned_models_errors_are_written_for_a_spreadsheet(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
    """Whoever decides looks through them first; the page names the file."""
    handler(event, lambda_context)
    assert "no answer" in written("errors.csv")
    assert "<code>errors.csv</code>" in written("report.html")


def test_the_report_has_all_keys_of_its_contract(
    event: dict[str, Any], written: Written, expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Programs read it."""
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    assert set(report) == set(RunReport.model_fields) - {"error"}
    assert SucceededReport.parse(report).dump() == report
    assert report["run_id"] == event["run"]["id"]
    assert (report["status"], report["simulated"]) == ("succeeded", False)
    assert report["base_model"] == event["plan"]["base_model"]
    assert report["custom_model_arn"] == expect["model_arn"]
    assert report["dataset"] == {"train": 40, "validation": 0, "test": 3}
    assert set(report["arms"]) == {"tuned", "base"}
    for arm in report["arms"].values():
        assert set(arm) >= {
            *("model_id", "n", "errors", "f1", "f1_seed", "exact_match", "output_tokens", "latency_ms"),
            *("rouge_l", "numeric_match", "few_shot", "price_per_1000"),
        }
    for entry in report["comparisons"]:
        assert set(entry) >= {"arm", "against", "metric", "difference", "interval", "p_value", "groups"}
    assert set(report["judging"]) >= {"judges", "kappa"}
    assert set(report["training"]) >= {"epochs", "best_epoch", "stopped_early"}
    assert report["training"]["best_epoch"] == 1
    assert set(report["decision"]) >= {"verdict", "reasons"}
    assert set(report["throughput"]) == {
        "arn",
        "requested_at",
        "in_service_at",
        "deleted_at",
        "lease_ends_at",
        "billed_seconds",
        "overhead_seconds",
        "cost_usd",
    }
    assert report["left_on_purpose"][0]["arn"] == expect["model_arn"]


def test_each_run_on_a_test_set_is_counted_once_and_told(
    event: dict[str, Any], store: Store, written: Written, lambda_context: LambdaContext, s3: "S3Client"
) -> None:
    """A team that tries until something is promoted reads how likely that was by luck."""
    record = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]}
    store("dataset/test.jsonl", record)
    for _ in range(2):
        handler(event, lambda_context)
    first = json.loads(written("report.json"))
    assert (first["test_set"]["runs"], first["test_set"]["luck_percent"]) == (1, 2.5)
    key = f"test-sets/{first['test_set']['sha256']}"
    for other in range(7):
        s3.put_object(Bucket=BUCKET, Key=f"{key}/earlier-{other}", Body=b"{}")
    s3.delete_object(Bucket=BUCKET, Key=f"{key}/{event['run']['id']}")
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    assert report["test_set"]["runs"] == 8
    assert "the 8th run on this test set" in report["decision"]["reasons"][-1]
    assert report["decision"]["verdict"] == first["decision"]["verdict"]
    assert "the 8th run on this test set" in written("report.html")


def test_a_run_that_was_served_on_demand_has_no_throughput_and_says_how_it_was_served(
    event: dict[str, Any],
    deployment: dict[str, Any],
    written: Written,
    expect: dict[str, str],
    lambda_context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time is billed to nobody: no price by the hour may reach the report, nor null where 0 is known."""
    monkeypatch.setenv("MODEL_UNIT_PRICE_PER_HOUR", "40")
    monkeypatch.setattr(composition, "root", composition.Root())
    times = {"in_service_at": "2026-01-21T22:04:00.000Z", "deleted_at": "2026-01-21T22:09:00.000Z"}
    event["plan"]["serving"] = "on_demand"
    event["servings"]["leases"][0]["serving"] = {**deployment, **times, "deleted": True}
    result = handler(event, lambda_context)
    report = json.loads(written("report.json"))
    requested = {"arn": expect["deployment_arn"], "requested_at": "2026-01-21T22:00:00.000Z"}
    assert report["serving"] == {"kind": "on_demand", **requested, **times, "served_seconds": 300}
    nothing = dict.fromkeys(("arn", "requested_at", "in_service_at", "deleted_at", "lease_ends_at", "overhead_seconds"))
    assert report["throughput"] == {**nothing, "billed_seconds": 0, "cost_usd": 0}
    assert "The custom model deployment is deleted; it was in service for 300 s." in result["message"]
    page = written("report.html")
    assert "Custom model deployment, on demand" in page
    assert expect["deployment_arn"] in page
    assert "none: AWS bills the tokens of the answers" in page
    assert "model unit" not in page


@pytest.mark.parametrize("stop_reason", get_args(StopReason))
def test_an_arm_that_answered_nothing_but_refusals_is_counted_by_its_stop_reasons(
    event: dict[str, Any], store: Store, written: Written, lambda_context: LambdaContext, stop_reason: str
) -> None:
    """An empty answer is scored as one, and a reader sees why it is empty."""
    refused = [{**line(index, ""), "stop_reason": stop_reason} for index in range(3)]
    store("evaluation/base.jsonl", *refused)
    handler(event, lambda_context)
    base = json.loads(written("report.json"))["arms"]["base"]
    assert (base["n"], base["errors"], base["f1"], base["stop_reasons"]) == (3, 0, 0, {stop_reason: 3})
    assert f" {stop_reason}" in written("report.html")


class Tags(HTMLParser):
    """Collects the elements and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_texts_of_the_data_set_never_become_html(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
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
def test_a_simulated_result_cannot_be_taken_for_a_real_one(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext, simulated: bool
) -> None:
    """Its figures say nothing about a model that one could buy."""
    event["jobs"]["candidates"][0]["simulated"] = simulated
    told = handler(event, lambda_context)
    assert json.loads(written("report.json"))["simulated"] is simulated
    assert ("SIMULATED" in written("report.html")) is simulated
    assert (told["subject"].startswith("SIMULATED"), told["message"].startswith("SIMULATED")) == (simulated, simulated)


def test_the_notification_tells_the_result_and_where_it_is(
    event: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Many will read nothing else."""
    told = handler(event, lambda_context)
    assert told["uri"] == f"s3://{BUCKET}/runs/{event['run']['id']}/report.json"
    assert "points above its base" in told["message"]
    assert "report.html" in told["message"]
    assert "delete-custom-model" in told["message"]


def test_a_job_without_losses_is_reported_all_the_same(
    event: dict[str, Any], written: Written, s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """The losses inform; the verdict does not hang on them."""
    for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{expect['prefix']}customization/")["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=stored["Key"])
    handler(event, lambda_context)
    assert json.loads(written("report.json"))["training"]["epochs"] == []
    assert "no losses" in written("report.html")


def test_lineage_has_the_version_and_checksum_of_all_that_the_result_is_made_of(
    event: dict[str, Any], written: Written, s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Whoever doubts a figure must be able to tell whether the files are still those it was computed from."""
    handler(event, lambda_context)
    lineage = json.loads(written("report.json"))["lineage"]
    assert lineage["source"] == event["run"]["source"]
    assert lineage["package_version"] == __version__
    [answers] = [one for one in lineage["objects"] if one["key"] == "evaluation/tuned.jsonl"]
    assert answers["sha256"] == hashlib.sha256(written("evaluation/tuned.jsonl").encode()).hexdigest()
    assert answers["bytes"] == len(written("evaluation/tuned.jsonl"))
    head = s3.head_object(Bucket=BUCKET, Key="runs/sales-0123456789ab/evaluation/tuned.jsonl")
    assert answers["version_id"] == head["VersionId"]


def test_lineage_has_the_parts_that_candidates_were_trained_on(
    event: dict[str, Any], written: Written, store: Store, lambda_context: LambdaContext
) -> None:
    """A point of a learning curve comes from its own file."""
    whole = event["plan"]["candidates"][0]
    part = {**whole["training_set"], "uri": whole["training_set"]["uri"].replace("train.jsonl", "train-20.jsonl")}
    event["plan"]["candidates"] += [{**whole, "number": number, "training_set": part} for number in (2, 3)]
    store("dataset/train.jsonl", {"a": 1})
    store("dataset/train-20.jsonl", {"a": 2})
    handler(event, lambda_context)
    keys = [one["key"] for one in json.loads(written("report.json"))["lineage"]["objects"]]
    assert [key for key in keys if "train" in key] == ["dataset/train.jsonl", "dataset/train-20.jsonl"]


def test_three_records_are_too_few_to_promote_whatever_the_gain(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
    """Where nothing can be said for sure, the verdict says so instead of guessing."""
    assert handler(event, lambda_context)["verdict"] == "inconclusive"
    assert "too few groups" in written("report.html")


def test_people_get_the_pairs_without_those_that_are_the_same(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext, store: Store
) -> None:
    """Twenty pairs are few: none is wasted on two equal answers."""
    pairs = [
        {"index": 0, "task": ATTACK, "reference": "r", "arm": "left one", "against": "right one"},
        {"index": 1, "task": "t", "reference": "r", "arm": "same", "against": "same "},
    ]
    store("judging/pairs.jsonl", *pairs)
    handler(event, lambda_context)
    page = written("human_review.html")
    assert "left one" in page
    assert "same" not in page.split('id="review">')[1].split("</script>")[0]
    assert ATTACK not in page
    judging = json.loads(written("report.json"))["judging"]
    assert [(pair["index"], pair["identical"]) for pair in judging["pairs"]] == [(0, False), (1, True)]


def test_who_approved_the_purchase_stands_in_report_and_page(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
    """Money was spent: the report says who wanted it; what they wrote is text, and the token is nowhere."""
    asked = approval.request("arn:execution", "the-token", "2026-01-21T22:00:00.000Z", 3600, None)
    given = {"decision": "approved", "by": "arn:ann", "answered_at": "2026-01-21T22:10:00.000Z", "reason": ATTACK}
    composition.root.adapters.approvals.write(BUCKET, event["run"]["id"], asked.model_copy(update=given))
    handler(event, lambda_context)
    texts = [written(f"report.{kind}") for kind in ("json", "html")]
    assert json.loads(texts[0])["approval"] == asked.outcome().dump() | given
    assert "by arn:ann, 2026-01-21T22:10:00.000Z: &lt;/pre&gt;" in texts[1]
    assert "<script>" not in texts[1]
    assert "the-token" not in "".join(texts)


def test_the_preflights_warnings_stand_in_the_report_and_on_the_page(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext, store: Store
) -> None:
    """That a model is past its documented end of life matters to whoever promotes what was tuned from it."""
    found = {
        "check": "model-lifecycle", "severity": "warning", "message": "It is <old>.", "remedy": "Change it.",
        "quota_code": None, "successor": "amazon.nova-2-lite-v1:0:256k",
    }  # fmt: skip
    document = preflight_document(findings=[found])
    store("preflight.json", document)
    handler(event, lambda_context)
    assert json.loads(written("report.json"))["preflight"]["findings"] == [found]
    page = written("report.html")
    assert "It is &lt;old&gt;. Change it. Successor: amazon.nova-2-lite-v1:0:256k." in page


def test_a_base_without_answers_is_told_and_nothing_is_promoted(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
    """The training is paid for: there is a report, which says what its verdict lacks, and has no figures of a few."""
    reason = "No quota is left for today <b>."
    event["responses"]["arms"]["base"] = {"n": 3, "errors": 1, "missing": reason}
    told = handler(event, lambda_context)
    report = json.loads(written("report.json"))
    assert report["decision"]["verdict"] == told["verdict"] == "inconclusive"
    assert any("base" in each and reason in each for each in report["decision"]["reasons"])
    base = report["arms"]["base"]
    assert (base["n"], base["errors"], base["missing"]) == (3, 0, reason)
    assert {base["f1"], base["output_tokens"]["mean"], base["latency_ms"]["p50"], base["price_per_1000"]} == {None}
    assert report["comparisons"] == report["extremes"]["gains"] == report["extremes"]["regressions"] == []
    assert "missing" not in report["arms"]["tuned"]
    page = written("report.html")
    assert "is missing" in page
    assert "today &lt;b&gt;." in page
    assert "no answers to compare with" in told["message"]
    assert reason in told["message"]


def test_each_arm_says_what_its_model_was_asked_with(
    event: dict[str, Any], written: Written, lambda_context: LambdaContext
) -> None:
    """An arm whose model refuses temperature was sampled in another way than the others."""
    event["responses"]["arms"]["base"]["left_out"] = ["temperature", "top_p"]
    handler(event, lambda_context)
    arms = json.loads(written("report.json"))["arms"]
    assert arms["base"]["sent"] == {"max_tokens": 64}
    assert arms["tuned"]["sent"] == {"max_tokens": 64, "temperature": 0.0, "top_p": 1.0}
    assert "asked with max_tokens 64" in written("report.html")
