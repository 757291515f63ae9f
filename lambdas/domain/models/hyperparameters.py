"""Hyperparameters of a customization job: defaults by size of the training set, ranges, and the form Bedrock takes."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.fact import Fact
from lambdas.domain.models.catalogue import BaseModelEntry, Hyperparameter

# Where a value is from: the user, the number of training records, the service, or the sweep that chose it.
Source = Literal["run.json", "size", "default", "sweep"]


class HyperparameterFinding(NamedTuple):
    """A hyperparameter that the base model does not take, and why."""

    name: str
    message: str


def findings(model: BaseModelEntry, chosen: Mapping[str, object]) -> list[HyperparameterFinding]:
    """Each chosen hyperparameter that is unknown, of the wrong kind or out of range."""
    return [found for name, value in chosen.items() if (found := _finding(model, name, value))]


class Recommendation(Fact):
    """A hyperparameter's value as Bedrock takes it, a text, and why it is so; None is not sent."""

    name: str
    value: str | None
    source: Source
    reason: str


def recommend(
    model: BaseModelEntry, chosen: Mapping[str, object], *, train_records: int, has_validation: bool
) -> list[Recommendation]:
    """Each of the model's hyperparameters, in the catalogue's order.

    What the user chose wins over what suits the size of the training set, and that over the service's default. Early
    stopping works on the validation loss: without a validation set its hyperparameters are left out. A wrong
    value in `chosen` is passed over: the preflight refuses the run before a job is started.
    """
    recommended = []
    for name, spec in model.hyperparameters.items():
        number, source, reason = _value(model, name, chosen.get(name), train_records)
        if spec.needs_validation and not has_validation:
            reason = "Left out: early stopping needs a validation set, and there is none."
            recommended.append(Recommendation(name=name, value=None, source=source, reason=reason))
        else:
            recommended.append(Recommendation(name=name, value=_text(spec, number), source=source, reason=reason))
    return recommended


def for_job(
    model: BaseModelEntry, chosen: Mapping[str, object], *, train_records: int, has_validation: bool
) -> dict[str, str]:
    """The recommended hyperparameters that are sent."""
    recommended = recommend(model, chosen, train_records=train_records, has_validation=has_validation)
    return sent(recommended)


def sent(recommended: Iterable[Recommendation]) -> dict[str, str]:
    """The hyperparameters of the job as texts, the only form Bedrock takes."""
    return {each.name: each.value for each in recommended if each.value is not None}


def _value(model: BaseModelEntry, name: str, chosen: object, train_records: int) -> tuple[float, Source, str]:
    spec, records = model.hyperparameters[name], f"{train_records:,} training records"
    number = _number(chosen)
    if number is not None and _finding(model, name, chosen) is None:
        return number, "run.json", "Set in run.json."
    if spec.records_per_step is not None:
        steps = min(max(train_records // spec.records_per_step, spec.minimum), spec.maximum)
        reason = f"{records} divided by {spec.records_per_step}, as AWS advises: a longer warmup might never end."
        return steps, "size", reason
    size = next((size for size in model.hyperparameters_by_size if train_records < size.below_records), None)
    if size is not None and name in size.values:
        return size.values[name], "size", f"{records}; {size.reason}."
    if spec.minimum == spec.maximum:
        return spec.default, "default", "The only value that Bedrock takes."
    if spec.needs_validation:
        return spec.default, "default", "Bedrock's default; early stopping watches the validation loss."
    if not model.hyperparameters_by_size:
        return spec.default, "default", "Bedrock's default; AWS publishes no advice by size for this model."
    return spec.default, "default", f"Bedrock's default; nothing speaks for another value with {records}."


def _text(spec: Hyperparameter, number: float) -> str:
    return str(int(number)) if spec.type == "integer" and float(number).is_integer() else f"{number:.12g}"


def _finding(model: BaseModelEntry, name: str, value: object) -> HyperparameterFinding | None:
    spec = model.hyperparameters.get(name)
    if spec is None:
        known = ", ".join(model.hyperparameters)
        meant = did_you_mean(name, model.hyperparameters)
        return HyperparameterFinding(name, f"{model.name} has no such hyperparameter; it has {known}.{meant}")
    number = _number(value)
    if number is None:
        return HyperparameterFinding(name, f"A number is needed, not {str(value)[:40]!r}.")
    if spec.type == "integer" and not number.is_integer():
        return HyperparameterFinding(name, f"{value} is not a whole number.")
    # NaN compares as false with everything, so it is refused here, too.
    if not spec.minimum <= number <= spec.maximum:
        return HyperparameterFinding(name, f"{value} is outside {spec.minimum:g} to {spec.maximum:g}.")
    return None


def _number(value: object) -> float | None:
    """Numbers are taken as such and as texts, the form that Bedrock's own examples have."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
