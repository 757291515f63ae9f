"""`make destroy`: you learn what stays, before you answer and after it is done."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from cli.destroy import destroy

KEY = "arn:aws:kms:us-west-2:111122223333:key/k"
BUCKETS = {"InputBucket": "in-1", "OutputBucket": "out-1", "AccessLogsBucket": "logs-1"}
MODELS = {
    "arn:m/ours": ("team-sales-1", "team"),
    # Its name begins with ours, and it is another deployment's.
    "arn:m/theirs": ("team-a-sales-1", "team-a"),
    "arn:m/foreign": ("other", "team"),
}


class Account:
    """A caller's account with one deployment `team`; its own client of every service."""

    def __init__(self, **outputs: str) -> None:
        self.outputs: dict[str, str] | None = outputs
        self.models = dict(MODELS)
        self.served: dict[str, tuple[str, str]] = {}
        self.refusal: Exception | None = None
        self.protected = False
        self.protection_refusal: Exception | None = None
        self.calls: list[str] = []
        self.told: list[str] = []
        # Deleted, and listed still.
        self.gone: set[str] = set()

    def __call__(self, _: str) -> Any:
        return self

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.outputs is None:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        outputs = [{"OutputKey": n, "OutputValue": v} for n, v in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs, "EnableTerminationProtection": self.protected}]}

    def update_termination_protection(self, *, StackName: str, EnableTerminationProtection: bool) -> None:  # noqa: N803 - boto3's names
        if self.protection_refusal:
            raise self.protection_refusal
        assert StackName == "team-data"
        self.protected = EnableTerminationProtection
        self.calls.append(f"protected: {EnableTerminationProtection}")

    def get_paginator(self, _: str) -> "Account":
        return self

    def paginate(self, **_: object) -> Iterator[dict[str, Any]]:
        if self.refusal:
            raise self.refusal
        made = datetime(2026, 11, 22, tzinfo=UTC)
        yield {
            "modelSummaries": [{"modelArn": arn, "modelName": name} for arn, (name, _) in self.models.items()],
            "provisionedModelSummaries": [
                {"provisionedModelArn": arn, "provisionedModelName": name, "creationTime": made, "modelUnits": 1}
                for arn, (name, _) in self.served.items()
            ],
        }

    def list_tags_for_resource(self, *, resourceARN: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if resourceARN in self.gone:
            refusal = {"Code": "ValidationException", "Message": "The provided resource ARN is invalid."}
            raise ClientError({"Error": refusal, "ResponseMetadata": {}}, "ListTagsForResource")  # type: ignore[typeddict-item]
        return {"tags": [{"key": "deployment", "value": (self.models | self.served)[resourceARN][1]}]}

    def destroy(self, *, answer: str = "yes", status: int = 0) -> int:
        def cdk() -> int:
            self.calls.append("cdk destroy")
            if answer == "yes" and status == 0:
                self.outputs = None
            return status

        def tell(text: str) -> None:
            self.calls.append("told")
            self.told.append(text)

        return destroy(self, "team", cdk=cdk, tell=tell)


def kept() -> Account:
    return Account(**BUCKETS, DataAfterDestroy="kept", KeyArn=KEY)


def test_kept_data_is_named_before_the_question_and_after_the_deletion() -> None:
    """Nobody has to remember the buckets' names, which no stack tells any more."""
    account = kept()
    assert account.destroy() == 0
    assert account.calls == ["told", "cdk destroy", "told"]
    for text in account.told:
        assert all(f"s3://{bucket}" in text for bucket in BUCKETS.values())
        assert KEY in text
        assert "arn:m/ours" in text
        assert "/team/champion" in text
        assert "arn:m/theirs" not in text
        assert "arn:m/foreign" not in text


def test_data_that_is_deleted_is_not_said_to_stay() -> None:
    """With keep_data false models and key alone are left, the key for a week."""
    account = Account(**BUCKETS, DataAfterDestroy="deleted", KeyArn=KEY)
    account.destroy()
    assert "s3://" not in account.told[-1]
    assert f"for seven days the key {KEY}" in account.told[-1]
    assert "arn:m/ours" in account.told[-1]


def test_models_are_listed_anew_once_the_stacks_are_gone() -> None:
    """The pipeline's last act deletes those of a sweep that were not chosen."""
    account = kept()
    before = account.paginate

    def after_the_deletion(**settings: object) -> Iterator[dict[str, Any]]:
        if account.outputs is None:
            account.models = {}
        return before(**settings)

    account.paginate = after_the_deletion  # type: ignore[method-assign] # the account, changed by then
    account.destroy()
    assert ["arn:m/ours" in text for text in account.told] == [True, False]


@pytest.mark.parametrize(("answer", "status"), [("no", 0), ("yes", 1)])
def test_where_nothing_was_deleted_nothing_is_said_to_be_deleted(answer: str, status: int) -> None:
    """The question was answered with no, or the deletion failed."""
    account = kept()
    assert account.destroy(answer=answer, status=status) == status
    assert account.calls == ["told", "cdk destroy"]


def test_a_model_that_is_gone_and_still_listed_stays_nowhere() -> None:
    """Bedrock's lists may lag behind."""
    account = kept()
    gone = next(arn for arn, (name, _) in account.models.items() if name.startswith("team-"))
    account.gone = {gone}
    assert account.destroy() == 0
    assert gone not in account.told[-1]
    assert "cannot be listed" not in account.told[-1]


def test_models_that_cannot_be_listed_are_told_and_hinder_no_deletion() -> None:
    """What bills by the hour has to go, whatever else is refused."""
    account = kept()
    refusal: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}, "ResponseMetadata": {}}
    account.refusal = ClientError(refusal, "ListCustomModels")
    assert account.destroy() == 0
    assert "cannot be listed" in account.told[-1]
    assert "AccessDenied" in account.told[-1]


