"""Every regular expression takes time linear in a text: nobody can stop a run, or make it dear, by what a text holds.

Patterns are collected, so that a new one is timed as well: those that modules hold, and those within calls.
"""

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

import lambdas
import local
from tests.unit.worst_cases import Case, Parts

REPOSITORY = Path(__file__).parents[2]
METHODS = {"fullmatch", "match", "search", "findall", "finditer", "split", "sub", "subn"}
# Ten times in theory; caches that others use as well make it more. A quadratic pattern takes a hundred times.
SMALL, LARGE, MOST = 100_000, 1_000_000, 20
# Shorter times tell of the clock and of caches; a quadratic pattern needs minutes for LARGE.
FLOOR_SECONDS = 0.2
ATTEMPTS = 12
SCREENED, SCREENED_AT, TIMED = 5_000, 500, 2
ENDLESS_SECONDS = 60
# What runs when imported, and what needs packages of its own.
NOT_IMPORTED = ("__main__", "fuzz")


class Use(NamedTuple):
    """A pattern and the methods that the code calls it with."""

    where: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]

    def apply(self, text: str) -> None:
        """The most demanding of its uses: one that starts at every place, where there is one."""
        subject: Any = text.encode(errors="replace") if isinstance(self.pattern.pattern, bytes) else text
        if self.methods and self.methods <= {"fullmatch", "match"}:
            for method in self.methods:
                getattr(self.pattern, method)(subject)
        else:
            deque(self.pattern.finditer(subject), maxlen=0)


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """All modules that read texts from outside."""
    for package in ("lambdas", "local"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def is_re_call(node: ast.AST) -> bool:
    """Whether a node calls a function of `re`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
    )


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    """The patterns that a module's value holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from patterns_in(each)
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from patterns_in(each)


def modules() -> Iterator[Any]:
    """All modules of both packages, imported."""
    for package in (lambdas, local):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not set(found.name.split(".")) & {*NOT_IMPORTED}:
                yield importlib.import_module(found.name)


def collect() -> list[Use]:
    """All patterns, each once."""
    methods: dict[tuple[str, str], set[str]] = {}
    found: list[Use] = []
    for path, tree in sources():
        where = str(path.relative_to(REPOSITORY))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                name = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
                for key in {(where, name), ("" if not name.startswith("_") else where, name)}:
                    methods.setdefault(key, set()).add(node.attr)
            if isinstance(node, ast.Call) and is_re_call(node) and isinstance(node.args[0], ast.Constant):
                method = getattr(node.func, "attr", "")
                if method in METHODS:
                    flags = [
                        each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute) and each.attr.isupper()
                    ]
                    pattern = re.compile(str(node.args[0].value), sum(getattr(re, flag) for flag in flags))
                    found.append(Use(f"{where}:{node.lineno}", pattern, frozenset({method})))
    for module in modules():
        where = str(Path(module.__file__).relative_to(REPOSITORY))
        for name, value in vars(module).items():
            uses = methods.get((where if name.startswith("_") else "", name), set())
            found += [Use(f"{where}:{name}", pattern, frozenset(uses)) for pattern in patterns_in(value)]
    unique = {(each.pattern, each.methods): each for each in reversed(found)}
    return sorted(unique.values(), key=lambda use: use.where)


