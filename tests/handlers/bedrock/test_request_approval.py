"""RequestApproval: what the topic's readers are told, and where the token stays."""

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from lambdas.adapters.aws.service_errors import NotFound, Refused
from lambdas.handlers import composition
from lambdas.handlers.request_approval import handler
from lambdas.steps.observability import logger

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "output-bucket"
TOKEN = "AQCEAAAAKgAAAAMAAAAA-the-token"
ESTIMATE: dict[str, Any] = {
    "lines": [
        {
            "id": "training",
            "item": "training",
            "quantity": 1_234_567.8,
            "unit": "1,000 tokens",
            "unit_price_usd": 0.002,
            "usd": 2469.14,
            "price": "/base_models/x/training_per_1000_tokens",
            "note": "",
        },
        {
            "id": "throughput",
            "item": "provisioned throughput",
            "quantity": 1.5,
            "unit": "model unit-hours",
            "unit_price_usd": None,
            "usd": None,
            "price": "/base_models/x/model_unit_per_hour",
            "note": "",
        },
    ],
    "known_usd": 2469.14,
    "total_usd": None,
    "unknown": ["provisioned throughput"],
    "prices": {"as_of": "2026-11-01", "source": "the price page"},
}


def preflight(estimate: dict[str, Any]) -> bytes:
    """A stored preflight.json."""
    document = {"status": "passed", "checked_at": "2026-11-01T00:00:00.000Z", "checks": [], "findings": []}
    return json.dumps({**document, "estimate": estimate}).encode()


@pytest.fixture
def event(
    s3: "S3Client", run: dict[str, Any], plan: dict[str, Any], jobs: dict[str, Any], model: dict[str, Any]
) -> dict[str, Any]:
    plan |= {"serving": "provisioned_throughput", "needs_approval": True}
    return {
        "run": run,
        "plan": plan,
        "jobs": jobs,
        "model": model,
        "task_token": TOKEN,
        "timeout_seconds": 86_400,
        "topic_arn": composition.root.adapters.clients.sns.create_topic(Name="results")["TopicArn"],
    }


def told(event: dict[str, Any]) -> list[tuple[str, str]]:
    """Subject and text of each message."""
    sent = sns_backends[DEFAULT_ACCOUNT_ID]["us-west-2"].topics[event["topic_arn"]].sent_notifications
    return [(str(subject), text) for _, text, subject, _, _ in sent]


def stored(s3: Any, expect: dict[str, str]) -> dict[str, Any]:
    return dict(json.loads(s3.get_object(Bucket=BUCKET, Key=f"{expect['prefix']}approval.json")["Body"].read()))


def test_the_message_says_what_is_bought_for_how_much_and_how_to_answer(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Who approves a purchase has only this message to go by."""
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}preflight.json", Body=preflight(ESTIMATE))
    event["model"]["validation_loss"] = 0.625
    handler(event, lambda_context)
    [(subject, text)] = told(event)
    request = stored(s3, expect)
    assert event["run"]["id"] in subject
    for part in (
        "Provisioned Throughput without commitment, 1 model unit",
        "Validation loss: 0.6250",
        "prices of 2026-11-01, source: the price page",
        "training: 1,234,567.80 x 1,000 tokens, 2,469.14 USD",
        "Total: not known; no price for: provisioned throughput. The rest is 2,469.14 USD",
        f"fine-tune approve {event['run']['id']} --deployment fine-tuning --region us-west-2",
        f"fine-tune reject {event['run']['id']}",
        f"Data set: s3://{BUCKET}/{expect['prefix']}dataset/report.html",
        f"s3://{BUCKET}/{expect['prefix']}dataset/issues.csv",
        f"Without an answer until {request['answer_until']} the run ends, and nothing is bought",
    ):
        assert part in text
    made = {"throughput_billing_seconds": 3600, "candidates": [], "training_factor": None, "most_usd": None}
    assert request["estimate"] == ESTIMATE | made


@pytest.mark.parametrize(
    ("serving", "purchase"),
    [
        ("provisioned_throughput", "without commitment, 1 model unit for each of 3 models, billed by the hour"),
        ("on_demand", "on-demand deployments of 3 models, each deleted after the test set is answered"),
    ],
)
def test_the_message_counts_every_candidate(
    event: dict[str, Any],
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
    served: dict[str, Any],
    serving: str,
    purchase: str,
) -> None:
    """One answer decides on all that is bought."""
    event["plan"]["serving"] = serving
    event["model"]["served"] = [served | {"number": number} for number in (1, 2, 3)]
    s3.put_object(
        Bucket=BUCKET, Key=f"{expect['prefix']}preflight.json", Body=preflight({**ESTIMATE, "training_factor": 1.75})
    )
    handler(event, lambda_context)
    [(_, text)] = told(event)
    assert purchase in text
    assert "The candidates train on 1.75 times the tokens of one run." in text


def test_the_message_names_prices_that_are_not_confirmed(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Whoever approves by a figure of doubtful origin has to know that."""
    doubtful = {**ESTIMATE, "lines": [{**ESTIMATE["lines"][0], "confirmed": False}, *ESTIMATE["lines"][1:]]}
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}preflight.json", Body=preflight(doubtful))
    handler(event, lambda_context)
    [(_, text)] = told(event)
    assert "The prices of these are not confirmed by AWS's Price List: training." in text