def test_a_stack_that_cannot_be_read_is_told_and_hinders_no_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CDK CLI deletes by roles of its own, which may do more than the caller."""
    account = kept()

    def refuse(**_: object) -> dict[str, Any]:
        raise NoCredentialsError

    monkeypatch.setattr(account, "describe_stacks", refuse)
    assert account.destroy() == 0
    assert account.calls == ["told", "cdk destroy"]
    assert "cannot be told" in account.told[0]


def test_without_a_data_stack_the_rest_is_still_deleted() -> None:
    """Somebody has deleted it by hand."""
    account = kept()
    account.outputs = None
    assert account.destroy() == 0
    assert account.calls == ["told", "cdk destroy"]
    assert "no stack team-data" in account.told[0]


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("yes", ["told", "protected: False", "cdk destroy", "told"]),
        ("no", ["told", "protected: False", "cdk destroy", "protected: True"]),
    ],
)
def test_a_protected_data_stack_goes_with_make_destroy_and_stays_protected_otherwise(
    answer: str, calls: list[str]
) -> None:
    """Its protection is against going alone, by a slip."""
    account = kept()
    account.protected = True
    assert account.destroy(answer=answer) == 0
    assert account.calls == calls


def test_protection_that_cannot_be_lifted_is_told_and_the_rest_is_deleted() -> None:
    """The pipeline goes first, and with it what bills."""
    account = kept()
    account.protected = True
    account.protection_refusal = ClientError(
        {"Error": {"Code": "AccessDenied", "Message": "no"}}, "UpdateTerminationProtection"
    )
    assert account.destroy(answer="no") == 0
    assert "cdk destroy" in account.calls
    assert "protection of team-data from deletion cannot be lifted" in account.told[1]


def test_what_serves_applications_is_named_before_it_ends() -> None:
    """Somebody may depend on it. What a run has, and what is another environment's, is none of it."""
    account = kept()
    account.served = {
        "arn:t/ours": ("team-sales-0123456789ab-s", "team"),
        "arn:t/theirs": ("team-sales-ffffffffffff-s", "team-sales"),
        "arn:t/of-a-run": ("team-sales-0123456789ab-c1", "team"),
    }
    account.destroy()
    before, after = account.told
    assert "This ends what serves models of team for applications:\n- the throughput arn:t/ours\n" in before
    assert "theirs" not in before.partition("What stays")[0]
    assert "of-a-run" not in before
    assert "applications" not in after