def text_of(case: Case, size: int) -> str:
    """A worst case of about `size` characters."""
    start, repeated, end = case
    return start + repeated * (size // len(repeated)) + end


def seconds(apply: Callable[[str], None], text: str, repetitions: int = 1) -> float:
    """The processor time of one call, on average."""
    before = time.process_time()
    for _ in range(repetitions):
        apply(text)
    return (time.process_time() - before) / repetitions


def worst_cases(use: Use) -> list[Case]:
    """The cases that take longest, and those that grow most, at sizes at which all can be tried."""
    timed = []
    for case in dict.fromkeys(Parts(use.pattern).cases()):
        short, long = (seconds(use.apply, text_of(case, size)) for size in (SCREENED_AT, SCREENED))
        timed.append((long, long / max(short, 1e-4), case))
    by_time = [case for _, _, case in sorted(timed, reverse=True)[:TIMED]]
    by_growth = [case for _, _, case in sorted(timed, key=lambda each: -each[1])[:TIMED]]
    return [*dict.fromkeys(by_time + by_growth)]


def growth(use: Use, case: Case) -> float:
    """How many times longer a text takes that is 10 times as long.

    Other work on the machine lengthens times, so the least of each counts, and both are measured for as long, in turns.
    """
    small, large = text_of(case, SMALL), text_of(case, LARGE)
    least_small = least_large = float("inf")
    for _ in range(ATTEMPTS):
        least_large = min(least_large, seconds(use.apply, large))
        if least_large < FLOOR_SECONDS:
            return 1.0
        least_small = min(least_small, seconds(use.apply, small, LARGE // SMALL))
        if least_large <= MOST * least_small:
            break
    return least_large / least_small


def check(use: Use, endless_seconds: float = ENDLESS_SECONDS) -> None:
    """Fails where a pattern is not linear, and where it does not end."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"{use.where} takes more than {endless_seconds} seconds: {use.pattern.pattern!r}")

    before = signal.signal(signal.SIGVTALRM, end)
    try:
        # Of processor time: this is no limit on speed, but what ends a pattern that would take hours.
        signal.setitimer(signal.ITIMER_VIRTUAL, endless_seconds)
        for case in worst_cases(use):
            signal.setitimer(signal.ITIMER_VIRTUAL, endless_seconds)
            found = growth(use, case)
            assert found <= MOST, f"{found:.0f} times for {case}: {use.pattern.pattern!r}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("use", collect(), ids=lambda use: use.where)
def test_time_grows_with_the_text_and_no_faster(use: Use) -> None:
    """A thousand spaces in an answer must not cost a minute, and a run must not end without its report."""
    check(use)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s*(?:,|,?\s*and)\s*x",
        r"<a[^>]*>",
        r"(-*[a-z-])*!",
        r"\d+(?:,\d{3})+(?!\d|,)",
        r"(?<!\d)(?>\d{1,3}(?:,\d{3})+|\d+)(?!st\b)",
        r"<(?P<name>a|b)>.*?</(?P=name)>",
    ],
)
def test_patterns_that_are_not_linear_are_told(pattern: str) -> None:
    """The generated cases find the usual faults, in a pattern nobody thought of."""
    with pytest.raises((AssertionError, TimeoutError)):
        check(Use("here", re.compile(pattern), frozenset()), endless_seconds=3)


def test_no_pattern_is_hidden_from_this_test() -> None:
    """A pattern stands at the level of its module, or as a constant in the call."""
    hidden = []
    for path, tree in sources():
        top = {
            id(node)
            for statement in tree.body
            if isinstance(statement, ast.Assign | ast.AnnAssign)
            for node in ast.walk(statement)
        }
        classes = [statement for statement in tree.body if isinstance(statement, ast.ClassDef)]
        assert not any(
            is_re_call(node)
            for each in classes
            for part in each.body
            if not isinstance(part, ast.FunctionDef)
            for node in ast.walk(part)
        )
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in ("re", "regex"):
                hidden.append(f"{path}:{node.lineno}")
            if isinstance(node, ast.Call) and is_re_call(node):
                method = getattr(node.func, "attr", "")
                constant = method in METHODS and isinstance(node.args[0], ast.Constant)
                if method != "escape" and not constant and not (method == "compile" and id(node) in top):
                    hidden.append(f"{path.relative_to(REPOSITORY)}:{node.lineno}")
    # The service model's own patterns, which are tried on short values alone.
    assert [each.rsplit(":", 1)[0] for each in hidden] == ["local/bedrock/validation.py"]
