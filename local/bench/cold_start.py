"""What a cold start pays: the processor time of importing a handler, over that of boto3 with one client."""

import os
import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

from local.checkout import CHECKOUT

# They hold what handlers share, and serve no state.
NO_HANDLERS = ("composition", "environment", "observability")
CLIENT = "import boto3; boto3.client('s3')"
ROUNDS = 5
# As on Lambda, as far as an import asks.
ENVIRONMENT = {"AWS_DEFAULT_REGION": "us-west-2", "POWERTOOLS_SERVICE_NAME": "bench"}


def handler_names() -> list[str]:
    """The modules of the handlers."""
    # The package itself is not imported: it turns off the garbage collection.
    folder = CHECKOUT / "lambdas" / "handlers"
    return sorted(file.stem for file in folder.glob("[!_]*.py") if file.stem not in NO_HANDLERS)


def measure_cold_start(rounds: int = ROUNDS) -> dict[str, Any]:
    """Seconds for boto3 with a client, and for each handler without and with one: the least of several rounds.

    The interpreter's own seconds are part of each. A handler makes its clients when it is first called.
    """
    statements = {"boto3": CLIENT}
    for name in handler_names():
        statements[name] = f"import lambdas.handlers.{name}"
        statements[f"{name} with a client"] = f"{statements[name]}; {CLIENT}"
    # Round by round, so that other work on the machine slows none alone. The first one writes Python's caches.
    measured = [{name: _cpu_seconds(text) for name, text in statements.items()} for _ in range(rounds + 1)][1:]
    least = {name: min(each[name] for each in measured) for name in statements}
    handlers = {
        name: {
            "import_seconds": round(least[name], 3),
            "times_boto3": round(least[name] / least["boto3"], 2),
            "times_boto3_with_a_client": round(least[f"{name} with a client"] / least["boto3"], 2),
        }
        for name in handler_names()
    }
    return {"boto3_seconds": round(least["boto3"], 3), "handlers": handlers}


def _cpu_seconds(statement: str) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], env=os.environ | ENVIRONMENT, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