def test_the_token_goes_into_the_bucket_alone(
    event: dict[str, Any],
    s3: "S3Client",
    expect: dict[str, str],
    lambda_context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever reads mail or logs must not be able to answer in somebody's place."""
    log = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    output = handler(event, lambda_context)
    assert stored(s3, expect)["task_token"] == TOKEN
    assert TOKEN not in json.dumps([output, told(event)])
    assert "Approval requested" in log.getvalue()
    assert TOKEN not in log.getvalue()


def test_a_known_total_stands_in_the_subject(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """It is what a person sees of the message on a telephone."""
    known = {**ESTIMATE, "lines": [ESTIMATE["lines"][0]], "total_usd": 2469.14, "unknown": []}
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}preflight.json", Body=preflight(known))
    handler(event, lambda_context)
    [(subject, text)] = told(event)
    assert subject.endswith("waits for your approval, about 2,469.14 USD")
    assert "Total: 2,469.14 USD" in text


def test_what_becomes_of_a_sweeps_other_models_is_told(event: dict[str, Any], lambda_context: LambdaContext) -> None:
    """They cost storage while the run waits, and are gone whatever the answer is, unless run.json keeps them."""
    [first] = event["jobs"]["candidates"]
    candidates = [{**first, "number": n, "model_arn": f"m{n}" if n < 4 else None} for n in range(1, 5)]
    sweep = {"jobs": {**event["jobs"], "candidates": candidates}, "model": {**event["model"], "number": 2}}
    handler({**event, **sweep, "plan": {**event["plan"], "keep_models": False}}, lambda_context)
    handler({**event, **sweep, "plan": {**event["plan"], "keep_models": True}}, lambda_context)
    [(_, deleted), (_, kept)] = told(event)
    assert "the 2 models that were not chosen are deleted when the run ends" in deleted
    assert "not chosen" not in kept


def test_a_repeated_attempt_asks_with_its_own_token(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """The token of an attempt that failed ends nothing any more."""
    handler(event, lambda_context)
    handler({**event, "task_token": "another"}, lambda_context)
    assert stored(s3, expect)["task_token"] == "another"


def test_nothing_known_is_said_to_be_unknown(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """A missing figure is no zero."""
    event["plan"]["serving"] = "on_demand"
    handler(event, lambda_context)
    [(_, text)] = told(event)
    assert "an on-demand deployment of the model" in text
    assert "Validation loss: not known" in text
    assert "The costs are not known" in text


def test_the_chosen_models_loss_is_told(event: dict[str, Any], lambda_context: LambdaContext) -> None:
    """It is what a person weighs before the purchase."""
    event["model"]["validation_loss"] = 0.5
    handler(event, lambda_context)
    assert "Validation loss: 0.5000" in told(event)[0][1]


def test_a_message_that_cannot_be_sent_fails_the_request(
    event: dict[str, Any], s3: "S3Client", lambda_context: LambdaContext
) -> None:
    """Nobody would know that the run waits."""
    with pytest.raises((NotFound, Refused)):
        handler({**event, "topic_arn": f"{event['topic_arn']}-gone"}, lambda_context)


def removal(event: dict[str, Any]) -> dict[str, Any]:
    """The state's input where judges would remove many records."""
    counts = {"judged": 40, "incorrect": 9, "removed": 9, "unreadable": 0}
    curation = {"clean": {"judges": ["maker.judge"], "mode": "remove"}, "status": "approve", "cleaning": counts}
    asked = {key: value for key, value in event.items() if key not in ("jobs", "model")}
    return {**asked, "plan": {**event["plan"], "curation": curation}}


def test_a_removal_is_asked_about_with_where_to_look_and_how_to_answer(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """Before the training there is neither a job nor a model."""
    handler(removal(event), lambda_context)
    [(subject, text)] = told(event)
    assert "removal" in subject
    for part in (
        "9 of 40 training records incorrect, 22%",
        f"s3://{BUCKET}/{expect['prefix']}dataset/cleaning.jsonl",
        f"s3://{BUCKET}/{expect['prefix']}dataset/removal.txt",
        f"fine-tune approve {event['run']['id']} --deployment fine-tuning --region us-west-2",
        "nothing is trained",
    ):
        assert part in text
    assert (stored(s3, expect)["about"], stored(s3, expect)["task_token"]) == ("removal", TOKEN)


def test_a_second_request_asks_anew_and_keeps_the_first_answer(
    event: dict[str, Any], s3: "S3Client", expect: dict[str, str], lambda_context: LambdaContext
) -> None:
    """One yes is not two, and the report tells both."""
    handler(removal(event), lambda_context)
    answered = {"decision": "approved", "by": "arn:somebody", "answered_at": "2026-11-01T00:00:00.000Z", "reason": None}
    body = json.dumps({**stored(s3, expect), **answered, "task_token": None}).encode()
    s3.put_object(Bucket=BUCKET, Key=f"{expect['prefix']}approval.json", Body=body)
    for _ in range(2):
        handler({**event, "task_token": "another"}, lambda_context)
        request = stored(s3, expect)
        assert (request["about"], request["decision"], request["task_token"]) == ("purchase", None, "another")
        assert request["removal"] == answered
