"""Whether a learning curve can say what more data would add: told before its candidates are trained and served."""

from collections.abc import Iterator, Mapping, Sequence

from lambdas.domain.core.finding import Finding
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.dataset.split.parts import Parts
from lambdas.domain.evaluation.curve_needs import LEAST_SIZES, LEAST_SPAN, find_lacking_groups, find_lacking_sizes
from lambdas.domain.settings.run_settings import Choices
from lambdas.domain.training.candidates import plan_variants
from lambdas.domain.training.learning_curve import CURVE_SIZES, training_sizes
from lambdas.domain.training.serve import ALL, BEST, Serve, is_served


def curve_reach_findings(
    choices: Choices, records: Mapping[SetName, int], parts: Parts, test_groups: int
) -> Iterator[Finding]:
    """Warnings where the report can only withhold the gain; `records` are those of each set."""
    (settings, model), sizes = choices, training_sizes(records["train"], parts)
    if settings.custom_model is not None or settings.learning_curve is None or len(sizes) == 1:
        return
    validated = bool(records["validation"])
    planned = plan_variants(model, settings.hyperparameters, settings.sweep, sizes, validated=validated)
    if lacking := _find_lacking([each.records for each in planned.variants], settings.serve):
        yield _finding(lacking, _how_to_have_sizes(sizes, settings.serve))
    if lacking := find_lacking_groups(test_groups):
        yield _finding(
            lacking, "Test on more records that share no context: raise split.test, or give a test.jsonl of them."
        )


def _find_lacking(candidates: Sequence[int], serve: Serve) -> str | None:
    """What the served ones of these candidates lack, whichever of them is chosen; `candidates` has their records."""
    lacking = None
    for chosen in range(1, len(candidates) + 1):
        served = [size for number, size in enumerate(candidates, 1) if is_served(serve, number, chosen)]
        lacking = find_lacking_sizes(served)
        if lacking is None:
            return None
    return lacking


def _how_to_have_sizes(sizes: Sequence[int], serve: Serve) -> str:
    """Serving more candidates helps only where there are enough of them."""
    if find_lacking_sizes(sizes):
        needs = f"at least {LEAST_SIZES}, the whole training set among them, the smallest at most 1/{LEAST_SPAN} of it"
        return f"Give more sizes: {needs}." if serve == ALL else f'Give more sizes ({needs}), and set "serve": "all".'
    alone = ", or go by the validation losses alone" if serve == BEST else ""
    return f'Set "serve": "all" in run.json{alone}.'


def _finding(lacking: str, remedy: str) -> Finding:
    message = f"run.json, /learning_curve: The report will not say what twice the data would add: {lacking}."
    return Finding(check=CURVE_SIZES, severity="warning", message=message, remedy=remedy)
