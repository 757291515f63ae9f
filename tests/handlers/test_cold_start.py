"""A cold start imports nothing that only some calls need."""

import json
import subprocess
import sys

from local.bench.cold_start import handler_names

# What makes a page, what draws, what traces: late imports in the calls that need them.
LATE = ("aws_xray_sdk", "jinja2", "numpy", "pygal")


MODELS = """
import importlib, json, pkgutil, pydantic, lambdas
for module in pkgutil.walk_packages(lambdas.__path__, "lambdas."):
    importlib.import_module(module.name)
def below(model):
    for each in model.__subclasses__():
        yield each
        yield from below(each)
ours = [each for each in below(pydantic.BaseModel) if each.__module__.startswith("lambdas.")]
print(json.dumps([f"{each.__module__}.{each.__name__}" for each in ours if not each.model_config.get("defer_build")]))
"""


def run_program(program: str) -> object:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return json.loads(done.stdout)


def test_importing_the_handlers_imports_nothing_that_few_calls_need() -> None:
    """Each cold start of each function would pay for it: `make bench` measures it."""
    program = f"import json, sys, {', '.join(f'lambdas.handlers.{name}' for name in handler_names())}"
    program += f"; print(json.dumps([name for name in {LATE!r} if name in sys.modules]))"
    assert run_program(program) == []


def test_no_model_builds_its_schema_before_its_first_use() -> None:
    """A cold start would pay for each model that it never sees."""
    assert run_program(MODELS) == []


def test_a_promotion_loads_nothing_of_the_report_but_what_it_reads() -> None:
    """PromoteChampion asks for six keys of report.json, whose type knows the whole pipeline."""
    program = "import json, sys, lambdas.handlers.promote_champion; "
    program += "print(json.dumps([name for name in sys.modules if name.startswith('lambdas.domain')]))"
    loaded = run_program(program)
    assert isinstance(loaded, list)
    assert {"lambdas.domain.report.run_report", "lambdas.domain.plan.plan"}.isdisjoint(loaded)


def test_nothing_is_collected_while_a_handler_is_imported_and_everything_afterwards() -> None:
    """What is imported is no garbage, and looking through it takes time; what calls leave behind is."""
    program = "import gc, importlib, json, lambdas.handlers; found = [gc.isenabled()]\n"
    for name in handler_names():
        program += f"gc.disable(); importlib.import_module('lambdas.handlers.{name}'); found.append(gc.isenabled())\n"
    assert run_program(f"{program}print(json.dumps(found))") == [False, *(True for _ in handler_names())]
