"""The endpoint of applications where two write it at the same time: nobody undoes what they have not seen."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.adapters.stores.endpoint_parameter import EndpointParameter, endpoint_name
from lambdas.domain.evaluation.endpoint import Endpoint

ENVIRONMENT = "team"
MODEL = "arn:aws:bedrock:us-west-2:123456789012:custom-model/m/abcdefghijkl"


def naming(target: str | None) -> Endpoint:
    return Endpoint(run_id="sales-0123456789ab", model_arn=MODEL, target_arn=target)


@pytest.fixture
def ssm() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("ssm", region_name="us-west-2")


def others(ssm: Any, *targets: str | None) -> None:
    """Somebody else writes right before each of the next calls that write."""
    left = list(targets)
    other = EndpointParameter(boto3.client("ssm", region_name="us-west-2"))

    def write_before(**_: Any) -> None:
        if left:
            other.write_endpoint(ENVIRONMENT, naming(left.pop(0)), "")

    ssm.meta.events.register("before-call.ssm.PutParameter", write_before)


def replace(ssm: Any, before: Endpoint | None, target: str | None) -> tuple[bool, str | None]:
    parameter = EndpointParameter(ssm)
    done = parameter.replace_endpoint(ENVIRONMENT, before, naming(target), "")
    now = parameter.read_endpoint(ENVIRONMENT)
    return done, now.target_arn if now else None


def test_what_was_read_is_replaced(ssm: Any) -> None:
    assert replace(ssm, None, "arn:one") == (True, "arn:one")
    assert replace(ssm, naming("arn:one"), None) == (True, None)


def test_what_somebody_has_changed_since_it_was_read_stays(ssm: Any) -> None:
    assert replace(ssm, None, "arn:new") == (True, "arn:new")
    assert replace(ssm, naming("arn:old"), None) == (False, "arn:new")


@pytest.mark.parametrize("before", [None, "arn:old"])
def test_what_somebody_writes_in_between_stands_again(ssm: Any, before: str | None) -> None:
    """A reconciler that lets the endpoint name nothing must not undo what a person has just put in service."""
    if before:
        replace(ssm, None, before)
    others(ssm, "arn:theirs")
    assert replace(ssm, naming(before) if before else None, None) == (False, "arn:theirs")


def test_the_last_of_several_others_stands(ssm: Any) -> None:
    others(ssm, "arn:first", "arn:second", "arn:third")
    assert replace(ssm, None, None) == (False, "arn:third")


def test_what_is_no_endpoint_is_replaced(ssm: Any) -> None:
    ssm.put_parameter(Name=endpoint_name(ENVIRONMENT), Value="{}", Type="String")
    assert replace(ssm, None, "arn:one") == (True, "arn:one")
