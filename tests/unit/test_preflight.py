"""The preflight's checks: each can fail, and says what to do."""

from collections.abc import Callable
from datetime import date

import pytest

from lambdas.domain.models import base_model
from lambdas.domain.preflight import (
    CHECKS,
    Check,
    Finding,
    Untold,
    document,
    failed,
    failure_message,
    findings_of,
    is_undecided,
    unmade,
    warned,
)
from lambdas.domain.preflight.answering import Asked, callable_models
from lambdas.domain.preflight.model import ModelDetails, customizable, exists, in_region, lifecycle, servable
from lambdas.domain.preflight.names import Taken, names_free
from lambdas.domain.preflight.subject import asked_models

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")
NOVA = base_model("amazon.nova-lite-v1:0:300k")
BEFORE, AFTER = date(2026, 3, 1), date(2026, 11, 1)
ACTIVE = ModelDetails("ACTIVE", ("FINE_TUNING",), None, None)
LEGACY = ModelDetails("LEGACY", ("FINE_TUNING",), None, date(2026, 9, 10))
DENIED = Untold("GetFoundationModel: AccessDeniedException: No.", busy=False)
BUSY = Untold("GetFoundationModel failed: ThrottlingException: Slow down.", busy=True)
JUDGE = Asked("anthropic.claude-3-sonnet", "a judge")

# What makes each check fail, and words that its finding must have.
FAILING: dict[str, list[tuple[Callable[[], Check], list[str]]]] = {
    "model-exists": [
        (lambda: exists(HAIKU, None, "us-west-2", AFTER), ["end of life was on 2026-09-10", "nova-2-lite"]),
        (lambda: exists(NOVA, None, "us-east-1", BEFORE), ["us-east-1", '"base_model"']),
    ],
    "model-customizable": [
        (lambda: customizable(NOVA, ModelDetails("ACTIVE", (), None, None), "us-east-1"), ["no fine-tuning", "none"]),
    ],
    "model-lifecycle": [
        (lambda: lifecycle(HAIKU, LEGACY, "us-west-2", BEFORE), ["LEGACY", "2026-09-10", "nova-2-lite", "run.json"]),
        (lambda: lifecycle(HAIKU, LEGACY, "us-west-2", AFTER), ["past its end of life", "no new customization job"]),
    ],
    "region": [(lambda: in_region(NOVA, "eu-west-1"), ["us-east-1, not in eu-west-1", '"region"'])],
    "serving": [(lambda: servable(HAIKU, "on_demand"), ["'on_demand'", "provisioned_throughput"])],
    "models-callable": [
        (lambda: callable_models({JUDGE: Untold("Converse: AccessDeniedException: No access.", busy=False)}),
         ["anthropic.claude-3-sonnet, a judge", "No access", "us.…"]),
        (lambda: callable_models({JUDGE: BUSY}), ["ThrottlingException", "again later"]),
    ],
    "names-free": [
        (lambda: names_free([Taken("custom model", "ft-run", "arn:model", ours=False)]), ["arn:model", "new name"]),
    ],
}  # fmt: skip
CASES = [(check, *case) for check, cases in FAILING.items() for case in cases]


@pytest.mark.parametrize(("check", "made", "words"), CASES)
def test_check_fails_and_says_what_is_wrong_and_what_to_do(check: str, made: Callable[[], Check], words: list[str]):
    """A check that could not fail would let a run spend money on what cannot work."""
    outcome = made()
    assert (outcome.check, outcome.status) == (check, "failed")
    told = " ".join(f"{finding.message} {finding.remedy}" for finding in outcome.findings)
    assert [word for word in words if word not in told] == []


def test_no_check_lacks_a_failing_case():
    """Whoever adds a check shows that it can fail."""
    assert set(FAILING) == set(CHECKS)


