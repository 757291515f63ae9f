"""What an environment lets a run.json choose: an uploader can make a run stricter and cheaper, never laxer.

Each refusal names the environment's setting and what it asks for.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from lambdas.domain.core.outside_text import name
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.evaluation.gate import WIN_RATE, GateSettings
from lambdas.domain.models.catalogue import PROFILE_PREFIX, BaseModelEntry, catalogue
from lambdas.domain.models.model_ids import did_you_mean_model

ANY_MODEL = "*"
# A refusal names so many; docs/operations.md lists the others.
_GLOBAL = "global."
_MOST_NAMED = 5
_MAY_BE_CHANCE = (
    "A gain whose interval includes zero may be chance, so that no gate promotes on it: false is not possible. "
    "Leave the key out."
)


class SettingFinding(NamedTuple):
    """What is wrong in `run.json`, and where: a JSON Pointer, empty for the whole file."""

    pointer: str
    message: str


class RunLimits(NamedTuple):
    """The environment's limits on a run.

    The keys that `gate` was made with are the least that a run's own gate may ask for; other keys are free.
    `allowed_models` are the ids that a run.json may name: None means those that the project knows, `*` means any.
    """

    max_model_units: int
    gate: GateSettings = GateSettings()
    allowed_models: Collection[str] | None = (ANY_MODEL,)
    max_run_cost_usd: float | None = None
    max_sweep_jobs: int = 12
    max_concurrency: int = 4


# For each key of the gate: whether a run's own value is at least as strict as the environment's, and that in words.
_STRICT_ENOUGH: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    # Another metric is neither stricter nor laxer: it measures something else.
    "metric": (lambda own, least: own == least, "exactly"),
    # Content is the stricter question: a gain of form alone passes only where form counts.
    "form_counts": (lambda own, least: own <= least, "exactly"),
    "smallest_gain": (lambda own, least: own >= least, "at least"),
    "max_token_increase_percent": (lambda own, most: most is None or (own is not None and own <= most), "at most"),
    "max_latency_increase_percent": (lambda own, most: most is None or (own is not None and own <= most), "at most"),
}


def gate_findings(own: GateSettings, least: GateSettings) -> list[SettingFinding]:
    """The keys of a run's gate that are laxer than the environment's, or than any gate is."""
    found = []
    if not own.interval_must_exclude_zero:
        found.append(SettingFinding("/evaluation/gate/interval_must_exclude_zero", _MAY_BE_CHANCE))
    for key in sorted(own.model_fields_set & least.model_fields_set & _STRICT_ENOUGH.keys()):
        is_strict_enough, words = _STRICT_ENOUGH[key]
        asked = getattr(least, key)
        if not is_strict_enough(getattr(own, key), asked):
            least_told = f"{asked:g}" if isinstance(asked, float) else json.dumps(asked)
            message = f"This environment asks for {words} {least_told} (its setting gate); a run may only be stricter."
            found.append(SettingFinding(f"/evaluation/gate/{key}", message))
    return found


def win_rate_findings(judges: Collection[str], own: GateSettings, least: GateSettings) -> list[SettingFinding]:
    """A gate that asks for the win rate needs judges."""
    if judges or run_gate(own, least).metric != WIN_RATE:
        return []
    if own.metric == WIN_RATE:
        message = "There is no win rate without judges: name at least one in evaluation.judges."
        return [SettingFinding("/evaluation/gate/metric", message)]
    message = "This environment decides by the win rate (its setting gate): name at least one judge."
    return [SettingFinding("/evaluation/judges", message)]


def task_kind_findings(task_kind: str | None, least: GateSettings) -> list[SettingFinding]:
    """The task kind decides the primary metric: a run may not set it if the environment's gate asks for that metric."""
    if task_kind is None or "metric" not in least.model_fields_set or least.metric != "primary":
        return []
    message = 'This environment measures by the metric that the references call for (its setting gate: "primary").'
    return [SettingFinding("/evaluation/task_kind", message)]


def run_gate(own: GateSettings, least: GateSettings) -> GateSettings:
    """The gate of a run: the environment's, with the keys of its run.json."""
    given = {key: getattr(own, key) for key in own.model_fields_set}
    return least.model_copy(update=given)


def model_findings(
    named: Iterable[tuple[str, str]], allowed: Collection[str] | None, default: BaseModelEntry
) -> list[SettingFinding]:
    """The named models, each with its pointer, that the environment does not allow.

    The environment's own base model is always allowed.
    """
    models = known_models() if allowed is None else frozenset(allowed)
    if ANY_MODEL in models:
        return []
    models |= _ids(default)
    return [
        SettingFinding(pointer, _refusal(model_id, models)) for pointer, model_id in named if model_id not in models
    ]


def doubtful_models(asked: Iterable[tuple[str, str]]) -> list[SettingFinding]:
    """The models to be asked, each with its pointer, that are not known here and close to one that is.

    A new one may have such an id, so that this alone refuses nothing.
    """
    known = known_models() - _tuned_by()
    return [
        SettingFinding(pointer, f"No model '{name(model_id)}' is known here.{meant}")
        for pointer, model_id in asked
        if model_id not in known and (meant := did_you_mean_model(model_id, known))
    ]


def known_models() -> frozenset[str]:
    """The models that the project knows: those of the catalogue and of the shipped price file, and their profiles.

    Global profiles are not among them: they send the data to other parts of the world.
    """
    tuned = {model_id for entry in catalogue() for model_id in _ids(entry)}
    asked = {
        model_id.removeprefix(PROFILE_PREFIX)
        for model_id in default_prices().foundation_models
        if not model_id.startswith(_GLOBAL)
    }
    return frozenset(tuned | asked | {f"{PROFILE_PREFIX}{model_id}" for model_id in asked})


def _tuned_by() -> frozenset[str]:
    """The ids that models are tuned by, and not asked."""
    return frozenset(entry.customization_id for entry in catalogue())


def _ids(entry: BaseModelEntry) -> frozenset[str]:
    """All names of a base model."""
    return frozenset((entry.customization_id, entry.inference_id, entry.foundation_model_id))


def _refusal(model_id: str, models: frozenset[str]) -> str:
    told = sorted(models)
    more = f" and {len(told) - _MOST_NAMED} more (docs/operations.md)" if len(told) > _MOST_NAMED else ""
    return (
        f"This environment does not let a run name '{name(model_id)}' (its setting allowed_models). "
        f"Allowed: {', '.join(told[:_MOST_NAMED])}{more}.{did_you_mean_model(model_id, models - _tuned_by())}"
    )
