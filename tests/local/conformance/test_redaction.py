"""Nothing that is shown tells whose account it was, who called, or what the account has."""

import pytest

from local.conformance.calls import AwsRequest, AwsResponse
from local.conformance.redaction import redacted, redacted_text, shown_answer


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("arn:aws:bedrock:us-east-1:123456789012:custom-model/x", "arn:aws:bedrock:us-east-1:<account>:custom-model/x"),
        (
            "User: arn:aws:sts::123456789012:assumed-role/Admin/jo@example.com is not authorized",
            "User: arn:aws:sts::<account>:<principal> is not authorized",
        ),
        ("write to jo.doe@example.com", "write to <email>"),
        ("request 0aa0a0a0-1111-2222-3333-444455556666 failed", "request <id> failed"),
        ("the key AKIAIOSFODNN7EXAMPLE", "the key <access key>"),
        ("amazon.nova-micro-v1:0:128k", "amazon.nova-micro-v1:0:128k"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert redacted_text(text) == shown
    assert redacted({"a": [text], "nextToken": text}) == {"a": [shown], "nextToken": "<token>"}


def test_of_what_the_account_has_only_the_form_is_shown() -> None:
    answer = {"modelSummaries": [{"modelName": "secret", "modelStatus": "Active", "ownerAccountId": "123456789012"}]}
    seen = AwsResponse(AwsRequest("bedrock", "ListCustomModels", {}, "us-east-1"), answer, None)
    assert shown_answer(seen) == {
        "modelSummaries": [{"modelName": "<str>", "modelStatus": "Active", "ownerAccountId": "<str>"}]
    }
