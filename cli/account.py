"""The caller's AWS account, by the credentials and endpoints that boto3 finds; the embedded AWS is one, too."""

from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as BotocoreConnectionError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.clients import CONTROL, Clients, Maker

SIGN_IN = "sign in to the account of the environment (`aws sso login`, AWS_PROFILE, …)"
# Codes of a signature with a key that AWS does not know, or not with this secret (STS, "Common errors").
_WRONG = ("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidAccessKeyId")
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")


class NoAccountError(Exception):
    """AWS cannot be called as anybody; the message says why, and what to do."""


class Account:
    """An account in one Region, and the ARN of whoever calls it."""

    def __init__(self, session: Maker, region: str, caller: str) -> None:
        self._session = session
        self.region = region
        self.caller = caller

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self._session.client(service, config=CONTROL)

    @cached_property
    def adapters(self) -> Adapters:
        """The adapters that the steps of a run call AWS through."""
        return Adapters(Clients(self._session))


def account_of(region: str) -> Account:
    """The caller's account. It asks AWS who calls, so that unusable credentials are told at once.

    Raises NoAccountError.
    """
    try:
        session: Any = boto3.Session(region_name=region)
        caller = str(session.client("sts", config=CONTROL).get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError, ValueError) as error:
        raise NoAccountError(_sentence(error, region)) from error
    return Account(session, region, caller)


def _sentence(error: Exception, region: str) -> str:
    match error:
        case ProfileNotFound():
            return f"{error}: set AWS_PROFILE to one of `aws configure list-profiles`."
        case NoCredentialsError():
            return f"There are no AWS credentials: {SIGN_IN}."
        case PartialCredentialsError():
            return f"The AWS credentials are incomplete: {error} Set what is missing, or {SIGN_IN}."
        case ConfigParseError():
            return f"AWS's configuration cannot be read: {error} Correct that file."
        case NoRegionError() | InvalidRegionError():
            return f"There is no AWS Region {region!r}: name one with --region, such as us-east-1."
        case HTTPClientError() | BotocoreConnectionError():
            return (
                f"AWS does not answer in the Region {region}: {error} Check --region, your network and proxy, and "
                "AWS_ENDPOINT_URL where it is set."
            )
        case ClientError():
            return _refusal(error, region)
        case ValueError():
            # botocore's own error of a malformed endpoint.
            return f"AWS cannot be called: {error}. Check AWS_ENDPOINT_URL and --region."
    return f"The AWS credentials cannot be used: {error} To renew them, {SIGN_IN}."


def _refusal(error: ClientError, region: str) -> str:
    code = error.response["Error"].get("Code", "")
    if code in _EXPIRED:
        return f"The AWS credentials have expired: {SIGN_IN} again."
    if code in _WRONG:
        return (
            f"AWS does not know these credentials ({code}): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
            f"AWS_SESSION_TOKEN and AWS_PROFILE, and that the Region {region} is enabled for the account."
        )
    return f"The AWS credentials cannot be used: {error}"
