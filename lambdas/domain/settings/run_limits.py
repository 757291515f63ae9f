"""What a deployment lets a run.json choose: who uploads a data set can make a run stricter and cheaper, never laxer.

Every refusal names the deployment's setting, and what it asks for.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from lambdas.domain.core.outside_text import name
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.evaluation.gate import GateSettings
from lambdas.domain.models.catalogue import PROFILE_PREFIX, BaseModelEntry, catalogue

ANY_MODEL = "*"
# A refusal names so many; the others are told in docs/operations.md.
_MOST_NAMED = 5


class Fault(NamedTuple):
    """What is wrong in `run.json`, and where: a JSON Pointer, empty for the whole file."""

    pointer: str
    message: str


class RunLimits(NamedTuple):
    """The deployment's limits on a run.

    The keys that `gate` was made with are the least that a run's own may ask for; others are free. `allowed_models` are
    the ids that a run.json may name; None are those that the project knows, `*` among them means any.
    """

    max_model_units: int
    gate: GateSettings = GateSettings()
    allowed_models: Collection[str] | None = (ANY_MODEL,)


# For each key of the gate: whether a run's own value is at least as strict as the deployment's, and that in words.
_STRICT_ENOUGH: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    # Another metric is neither stricter nor laxer: it measures something else.
    "metric": (lambda own, least: own == least, "exactly"),
    "smallest_gain": (lambda own, least: own >= least, "at least"),
    "interval_must_exclude_zero": (lambda own, least: own or not least, "exactly"),
    "max_token_increase_percent": (lambda own, most: most is None or (own is not None and own <= most), "at most"),
    "max_latency_increase_percent": (lambda own, most: most is None or (own is not None and own <= most), "at most"),
}


def gate_faults(own: GateSettings, least: GateSettings) -> list[Fault]:
    """The keys of a run's gate that are laxer than the deployment's."""
    faults = []
    for key in sorted(own.model_fields_set & least.model_fields_set):
        is_strict_enough, words = _STRICT_ENOUGH[key]
        asked = getattr(least, key)
        if not is_strict_enough(getattr(own, key), asked):
            least_told = f"{asked:g}" if isinstance(asked, float) else json.dumps(asked)
            message = f"This deployment asks for {words} {least_told} (its setting gate); a run may only be stricter."
            faults.append(Fault(f"/evaluation/gate/{key}", message))
    return faults


def task_kind_faults(task_kind: str | None, least: GateSettings) -> list[Fault]:
    """The kind of a task chooses its primary metric, which is no run's to choose where the deployment has."""
    if task_kind is None or "metric" not in least.model_fields_set or least.metric != "primary":
        return []
    message = 'This deployment measures by the metric that the references call for (its setting gate: "primary").'
    return [Fault("/evaluation/task_kind", message)]


def run_gate(own: GateSettings, least: GateSettings) -> GateSettings:
    """The gate of a run: the deployment's where its run.json says nothing."""
    given = {key: getattr(own, key) for key in own.model_fields_set}
    return least.model_copy(update=given)


def model_faults(
    named: Iterable[tuple[str, str]], allowed: Collection[str] | None, default: BaseModelEntry
) -> list[Fault]:
    """The models that a run.json names, each with its pointer, and the deployment does not allow.

    The deployment's own base model is always allowed.
    """
    models = known_models() if allowed is None else frozenset(allowed)
    if ANY_MODEL in models:
        return []
    models |= _ids(default)
    return [Fault(pointer, _refusal(model_id, models)) for pointer, model_id in named if model_id not in models]


def known_models() -> frozenset[str]:
    """The models that the project knows: those of the catalogue and of the shipped price file, and their profiles."""
    tuned = {model_id for entry in catalogue() for model_id in _ids(entry)}
    asked = {model_id.removeprefix(PROFILE_PREFIX) for model_id in default_prices().foundation_models}
    return frozenset(tuned | asked | {f"{PROFILE_PREFIX}{model_id}" for model_id in asked})


def _ids(entry: BaseModelEntry) -> frozenset[str]:
    """All names of a base model."""
    return frozenset((entry.customization_id, entry.inference_id, entry.foundation_model_id))


def _refusal(model_id: str, models: Collection[str]) -> str:
    told = sorted(models)
    more = f" and {len(told) - _MOST_NAMED} more (docs/operations.md)" if len(told) > _MOST_NAMED else ""
    return (
        f"This deployment does not let a run name '{name(model_id)}' (its setting allowed_models). "
        f"Allowed: {', '.join(told[:_MOST_NAMED])}{more}."
    )
