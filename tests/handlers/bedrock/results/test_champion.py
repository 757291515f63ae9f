"""EvaluateAndReport and PromoteChampion: the champion of earlier runs, and who takes its place."""

import html
import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Conflict
from lambdas.handlers import promote_champion
from lambdas.handlers.evaluate_and_report import handler
from tests.handlers.bedrock.results.conftest import BUCKET, Store, Written

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_ssm import SSMClient

PARAMETER = "/fine-tuning/champion"
LATER = "runs/sales-later/"


@pytest.fixture
def ssm(adapters: Adapters) -> "SSMClient":
    """Parameter Store."""
    return adapters.clients.ssm


@pytest.fixture
def later(clear_gain: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext) -> dict[str, Any]:
    """A later run on the same test set with the same answers; the first one is the champion by now."""
    promote(clear_gain, lambda_context)
    first = clear_gain["run"]["prefix"]
    for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=first)["Contents"]:
        copy = stored["Key"].replace(first, LATER)
        s3.copy_object(Bucket=BUCKET, Key=copy, CopySource={"Bucket": BUCKET, "Key": stored["Key"]})
    return {**clear_gain, "run": {**clear_gain["run"], "id": "sales-later", "prefix": LATER}}


def promote(event: dict[str, Any], lambda_context: LambdaContext) -> dict[str, Any]:
    event["report"] = handler(event, lambda_context)
    return promote_champion.handler(event, lambda_context)


def read_parameter(ssm: "SSMClient") -> dict[str, Any]:
    return dict(json.loads(ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]))


def read_endpoint(ssm: "SSMClient") -> dict[str, Any]:
    return dict(json.loads(ssm.get_parameter(Name="/fine-tuning/endpoint")["Parameter"]["Value"]))


def move_champion(ssm: "SSMClient", bucket: str) -> None:
    """The champion as a deployment with another bucket has left it."""
    moved = json.dumps(read_parameter(ssm) | {"bucket": bucket})
    ssm.put_parameter(Name=PARAMETER, Value=moved, Overwrite=True)


def refuse(client: Any, operation: str, code: str, part: str = "") -> None:
    """The service refuses an operation on whatever has this part in its name."""

    def raise_error(params: dict[str, Any], **_: Any) -> None:
        if part in params.get("Key", ""):
            metadata: Any = {"HTTPStatusCode": 403}
            raise ClientError({"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": metadata}, operation)

    client.meta.events.register(f"before-parameter-build.*.{operation}", raise_error)


