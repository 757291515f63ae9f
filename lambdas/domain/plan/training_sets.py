"""What the candidates of a plan train on, once the training set is curated."""

from collections.abc import Mapping

from lambdas.domain.dataset.planned_set import TrainingData, TrainingSet
from lambdas.domain.plan.plan import Plan


def with_training_sets(plan: Plan, sets: Mapping[TrainingData, TrainingSet]) -> Plan:
    """The plan whose candidates train on these sets, each on the one with its data; hyperparameters stay.

    Raises ValueError where the set of a candidate is missing, or has other data than it is given for.
    """
    for data, each in sets.items():
        if each.data != data:
            raise ValueError(f"The set for '{data}' has the data '{each.data}'.")
    wanted = {each.training_set.data for each in plan.candidates}
    if missing := wanted - sets.keys():
        raise ValueError(f"No training set has the data {', '.join(sorted(missing))}.")
    candidates = [each.model_copy(update={"training_set": sets[each.training_set.data]}) for each in plan.candidates]
    return plan.model_copy(update={"candidates": candidates})
