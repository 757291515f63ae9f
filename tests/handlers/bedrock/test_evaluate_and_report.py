"""EvaluateAndReport."""

import hashlib
import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import __version__
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.report import approval
from lambdas.domain.report.run_report import RunReport, SucceededReport
from lambdas.handlers import composition, promote_champion
from lambdas.handlers.evaluate_and_report import handler

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "output-bucket"
PARAMETER = "/fine-tuning/champion"
ATTACK = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


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
def event(
    s3: "S3Client",
    run: dict[str, Any],
    plan: dict[str, Any],
    jobs: dict[str, Any],
    model: dict[str, Any],
    throughput: dict[str, Any],
    expect: dict[str, str],
) -> dict[str, Any]:
    answers = {
        "tuned": [line(0, "net sales of 40"), line(1, "Net sales of 40."), {"index": 2, "error": "not answered"}],
        "base": [line(0, f"I think that it is {ATTACK}", prompt=ATTACK), line(1, "40"), line(2, "no idea at all")],
    }
    for arm, lines in answers.items():
        body = "".join(json.dumps(answer) + "\n" for answer in lines)
        s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}evaluation/{arm}.jsonl", Body=body.encode())
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}dataset/test_groups.json", Body=b"[0, 1, 2]")
    output = f"{expect['prefix']}customization/c1/model-customization-job-abc/"
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
        "serving": throughput,
    }


@pytest.fixture
def written(s3: "S3Client", expect: dict[str, str]) -> Callable[[str], str]:
    def read(name: str) -> str:
        return s3.get_object(Bucket=BUCKET, Key=expect["prefix"] + name)["Body"].read().decode()

    return read


