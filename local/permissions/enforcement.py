"""On the embedded AWS, Lambda workers and AWS's own services ask before each call, and the deployed policies answer."""

import os
from pathlib import Path

from ministack.core import lambda_runtime

from local import patches
from local.permissions import log_delivery
from local.permissions.account import EmbeddedAccount
from local.permissions.evaluator import Evaluator
from local.permissions.guard import Guard
from local.permissions.record import DecisionRecord
from local.permissions.rule_targets import RuleTargets
from local.permissions.state_machine_role import StateMachineRole

HOOK = Path(__file__).with_name("worker_hook.py")
# After the search path is complete, so that the function's own botocore is meant, and before it is imported.
PLACE = "    _ms_install_invoke_depth()\n    try:\n"
INSTALL = """\
    import runpy
    runpy.run_path({hook!r})["install_in_worker"]({port})
"""


def apply(port: int, record: Path, evaluator: Evaluator) -> Guard:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    patches._require(script.count(PLACE) == 1, "lambda_runtime._PYTHON_WORKER_SCRIPT", PLACE)
    first, second = PLACE.split("\n", 1)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(
        PLACE, f"{first}\n{INSTALL.format(hook=str(HOOK), port=port)}{second}"
    )
    account = EmbeddedAccount(os.environ["AWS_ENDPOINT_URL_BEDROCK"], os.environ["AWS_SESSION_TOKEN"])
    guard = Guard(evaluator, account, DecisionRecord(record))
    StateMachineRole(guard).apply()
    RuleTargets(guard).apply()
    log_delivery.apply(guard)
    return guard
