"""How far a run is, for a person: a live view in a terminal, a line for each change anywhere else."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from cli.execution import CHECKS, EnteredState, Snapshot
from lambdas.domain.core.counted import counted
from local.terminal import Console, in_line

# States that take no time tell a person nothing.
SHOWN = ("Task", "Wait", "Map")
WAITS = {wait for wait, _ in CHECKS.values()}
# The states of serving by what a run really buys.
SERVED = {
    "provisioned_throughput": {
        "PurchaseThroughputOrDeploy": "PurchaseThroughput",
        "WaitForServing": "WaitForThroughput",
        "DeleteThroughputOrDeployment": "DeleteThroughput",
    },
    "on_demand": {
        "PurchaseThroughputOrDeploy": "CreateDeployment",
        "WaitForServing": "WaitForDeployment",
        "DeleteThroughputOrDeployment": "DeleteDeployment",
    },
}
# What a job or throughput does not change from by itself (Bedrock's API reference).
FINAL = ("Completed", "Failed", "Stopped", "InService")


class Progress:
    """Shows stages, which take a while, and then the run's snapshots."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._shown: dict[str, str] = {}

    @contextmanager
    def stage(self, doing: str, done: str) -> Iterator[None]:
        """Says `doing` while the block runs, and `done` with its seconds afterwards."""
        started = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(in_line(doing)):
                yield
        else:
            self._print(f"{doing} …")
            yield
        self._print(f"✓ {done} ({time.monotonic() - started:.0f} s)")

    def follow(self, snapshots: Iterator[Snapshot]) -> Snapshot:
        """Shows each snapshot and returns the last one."""
        if self._console.is_terminal:
            return self._follow_live(snapshots)
        snapshot = Snapshot("RUNNING")
        for snapshot in snapshots:
            for step in shown_steps(snapshot):
                text = describe(step, snapshot, coarse=True)
                if self._shown.get(step.name) != text:
                    self._shown[step.name] = text
                    self._print(f"{mark(step, snapshot)} {text}")
        return snapshot

    def _follow_live(self, snapshots: Iterator[Snapshot]) -> Snapshot:
        snapshot = Snapshot("RUNNING")
        spinners: dict[str, Spinner] = {}
        with Live(console=self._console, refresh_per_second=10) as live:
            for snapshot in snapshots:
                lines: list[Text | Spinner] = []
                for step in shown_steps(snapshot):
                    text = describe(step, snapshot)
                    if not is_done(step) and not snapshot.is_over:
                        spinner = spinners.setdefault(step.name, Spinner("dots"))
                        spinner.update(text=in_line(text))
                        lines.append(spinner)
                    else:
                        lines.append(in_line(f"{mark(step, snapshot)} {text}"))
                live.update(Group(*lines))
        return snapshot

    def _print(self, text: str) -> None:
        at = "" if self._console.is_terminal else f"{time.monotonic() - self._started:6.1f} s  "
        self._console.write_line(f"{at}{text}")


def shown_steps(snapshot: Snapshot) -> list[EnteredState]:
    """The states worth a line; a check of Bedrock's status is told with the wait for it."""
    return [step for step in snapshot.steps.values() if step.kind in SHOWN and step.name not in CHECKS]


def describe(step: EnteredState, snapshot: Snapshot, *, coarse: bool = False) -> str:
    """The state's name in words, and how far it is; `coarse` leaves out what changes all the time."""
    names = SERVED.get(snapshot.facts.get("plan", {}).get("serving", ""), {})
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", names.get(step.name, step.name))
    words = words.capitalize()
    if step.answer is not None:
        return f"{words}: {step.answer if step.exited_at else f'waiting for approval: {step.answer}'}"
    if step.items is not None:
        total, done = step.items
        quarter = done if done == total else total * (4 * done // total) // 4
        return f"{words}: {quarter if coarse else done} of {counted(total, 'shard')}"
    if step.name == "WaitForSlot" and (reason := _wait_reason(snapshot)):
        return f"{words}: {reason}"
    if step.status is not None:
        jobs = f", {step.jobs[1]} of {counted(step.jobs[0], 'job')} ended" if step.jobs else ""
        detail = f" ({step.detail})" if step.detail else ""
        return f"{words}: {step.status}{detail}{jobs}" + ("" if coarse else f", asked {counted(step.visits, 'time')}")
    return words


def _wait_reason(snapshot: Snapshot) -> str | None:
    """What keeps the run from buying: a quota or a busy AWS, or the runs that have the slots."""
    serving, slot = snapshot.fact("lease.serving"), snapshot.fact("lease.slot")
    reason: str | None = slot.get("message") or serving.get("message")
    return reason


def mark(step: EnteredState, snapshot: Snapshot) -> str:
    """Whether the state is done, being worked on, or was cut off by the run's end."""
    if is_done(step):
        return "✓"
    return "✗" if snapshot.is_over else "…"


def is_done(step: EnteredState) -> bool:
    """Whether the run has left the state; a wait that ends only to begin again is not done before what it waits for."""
    if step.name in WAITS and step.status not in FINAL:
        return False
    return step.exited_at is not None