def test_every_figure_follows_from_the_stored_answers(
    event: dict[str, Any], written: Callable[[str], str], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
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
    assert report["throughput"]["billed_seconds"] == report["serving"]["served_seconds"] == 330.5
    # The first question at 22:20:30, the last answer at 22:24:31.
    assert report["throughput"]["overhead_seconds"] == 330.5 - 241
    assert report["training"]["epochs"] == [
        {"epoch": 1, "training_loss": 1.0, "validation_loss": 0.75},
        {"epoch": 2, "training_loss": 0.25, "validation_loss": None},
    ]


def test_the_report_has_all_keys_of_its_contract(
    event: dict[str, Any], written: Callable[[str], str], expect: dict[str, str], lambda_context: LambdaContext
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


def test_a_run_that_was_served_on_demand_has_no_throughput_and_says_how_it_was_served(
    event: dict[str, Any],
    deployment: dict[str, Any],
    written: Callable[[str], str],
    expect: dict[str, str],
    lambda_context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its time is billed to nobody: no price by the hour may reach the report, nor null where 0 is known."""
    monkeypatch.setenv("MODEL_UNIT_PRICE_PER_HOUR", "40")
    monkeypatch.setattr(composition, "root", composition.Root())
    times = {"in_service_at": "2026-01-21T22:04:00.000Z", "deleted_at": "2026-01-21T22:09:00.000Z"}
    event["plan"]["serving"] = "on_demand"
    event["serving"] = {**deployment, **times, "deleted": True}
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


def test_report_compares_the_estimate_of_the_preflight_with_what_was_used(
    event: dict[str, Any],
    s3: "S3Client",
    written: Callable[[str], str],
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """Whoever decided by the estimate learns how good it was."""
    handler(event, lambda_context)
    recomputed = json.loads(written("report.json"))["cost"]
    made = {**recomputed["estimate"], "known_usd": 7.5, "prices": recomputed["prices"]}
    s3.put_object(
        Bucket=BUCKET,
        Key=f"{expect['prefix']}preflight.json",
        Body=json.dumps(preflight_document(estimate=made)).encode(),
    )
    report = handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    assert cost["estimate"]["known_usd"] == 7.5
    assert set(cost) == {"prices", "estimate", "actual", "difference"}
    assert set(cost["prices"]) == {"as_of", "source"}
    # Two epochs were run; the shipped file has no price of them.
    training = cost["actual"]["lines"][0]
    assert (training["id"], training["quantity"], training["usd"]) == ("training", 18.0, None)
    assert "training" in cost["actual"]["unknown"]
    assert "(estimated: 7.50 USD)" in report["message"]
    assert "What the run cost" in written("report.html")


def test_users_price_file_prices_the_report(
    event: dict[str, Any], s3: "S3Client", written: Callable[[str], str], lambda_context: LambdaContext
) -> None:
    """No new deployment is needed for other prices."""
    own = json.loads(default_prices().model_dump_json())
    own["base_models"][event["plan"]["base_model"]]["model_unit_per_hour"] = 40
    s3.put_object(Bucket="input-bucket", Key="prices.json", Body=json.dumps(own).encode())
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    # 330.5 s in service are a begun hour.
    assert report["throughput"]["cost_usd"] == 40
    assert report["arms"]["tuned"]["price_per_1000"] > 0
    assert report["arms"]["base"]["price_per_1000"] > 0


def test_a_runs_own_prices_stand_on_both_sides_of_the_report_which_says_so(
    event: dict[str, Any],
    s3: "S3Client",
    written: Callable[[str], str],
    expect: dict[str, Any],
    lambda_context: LambdaContext,
) -> None:
    """The preflight's estimate counted with other prices: a difference between the two would be one of prices."""
    handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    made = {**cost["estimate"], "known_usd": 7.5, "prices": cost["prices"]}
    s3.put_object(
        Bucket=BUCKET,
        Key=f"{expect['prefix']}preflight.json",
        Body=json.dumps(preflight_document(estimate=made)).encode(),
    )
    base = event["plan"]["arms"]["base"]["model_id"]
    event["plan"]["evaluation"]["prices"] = {base: {"input": 5.0, "output": 5.0}, "unused": {"input": 0, "output": 0}}
    report = handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    assert cost["prices"]["own"] == [base]
    for side in ("estimate", "actual"):
        prices = {line["unit_price_usd"] for line in cost[side]["lines"] if line["id"].startswith("answers/base/")}
        assert prices == {5.0}
    assert f"run.json's own of {base}, which no cap and no approval counted with" in report["message"]
    assert "own (evaluation.prices). Only this report counts with them" in written("report.html")


@pytest.mark.parametrize("body", [b"{}", b" " * (1 << 18) + b" "])
def test_price_file_that_was_broken_since_costs_no_report(
    event: dict[str, Any], s3: "S3Client", written: Callable[[str], str], lambda_context: LambdaContext, body: bytes
) -> None:
    """The preflight refuses such a file; here it is too late, and the run has its result."""
    s3.put_object(Bucket="input-bucket", Key="prices.json", Body=body)
    handler(event, lambda_context)
    cost = json.loads(written("report.json"))["cost"]
    assert cost["prices"]["as_of"] == default_prices().as_of.isoformat()


def test_price_file_that_s3_refuses_costs_no_report(
    event: dict[str, Any], written: Callable[[str], str], lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a cap the preflight only warns of it; the run has been paid for by now, and its verdict must be told."""

    def refused(_bucket: str) -> None:
        raise Refused("Reading prices.json", "AccessDenied", "No.")

    monkeypatch.setattr(composition.root.adapters.price_file, "read_prices", refused)
    handler(event, lambda_context)
    report = json.loads(written("report.json"))
    assert (report["status"], report["cost"], report["arms"]["base"]["price_per_1000"]) == ("succeeded", None, None)
    assert "What the run cost" not in written("report.html")


class Tags(HTMLParser):
    """Collects the elements and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_texts_of_the_data_set_never_become_html(
    event: dict[str, Any], written: Callable[[str], str], lambda_context: LambdaContext
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
    event: dict[str, Any], written: Callable[[str], str], lambda_context: LambdaContext, simulated: bool
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
    event: dict[str, Any],
    written: Callable[[str], str],
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """The losses inform; the verdict does not hang on them."""
    for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{expect['prefix']}customization/")["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=stored["Key"])
    handler(event, lambda_context)
    assert json.loads(written("report.json"))["training"]["epochs"] == []
    assert "no losses" in written("report.html")


def test_lineage_has_the_version_and_checksum_of_all_that_the_result_is_made_of(
    event: dict[str, Any], written: Callable[[str], str], s3: "S3Client", lambda_context: LambdaContext
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


def test_three_records_are_too_few_to_promote_whatever_the_gain(
    event: dict[str, Any], written: Callable[[str], str], lambda_context: LambdaContext
) -> None:
    """Where nothing can be said for sure, the verdict says so instead of guessing."""
    assert handler(event, lambda_context)["verdict"] == "inconclusive"
    assert "too few groups" in written("report.html")


@pytest.fixture
def clear_gain(s3: "S3Client", event: dict[str, Any], expect: dict[str, str]) -> dict[str, Any]:
    """Forty contexts in which the tuned model is right and its base is wrong."""
    prefix = expect["prefix"]
    arms = {"tuned": "net sales of 40", "base": "no idea at all"}
    for arm, answer in arms.items():
        body = "".join(json.dumps(line(index % 20, answer) | {"index": index}) + "\n" for index in range(40))
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}evaluation/{arm}.jsonl", Body=body.encode())
    test = "".join(json.dumps({"messages": [{"question": index}]}) + "\n" for index in range(40))
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}dataset/test.jsonl", Body=test.encode())
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}dataset/test_groups.json", Body=json.dumps(list(range(40))).encode())
    event["plan"]["dataset"]["test"]["records"] = 40
    return event


def promote(event: dict[str, Any], lambda_context: LambdaContext) -> dict[str, Any]:
    event["report"] = handler(event, lambda_context)
    return promote_champion.handler(event, lambda_context)


def test_a_clear_gain_makes_the_model_the_deployments_champion(
    clear_gain: dict[str, Any], written: Callable[[str], str], expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Whoever serves the deployment's best model looks at one place, and finds its evidence there."""
    assert promote(clear_gain, lambda_context)["parameter"] == PARAMETER
    report = json.loads(written("report.json"))
    assert report["decision"]["verdict"] == "promote"
    parameter = json.loads(composition.root.adapters.clients.ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"])
    assert parameter["model_arn"] == expect["model_arn"]
    assert parameter["report"] == f"s3://{BUCKET}/{expect['prefix']}report.json"
    # A repeated call, as after a lost answer, changes nothing.
    assert promote_champion.handler(clear_gain, lambda_context)["version"] == 1


@pytest.mark.parametrize("verdict", ["inconclusive", "reject"])
def test_any_other_verdict_leaves_the_champion_alone(
    clear_gain: dict[str, Any], lambda_context: LambdaContext, verdict: str
) -> None:
    """A run that does not promote goes through the same state, and nobody is promoted by it."""
    version = promote(clear_gain, lambda_context)["version"]
    clear_gain["report"]["verdict"] = verdict
    passed = promote_champion.handler(clear_gain, lambda_context)
    assert passed == {"parameter": PARAMETER, "version": None, "model_arn": None}
    assert composition.root.adapters.clients.ssm.get_parameter(Name=PARAMETER)["Parameter"]["Version"] == version


def second_run(event: dict[str, Any], s3: "S3Client", prefix: str = "runs/sales-later/") -> dict[str, Any]:
    """A later run on the same test set with the same answers."""
    first = event["run"]["prefix"]
    for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=first)["Contents"]:
        copy = stored["Key"].replace(first, prefix)
        s3.copy_object(Bucket=BUCKET, Key=copy, CopySource={"Bucket": BUCKET, "Key": stored["Key"]})
    return {**event, "run": {**event["run"], "id": "sales-later", "prefix": prefix}}


def test_a_later_run_is_compared_with_the_champion_on_the_records_that_both_have(
    clear_gain: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """A model that is as good as the champion does not replace it."""
    promote(clear_gain, lambda_context)
    later = second_run(clear_gain, s3)
    told = handler(later, lambda_context)
    report = json.loads(s3.get_object(Bucket=BUCKET, Key="runs/sales-later/report.json")["Body"].read())
    assert told["verdict"] == report["decision"]["verdict"] == "inconclusive"
    assert report["decision"]["champion"]["compared_records"] == 40
    [entry] = [one for one in report["comparisons"] if (one["against"], one["metric"]) == ("champion", "f1")]
    assert (entry["difference"], entry["interval"], entry["p_value"]) == (0, None, 1.0)


def test_without_a_shared_record_nothing_is_promoted_over_the_champion(
    clear_gain: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Better than the base is not better than the champion: what was not compared is not decided."""
    promote(clear_gain, lambda_context)
    later = second_run(clear_gain, s3)
    other = "".join(json.dumps({"messages": [{"another": index}]}) + "\n" for index in range(40))
    s3.put_object(Bucket=BUCKET, Key="runs/sales-later/dataset/test.jsonl", Body=other.encode())
    told = handler(later, lambda_context)
    assert told["verdict"] == "inconclusive"
    report = json.loads(s3.get_object(Bucket=BUCKET, Key="runs/sales-later/report.json")["Body"].read())
    assert "no test record in common" in report["decision"]["reasons"][-1]
    assert promote_champion.handler({**later, "report": told}, lambda_context) == {
        "parameter": PARAMETER,
        "version": None,
        "model_arn": None,
    }
    with pytest.raises(ValueError, match="does not promote"):
        promote_champion.handler({**later, "report": {**told, "verdict": "promote"}}, lambda_context)


def promote_in(bucket: str, clear_gain: dict[str, Any], lambda_context: LambdaContext) -> dict[str, Any]:
    """The champion as a deployment with another bucket has left it; returns the parameter's value."""
    promote(clear_gain, lambda_context)
    value = json.loads(composition.root.adapters.clients.ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"])
    composition.root.adapters.clients.ssm.put_parameter(
        Name=PARAMETER, Value=json.dumps({**value, "bucket": bucket}), Overwrite=True
    )
    return dict(value)


def test_a_champion_of_an_earlier_deployment_costs_no_report(
    clear_gain: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Its bucket is gone, or closed to this deployment: the run has been paid for, and its user learns what to do."""
    champion = promote_in("an-earlier-bucket", clear_gain, lambda_context)
    later = second_run(clear_gain, s3)
    for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=champion["prefix"])["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=stored["Key"])
    assert handler(later, lambda_context)["verdict"] == "inconclusive"
    report = json.loads(s3.get_object(Bucket=BUCKET, Key="runs/sales-later/report.json")["Body"].read())
    wanted = f"aws s3 sync s3://an-earlier-bucket/{champion['prefix']} s3://{BUCKET}/{champion['prefix']}"
    assert wanted in report["decision"]["reasons"][-1]


def test_a_champion_whose_answers_were_copied_into_this_deployment_is_compared_with(
    clear_gain: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """What the message asks for is enough."""
    promote_in("an-earlier-bucket", clear_gain, lambda_context)
    later = second_run(clear_gain, s3)
    handler(later, lambda_context)
    report = json.loads(s3.get_object(Bucket=BUCKET, Key="runs/sales-later/report.json")["Body"].read())
    assert report["decision"]["champion"]["compared_records"] == 40


def test_a_champion_that_changed_after_the_comparison_is_not_replaced(
    clear_gain: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Two runs at once were both compared with the old champion, and never with each other."""
    clear_gain["report"] = handler(clear_gain, lambda_context)
    later = second_run(clear_gain, s3)
    later["report"] = handler(later, lambda_context)
    promote_champion.handler(clear_gain, lambda_context)
    with pytest.raises(Conflict, match="since this run was compared"):
        promote_champion.handler(later, lambda_context)
    value = json.loads(composition.root.adapters.clients.ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"])
    assert value["run_id"] == clear_gain["run"]["id"]


def test_a_parameter_that_names_no_champion_costs_neither_the_report_nor_itself(
    clear_gain: dict[str, Any], written: Callable[[str], str], lambda_context: LambdaContext
) -> None:
    """Somebody has written something there: the run has been paid for, and what is there may be needed."""
    composition.root.adapters.clients.ssm.put_parameter(Name=PARAMETER, Value="mine", Type="String")
    assert handler(clear_gain, lambda_context)["verdict"] == "inconclusive"
    assert "names no champion" in json.loads(written("report.json"))["decision"]["reasons"][-1]
    assert composition.root.adapters.clients.ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"] == "mine"


def test_people_get_the_pairs_without_those_that_are_the_same(
    event: dict[str, Any],
    written: Callable[[str], str],
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """Twenty pairs are few: none is wasted on two equal answers."""
    pairs = [
        {"index": 0, "task": ATTACK, "reference": "r", "arm": "left one", "against": "right one"},
        {"index": 1, "task": "t", "reference": "r", "arm": "same", "against": "same "},
    ]
    body = "".join(json.dumps(pair) + "\n" for pair in pairs)
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}judging/pairs.jsonl", Body=body.encode())
    handler(event, lambda_context)
    page = written("human_review.html")
    assert "left one" in page
    assert "same" not in page.split('id="review">')[1].split("</script>")[0]
    assert ATTACK not in page
    judging = json.loads(written("report.json"))["judging"]
    assert [(pair["index"], pair["identical"]) for pair in judging["pairs"]] == [(0, False), (1, True)]


def test_who_approved_the_purchase_stands_in_report_and_page(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext, expect: dict[str, str]
) -> None:
    """Money was spent: the report says who wanted it; what they wrote is text, and the token is nowhere."""
    asked = approval.request("arn:execution", "the-token", "2026-01-21T22:00:00.000Z", 3600, None)
    given = {"decision": "approved", "by": "arn:ann", "answered_at": "2026-01-21T22:10:00.000Z", "reason": ATTACK}
    composition.root.adapters.approvals.write(BUCKET, event["run"]["id"], asked.model_copy(update=given))
    handler(event, lambda_context)
    texts = [
        s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}report.{kind}")["Body"].read().decode()
        for kind in ("json", "html")
    ]
    assert json.loads(texts[0])["approval"] == asked.outcome().dump() | given
    assert "by arn:ann, 2026-01-21T22:10:00.000Z: &lt;/pre&gt;" in texts[1]
    assert "<script>" not in texts[1]
    assert "the-token" not in "".join(texts)


def test_the_preflights_warnings_stand_in_the_report_and_on_the_page(
    event: dict[str, Any],
    written: Callable[[str], str],
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """That a model is past its documented end of life matters to whoever promotes what was tuned from it."""
    found = {
        "check": "model-lifecycle", "severity": "warning", "message": "It is <old>.", "remedy": "Change it.",
        "quota_code": None, "successor": "amazon.nova-2-lite-v1:0:256k",
    }  # fmt: skip
    document = preflight_document(findings=[found])
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}preflight.json", Body=json.dumps(document).encode())
    handler(event, lambda_context)
    assert json.loads(written("report.json"))["preflight"]["findings"] == [found]
    page = written("report.html")
    assert "It is &lt;old&gt;. Change it. Successor: amazon.nova-2-lite-v1:0:256k." in page
