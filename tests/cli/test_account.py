"""Who calls AWS: what a person is told where nobody can."""

from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import (
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    EndpointConnectionError,
    PartialCredentialsError,
    TokenRetrievalError,
)
from typer.testing import CliRunner

from cli import destroy, main
from cli.account import NoAccountError, account_of
from cli.commands.options import EXAMPLE


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refusal("ExpiredToken"), "have expired: sign in"),
        (refusal("InvalidClientTokenId"), "does not know these credentials"),
        (refusal("SignatureDoesNotMatch"), "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"),
        (refusal("AccessDenied"), "cannot be used"),
        (EndpointConnectionError(endpoint_url="https://sts.nowhere"), "does not answer in the Region us-west-2"),
        (ConnectTimeoutError(endpoint_url="https://sts"), "Check --region, your network and proxy"),
        (PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"), "incomplete"),
        (TokenRetrievalError(provider="sso", error_msg="expired"), "To renew them, sign in"),
        (ConfigParseError(path="~/.aws/config", error="no section"), "Correct that file"),
    ],
)
def test_credentials_that_cannot_be_used_are_told_with_the_remedy(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has another one."""

    def raise_it(*_: Any) -> None:
        raise error

    monkeypatch.setattr(BaseClient, "_make_api_call", raise_it)
    with pytest.raises(NoAccountError, match=said):
        account_of("us-west-2")


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first thing that goes wrong on a new machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoAccountError, match="no AWS credentials: sign in"):
        account_of("us-west-2")


@pytest.mark.parametrize("region", ["no region", "a/b"])
def test_what_is_no_region_is_told(region: str) -> None:
    """A mistyped option is no reason for a stack trace."""
    with pytest.raises(NoAccountError, match="no AWS Region"):
        account_of(region)


def test_a_malformed_endpoint_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded AWS is named by that variable."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost")
    with pytest.raises(NoAccountError, match="Check AWS_ENDPOINT_URL"):
        account_of("us-west-2")


@pytest.mark.parametrize(
    ("words", "status"), [(["approve", "sales-0123456789ab"], 1), (["preflight"], 2), (["preflight", str(EXAMPLE)], 2)]
)
def test_a_profile_that_does_not_exist_is_told(words: list[str], status: int, no_profile: None, tmp_path: Path) -> None:
    """Every command that needs an account says so in a sentence."""
    out = ["--out", str(tmp_path / "out")] if words[0] == "preflight" else []
    done = CliRunner().invoke(main.app, [*words, *out])
    assert (done.exit_code, type(done.exception)) == (status, SystemExit)
    assert "nobody" in done.output
    assert "aws configure list-profiles" in done.output


def test_destroy_without_an_account_starts_nothing(no_profile: None) -> None:
    """The CDK CLI would say it in its own words, and what stays would not be told."""
    done = CliRunner().invoke(destroy.app, [])
    assert done.exit_code == 2
    assert "aws configure list-profiles" in done.output