def test_a_clear_gain_makes_the_model_the_deployments_champion(
    clear_gain: dict[str, Any],
    ssm: "SSMClient",
    written: Written,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """Whoever serves the deployment's best model looks at one place, and finds its evidence there."""
    assert promote(clear_gain, lambda_context)["parameter"] == PARAMETER
    report = json.loads(written("report.json"))
    assert report["decision"]["verdict"] == "promote"
    parameter = read_parameter(ssm)
    assert parameter["model_arn"] == expect["model_arn"]
    assert parameter["report"] == f"s3://{BUCKET}/{expect['prefix']}report.json"
    # A repeated call, as after a lost answer, changes nothing.
    assert promote_champion.handler(clear_gain, lambda_context)["version"] == 1


@pytest.mark.parametrize("verdict", ["inconclusive", "reject"])
def test_any_other_verdict_leaves_the_champion_alone(
    clear_gain: dict[str, Any], ssm: "SSMClient", lambda_context: LambdaContext, verdict: str
) -> None:
    """A run that does not promote goes through the same state, and nobody is promoted by it."""
    version = promote(clear_gain, lambda_context)["version"]
    clear_gain["report"]["verdict"] = verdict
    passed = promote_champion.handler(clear_gain, lambda_context)
    assert passed == {"parameter": PARAMETER, "version": None, "model_arn": None}
    assert ssm.get_parameter(Name=PARAMETER)["Parameter"]["Version"] == version


def test_a_later_run_is_compared_with_the_champion_on_the_records_that_both_have(
    later: dict[str, Any], lambda_context: LambdaContext, written: Written
) -> None:
    """A model that is as good as the champion does not replace it."""
    told = handler(later, lambda_context)
    report = json.loads(written("report.json", LATER))
    assert told["verdict"] == report["decision"]["verdict"] == "inconclusive"
    assert report["decision"]["champion"]["compared_records"] == 40
    [entry] = [one for one in report["comparisons"] if (one["against"], one["metric"]) == ("champion", "f1")]
    assert (entry["difference"], entry["p_value"]) == (0, 1.0)
    assert entry["interval"][0] < 0 < entry["interval"][1]


def test_without_a_shared_record_nothing_is_promoted_over_the_champion(
    later: dict[str, Any], store: Store, lambda_context: LambdaContext, written: Written
) -> None:
    """Better than the base is not better than the champion: what was not compared is not decided."""
    store("dataset/test.jsonl", *({"messages": [{"another": index}]} for index in range(40)), prefix=LATER)
    told = handler(later, lambda_context)
    assert told["verdict"] == "inconclusive"
    report = json.loads(written("report.json", LATER))
    assert "no test record in common" in report["decision"]["reasons"][-1]
    assert promote_champion.handler({**later, "report": told}, lambda_context) == {
        "parameter": PARAMETER,
        "version": None,
        "model_arn": None,
    }
    with pytest.raises(ValueError, match="does not promote"):
        promote_champion.handler({**later, "report": {**told, "verdict": "promote"}}, lambda_context)


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("NoSuchKey", "are not stored under"),
        ("NoSuchBucket", "cannot be read: Reading"),
        ("AccessDenied", "cannot be read: Reading"),
        ("garbage", "cannot be read: Line 1 of the stored answers is not what it must be"),
    ],
)
def test_a_champion_whose_answers_are_lost_costs_no_report_and_can_be_replaced(
    clear_gain: dict[str, Any],
    later: dict[str, Any],
    s3: "S3Client",
    ssm: "SSMClient",
    store: Store,
    written: Written,
    lambda_context: LambdaContext,
    lost: str,
    told: str,
) -> None:
    """The run has been paid for, and nobody could ever beat a champion whose bucket is gone or somebody else's."""
    move_champion(ssm, "an-earlier-bucket")
    champion = clear_gain["run"]["prefix"]
    if lost == "NoSuchKey":
        for stored in s3.list_objects_v2(Bucket=BUCKET, Prefix=champion)["Contents"]:
            s3.delete_object(Bucket=BUCKET, Key=stored["Key"])
    elif lost == "garbage":
        store("evaluation/tuned.jsonl", b"{garbage")
    else:
        refuse(s3, "GetObject", lost, champion)
    assert promote(later, lambda_context)["version"] == 3
    decision = json.loads(written("report.json", LATER))["decision"]
    assert (decision["verdict"], decision["champion"]["compared_records"]) == ("promote", 0)
    assert told in decision["reasons"][-1]
    assert f"aws s3 sync s3://an-earlier-bucket/{champion} s3://{BUCKET}/{champion}" in decision["reasons"][-1]
    assert read_parameter(ssm)["run_id"] == "sales-later"


def test_a_champion_that_may_not_be_asked_for_costs_no_report_and_is_not_replaced(
    clear_gain: dict[str, Any], ssm: "SSMClient", written: Written, lambda_context: LambdaContext
) -> None:
    """There may be one, and a better one."""
    refuse(ssm, "GetParameter", "AccessDeniedException")
    assert promote(clear_gain, lambda_context)["version"] is None
    decision = json.loads(written("report.json"))["decision"]
    assert (decision["verdict"], decision["champion"]["compared_records"]) == ("inconclusive", 0)
    assert "AccessDeniedException" in decision["reasons"][-1]


