"""Checks of what data set and run.json make of a run: the data gate warns of them, and the preflight tells them again.

They are found where the data set is prepared, since whether there is a validation set decides on some of them.
"""

from collections.abc import Mapping, Sequence

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.outside_text import name, sentence, shortened_to_bytes
from lambdas.domain.core.state_budget import FINDING_BYTES, MOST_FINDINGS
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.models import hyperparameters
from lambdas.domain.preflight.checks import Check
from lambdas.domain.preflight.verdict_reach import TEST_GROUPS
from lambdas.domain.settings.run_settings import Choices
from lambdas.domain.training import candidates
from lambdas.domain.training.candidates import SweepSettings

HYPERPARAMETERS = "hyperparameters"
_CHECKS = (HYPERPARAMETERS, "sweep-validation", "sweep-jobs", "sweep-grid", TEST_GROUPS)


def settings_findings(choices: Choices, records: Mapping[SetName, int] | None, *, most_jobs: int) -> list[Finding]:
    """Findings on run.json's hyperparameters and sweep; the plan leaves out values that the model does not take.

    `records` are those of each set; without them a sweep cannot be judged. `most_jobs` is what the environment allows.
    """
    found = [
        Finding(
            check=HYPERPARAMETERS,
            severity="error",
            message=_short(f"run.json, /hyperparameters/{name(wrong.name)}: {wrong.message}"),
            remedy="Correct it in run.json, or remove it to use the recommended value.",
        )
        for wrong in hyperparameters.findings(choices.model, choices.settings.hyperparameters)
    ]
    if choices.settings.sweep is not None and records is not None:
        found += _sweep_findings(choices, choices.settings.sweep, records, most_jobs)
    return found[:MOST_FINDINGS]


def _sweep_findings(
    choices: Choices, chosen: SweepSettings, records: Mapping[SetName, int], most_jobs: int
) -> list[Finding]:
    model, given, validated = choices.model, choices.settings.hyperparameters, bool(records["validation"])
    planned = candidates.vary_hyperparameters(model, given, chosen, records["train"], validated=validated)
    # Without a validation set a single job is planned, which its own finding tells.
    jobs = len(planned.hyperparameters) if validated else chosen.jobs
    found = candidates.findings(model, chosen, jobs, most_jobs=most_jobs, validated=validated)
    return [each.model_copy(update={"message": _short(each.message)}) for each in found]


def settings_checks(findings: Sequence[Finding]) -> list[Check]:
    """The checks of settings, from what was found."""
    return [Check(check, tuple(each for each in findings if each.check == check)) for check in _CHECKS]


def _short(text: str) -> str:
    """From a file of up to a megabyte, and kept in the run's state."""
    return shortened_to_bytes(sentence(text), FINDING_BYTES)
