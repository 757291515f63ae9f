"""X-Ray's SDK is loaded for an invocation whose trace is kept, and for no other."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from types import SimpleNamespace
from lambdas.handlers.observability import observed

@observed
def handler(event, context):
    return {"answer": 1}

context = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="1")
assert handler({"run": {"id": "r1"}}, context) == {"answer": 1}
print("aws_xray_sdk" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("header", "loaded"),
    [("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", True), ("Root=1;Sampled=0", False), ("", False)],
    ids=["sampled", "not sampled", "no tracing"],
)
def test_the_tracer_is_loaded_for_a_sampled_invocation_alone(header: str, loaded: bool) -> None:
    """It takes half as long to import as boto3, in every cold start."""
    environment = os.environ | {"_X_AMZN_TRACE_ID": header, "POWERTOOLS_SERVICE_NAME": "test"}
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == [str(loaded)]