def test_a_champion_whose_answers_were_copied_into_this_deployment_is_compared_with(
    later: dict[str, Any], ssm: "SSMClient", lambda_context: LambdaContext, written: Written
) -> None:
    """What the message asks for is enough."""
    move_champion(ssm, "an-earlier-bucket")
    handler(later, lambda_context)
    assert json.loads(written("report.json", LATER))["decision"]["champion"]["compared_records"] == 40


def test_a_champion_that_changed_after_the_comparison_is_not_replaced(
    clear_gain: dict[str, Any], later: dict[str, Any], ssm: "SSMClient", lambda_context: LambdaContext
) -> None:
    """Two runs at once were both compared with the old champion, and never with each other."""
    ssm.delete_parameter(Name=PARAMETER)
    later["report"] = handler(later, lambda_context)
    promote_champion.handler(clear_gain, lambda_context)
    with pytest.raises(Conflict, match="since this run was compared"):
        promote_champion.handler(later, lambda_context)
    assert read_parameter(ssm)["run_id"] == clear_gain["run"]["id"]


def test_a_parameter_that_names_no_champion_costs_neither_the_report_nor_itself(
    clear_gain: dict[str, Any], ssm: "SSMClient", written: Written, lambda_context: LambdaContext
) -> None:
    """Somebody has written something there: the run has been paid for, and what is there may be needed."""
    ssm.put_parameter(Name=PARAMETER, Value="mine", Type="String")
    assert handler(clear_gain, lambda_context)["verdict"] == "inconclusive"
    assert "names no champion" in json.loads(written("report.json"))["decision"]["reasons"][-1]
    assert ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"] == "mine"


def test_a_promotion_tells_applications_how_to_ask_the_model(
    clear_gain: dict[str, Any],
    ssm: "SSMClient",
    written: Written,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """The format is that in which the test set was asked; nothing serves the model yet."""
    promote(clear_gain, lambda_context)
    endpoint = read_endpoint(ssm)
    assert (endpoint["model_arn"], endpoint["target_arn"]) == (expect["model_arn"], None)
    assert endpoint["run_id"] == clear_gain["run"]["id"]
    asked = json.loads(written("report.json"))["format"]
    assert {key: endpoint[key] for key in asked} == asked
    assert asked["template"] == "{prompt}"
    assert asked["inference"]["maxTokens"] > 0


def test_an_application_goes_on_while_the_earlier_champion_is_served(
    clear_gain: dict[str, Any], ssm: "SSMClient", lambda_context: LambdaContext
) -> None:
    """Nothing serves the new one yet: its ARN alone would stop the application."""
    served = {"run_id": "sales-before", "model_arn": "arn:earlier", "target_arn": "arn:serves"}
    ssm.put_parameter(Name="/fine-tuning/endpoint", Value=json.dumps(served), Type="String")
    promote(clear_gain, lambda_context)
    assert read_endpoint(ssm) == served


def test_an_endpoint_that_cannot_be_read_is_replaced(
    clear_gain: dict[str, Any], ssm: "SSMClient", lambda_context: LambdaContext
) -> None:
    """No application can read it either."""
    ssm.put_parameter(Name="/fine-tuning/endpoint", Value="{}", Type="String")
    promote(clear_gain, lambda_context)
    assert read_endpoint(ssm)["run_id"] == clear_gain["run"]["id"]


def test_the_page_ends_with_the_lines_that_ask_the_model(
    clear_gain: dict[str, Any], written: Written, expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Filled in: what a reader copies runs."""
    handler(clear_gain, lambda_context)
    page = html.unescape(written("report.html"))
    lines = page.split('aria-label="Lines of Python">')[1].split("</pre>")[0]
    compile(lines, "lines", "exec")
    assert "prompt = '{prompt}'.format(**fields)" in lines
    assert f"The custom model is {expect['model_arn']}." in page
