"""A cold start imports nothing that only some calls need."""

import json
import subprocess
import sys

from local.bench.cold_start import handler_names

# What makes a page, what draws, what traces: late imports in the calls that need them.
LATE = ("aws_xray_sdk", "jinja2", "numpy", "pygal")


def test_importing_the_handlers_imports_nothing_that_few_calls_need() -> None:
    """Each cold start of each function would pay for it: `make bench` measures it."""
    program = f"import json, sys, {', '.join(f'lambdas.handlers.{name}' for name in handler_names())}"
    program += f"; print(json.dumps([name for name in {LATE!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert json.loads(done.stdout) == []
