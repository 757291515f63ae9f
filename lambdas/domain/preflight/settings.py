"""Checks of what data set and run.json make of a run: the data gate warns of them, and the preflight tells them again.

They are found where the data set is prepared, since whether there is a validation set decides on some of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.outside_text import name, sentence, shortened_to_bytes
from lambdas.domain.core.state_budget import FINDING_BYTES, MOST_FINDINGS
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.parts import NO_PARTS, Parts
from lambdas.domain.models import hyperparameters
from lambdas.domain.preflight.checks import Check
from lambdas.domain.preflight.verdict_reach import TEST_GROUPS
from lambdas.domain.settings.curated import chosen_serve, trained_data
from lambdas.domain.settings.run_settings import Choices, RunSettings
from lambdas.domain.training import compared_data, learning_curve, serve, sweep
from lambdas.domain.training.candidates import MOST_CANDIDATES, plan_variants

HYPERPARAMETERS = "hyperparameters"
_CURVE = ("curve-sizes", "curve-jobs", "curve-validation", compared_data.CHECK, "serve")
_CHECKS = (HYPERPARAMETERS, "sweep-validation", "sweep-jobs", "sweep-grid", *_CURVE, TEST_GROUPS)


def settings_findings(
    choices: Choices, records: Mapping[SetName, int] | None, *, most_jobs: int, parts: Parts = NO_PARTS
) -> list[Finding]:
    """Findings on run.json's hyperparameters and candidates; the plan leaves out values that the model does not take.

    `records` are those of each set, `parts` those of the training set; without them candidates cannot be judged.
    `most_jobs` is what the environment allows.
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
    if choices.settings.custom_model is not None:
        found += _ignored_findings(choices.settings)
    if records is not None:
        found += _candidate_findings(choices, records, parts, most_jobs)
    return found[:MOST_FINDINGS]


def _candidate_findings(
    choices: Choices, records: Mapping[SetName, int], parts: Parts, most_jobs: int
) -> Iterator[Finding]:
    (settings, model), validated = choices, bool(records["validation"])
    sizes = learning_curve.training_sizes(records["train"], parts)
    data = trained_data(settings)
    planned = plan_variants(model, settings.hyperparameters, settings.sweep, sizes, data, validated=validated)
    count, by_size = len(planned.variants), Counter(each.records for each in planned.variants)
    found: list[Finding] = []
    if settings.sweep is not None:
        # Without a validation set a single job is planned, which its own finding tells.
        jobs = by_size[records["train"]] // len(data) if validated else settings.sweep.jobs
        # Of several sizes or data sets all jobs count together.
        most = most_jobs if len(sizes) == len(data) == 1 else MOST_CANDIDATES
        found += sweep.findings(model, settings.sweep, jobs, most_jobs=most, validated=validated)
    if settings.custom_model is None and settings.learning_curve is not None:
        found += learning_curve.size_findings(settings.learning_curve, records["train"], parts, model)
    if len(sizes) > 1:
        asked = settings.sweep.jobs if settings.sweep else None
        found += learning_curve.job_findings([*by_size.values()], asked, most_jobs)
        found += [] if validated else serve.unmeasured_findings(settings.serve, count, model)
    if settings.custom_model is None and len(data) > 1:
        found += compared_data.compare_findings(
            [each.data for each in planned.variants],
            chosen_serve(settings),
            model,
            sweep_jobs=settings.sweep.jobs if settings.sweep else None,
            most_jobs=most_jobs,
            validated=validated,
        )
    if settings.custom_model is None:
        found += serve.unknown_candidate_findings(settings.serve, count)
    return (each.model_copy(update={"message": _short(each.message)}) for each in found)


def _ignored_findings(settings: RunSettings) -> Iterator[Finding]:
    """What asks for several candidates where a model that exists is the only one."""
    asked = {
        "learning_curve": (learning_curve.CURVE_SIZES, settings.learning_curve is not None),
        "serve": (serve.CHECK, settings.serve != serve.BEST),
    }
    for key, (check, is_asked) in asked.items():
        if is_asked:
            yield Finding(
                check=check,
                severity="warning",
                message=f"run.json, /{key}: It is ignored: custom_model names the only model, and nothing is trained.",
                remedy=f"Remove {key} from run.json, or remove custom_model to train.",
            )


def settings_checks(findings: Sequence[Finding]) -> list[Check]:
    """The checks of settings, from what was found."""
    return [Check(check, tuple(each for each in findings if each.check == check)) for check in _CHECKS]


def _short(text: str) -> str:
    """From a file of up to a megabyte, and kept in the run's state."""
    return shortened_to_bytes(sentence(text), FINDING_BYTES)
