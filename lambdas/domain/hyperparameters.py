"""Hyperparameters of a customization job: defaults by size of the training set, ranges, and the form Bedrock takes."""

from collections.abc import Mapping
from typing import NamedTuple

from lambdas.domain.models import BaseModelEntry


class Fault(NamedTuple):
    """A hyperparameter that the base model does not take, and why."""

    name: str
    message: str


def faults(model: BaseModelEntry, chosen: Mapping[str, object]) -> list[Fault]:
    """Every chosen hyperparameter that is unknown, of the wrong kind or out of range."""
    return [fault for name, value in chosen.items() if (fault := _fault(model, name, value))]


def for_job(
    model: BaseModelEntry, chosen: Mapping[str, object], *, train_records: int, has_validation: bool
) -> dict[str, str]:
    """All hyperparameters of the job as texts, the only form Bedrock takes.

    What the user chose wins over what suits the size of the training set, and that over the service's default. Early
    stopping works on the validation loss: without a validation set its hyperparameters are left out. `chosen` has no
    faults.
    """
    by_size: Mapping[str, float] = next(
        (size.values for size in model.hyperparameters_by_size if train_records < size.below_records), {}
    )
    defaults = {name: spec.default for name, spec in model.hyperparameters.items()}
    numbers = {name: number for name, value in chosen.items() if (number := _number(value)) is not None}
    values = {**defaults, **by_size, **numbers}
    return {
        name: str(int(value)) if model.hyperparameters[name].type == "integer" else f"{value:.12g}"
        for name, value in values.items()
        if has_validation or not model.hyperparameters[name].needs_validation
    }


def _fault(model: BaseModelEntry, name: str, value: object) -> Fault | None:
    spec = model.hyperparameters.get(name)
    if spec is None:
        return Fault(name, f"{model.name} has no such hyperparameter; it has {', '.join(model.hyperparameters)}.")
    number = _number(value)
    if number is None:
        return Fault(name, f"A number is needed, not {str(value)[:40]!r}.")
    if spec.type == "integer" and not number.is_integer():
        return Fault(name, f"{value} is not a whole number.")
    # Not a number compares as false with everything, so it is refused here, too.
    if not spec.minimum <= number <= spec.maximum:
        return Fault(name, f"{value} is outside {spec.minimum:g} to {spec.maximum:g}.")
    return None


def _number(value: object) -> float | None:
    """Numbers are taken as such and as texts, the form that Bedrock's own examples have."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