@pytest.mark.parametrize(
    "made",
    [
        lambda: exists(HAIKU, ACTIVE, "us-west-2", BEFORE),
        lambda: customizable(HAIKU, ACTIVE, "us-west-2"),
        lambda: lifecycle(HAIKU, ACTIVE, "us-west-2", BEFORE),
        lambda: in_region(HAIKU, "us-west-2"),
        lambda: servable(NOVA, "on_demand"),
        lambda: callable_models({JUDGE: None}),
        lambda: names_free([]),
        lambda: names_free([Taken("customization job", "ft-run", "arn:job", ours=True)]),
    ],
)
def test_check_passes_where_nothing_stands_in_the_way(made: Callable[[], Check]):
    """A preflight that refuses what would work is worse than none; a job of an earlier attempt is adopted."""
    assert made().status == "passed"


def test_active_model_past_its_documented_end_only_warns():
    """The live service decides: an account may have an arrangement, and dates in documents move."""
    outcome = lifecycle(HAIKU, ACTIVE, "us-west-2", AFTER)
    assert outcome.status == "warning"
    assert outcome.findings[0].successor == "amazon.nova-2-lite-v1:0:256k"
    assert "2026-09-10" in outcome.message


def test_model_that_cannot_be_described_hides_no_other_check():
    """What Bedrock does not tell is one finding; what follows from it is skipped, with the reason."""
    assert exists(HAIKU, DENIED, "us-west-2", AFTER).status == "warning"
    assert "AccessDenied" in exists(HAIKU, DENIED, "us-west-2", AFTER).message
    assert lifecycle(HAIKU, DENIED, "us-west-2", AFTER).status == "skipped"
    assert customizable(HAIKU, None, "us-west-2").status == "skipped"


def test_each_model_is_asked_once_and_named_by_its_first_purpose():
    """A few-shot arm asks the same model, and a judge may be an arm, too: each question costs money."""
    arms = {"tuned": {"model_id": None}, "base": {"model_id": "a"}, "base-few-shot-3": {"model_id": "a"}}
    assert asked_models(arms, ["b", "a"]) == (Asked("a", "which answers as arm base"), Asked("b", "a judge"))


def test_run_waits_only_where_aws_had_no_time_and_nothing_else_is_wrong():
    """An error stays an error however often it is asked for; throttling passes."""
    busy = unmade("models-callable", BUSY, "error", "Later.")
    wrong = failed("region", "Not here.", "There.")
    assert is_undecided([busy, Check("region")])
    assert not is_undecided([busy, wrong])
    assert not is_undecided([unmade("model-exists", BUSY, "warning", "Later.")])
    assert not is_undecided([])


def test_document_has_every_check_and_the_findings_with_errors_first():
    """preflight.json is what a person opens and what report.json quotes."""
    checks = [warned("names-free", "Warn.", "W."), failed("region", "Wrong.", "R."), Check("serving", skipped="Why.")]
    made = document(checks, "2026-11-01T00:00:00.000Z", None)
    assert made["status"] == "failed"
    assert [(each["check"], each["status"]) for each in made["checks"]] == [
        ("names-free", "warning"), ("region", "failed"), ("serving", "skipped"),
    ]  # fmt: skip
    assert [finding["check"] for finding in made["findings"]] == ["region", "names-free"]
    assert document([checks[0]], "now", None)["status"] == "passed"


def test_message_names_every_finding_with_remedy_quota_code_and_successor():
    """It is what the notification and the console say: a person acts on it without opening a file."""
    found = findings_of(
        [failed("region", "Wrong.", "Do this.", quota="L-1"), warned("serving", "Old.", "W.", successor="x")]
    )
    text = failure_message(found, "s3://out/preflight.json")
    for part in (
        "1 error and 1 warning",
        "region (error): Wrong. Do this. Quota code: L-1.",
        "Successor: x.",
        "s3://out",
    ):
        assert part in text


def test_message_that_is_cut_says_how_many_more_there_are():
    """An execution's cause has a limit; what is left out must not look like nothing."""
    found = [
        Finding(check="names-free", severity="error", message=f"{number} {'x' * 3000}", remedy="Do it.")
        for number in range(30)
    ]
    text = failure_message(found, "s3://out/preflight.json")
    assert len(text) <= 7_000
    shown = text.count("- names-free")
    assert f"- and {30 - shown} more" in text
    assert text.count("Do it.") == shown > 3
    assert text.endswith("upload the data set again.")
