"""All cases: read this first. Those of each subject have a module of their own."""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import replace
from zlib import crc32

from local.bedrock.settings import UndocumentedRefusals
from local.faults.batch_cases import batch_cases
from local.faults.busy_cases import busy_cases
from local.faults.case import Case
from local.faults.champion_cases import champion_cases
from local.faults.curation_cases import curation_cases
from local.faults.denied_cases import denied_cases
from local.faults.deployment_cases import deployment_cases
from local.faults.event_cases import event_cases
from local.faults.lagging_cases import lagging_cases
from local.faults.must_leak_cases import must_leak_cases
from local.faults.served_cases import served_cases
from local.faults.standing_cases import standing_cases
from local.faults.sweep_cases import sweep_cases
from local.faults.throughput_cases import throughput_cases

REFUSALS: Sequence[UndocumentedRefusals] = ("specific", "validation")
# How the name of a case ends that is run under the second code, too.
SECOND_CODE = "+validation"


def all_cases() -> list[Case]:
    """Every case, each with a name of its own.

    Those on a deployment that few share are spread evenly: there, each function starts for the first time, or one case
    waits for the other.
    """
    subjects = (
        throughput_cases(),
        event_cases(),
        must_leak_cases(),
        deployment_cases(),
        sweep_cases(),
        busy_cases(),
        denied_cases(),
        lagging_cases(),
        served_cases(),
        curation_cases(),
        batch_cases(),
        standing_cases(),
        champion_cases(),
    )
    cases = [refused for subject in subjects for case in subject for refused in _under_refusals(case)]
    spread = [case for case in cases if case.deployment == "shared"]
    slow = [case for case in cases if case.deployment != "shared"]
    every = len(spread) // len(slow)
    for number, case in enumerate(slow):
        spread.insert(number * (every + 1), case)
    return spread


def chosen(pattern: str | None, refusals: UndocumentedRefusals | None = None) -> list[Case]:
    """The cases whose name has the pattern, in which `*` stands for anything; with `refusals` all under that code."""
    cases = all_cases() if refusals is None else _all_under(refusals)
    return [case for case in cases if pattern is None or fnmatch.fnmatch(case.name.lower(), f"*{pattern.lower()}*")]


def _all_under(refusals: UndocumentedRefusals) -> list[Case]:
    """Every case under one code: a second case that differs from its first in the code alone is left out."""
    return [replace(case, refusals=refusals) for case in all_cases() if not case.name.endswith(SECOND_CODE)]


def _under_refusals(case: Case) -> Iterator[Case]:
    """The case under either code of the refusals that no document tells, or under one of them.

    Which one follows from its name alone, so that a new case changes no other one.
    """
    if not case.either_way:
        yield replace(case, refusals=REFUSALS[crc32(case.name.encode()) % 2])
        return
    yield replace(case, refusals="specific")
    yield replace(case, name=f"{case.name}{SECOND_CODE}", refusals="validation")
