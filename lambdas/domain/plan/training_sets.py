"""What the candidates of a plan train on, once the training set is curated."""

from collections.abc import Mapping

from lambdas.domain.dataset.planned_set import TrainingData, TrainingSet
from lambdas.domain.models import hyperparameters
from lambdas.domain.models.catalogue import BaseModelEntry
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


def with_recommended_again(plan: Plan, model: BaseModelEntry) -> Plan:
    """The plan whose only candidate has what is recommended for the size of its training set, as it is now.

    Several candidates keep what they have: they differ in their data or in their hyperparameters alone.
    """
    if len(plan.candidates) != 1 or (plan.curation is not None and plan.curation.compare):
        return plan
    [candidate] = plan.candidates
    recommended = hyperparameters.recommend(
        model,
        {each.name: each.value for each in plan.recommended if each.source == "run.json"},
        train_records=candidate.training_set.records,
        has_validation=plan.dataset.validation is not None,
    )
    again = candidate.model_copy(update={"hyperparameters": hyperparameters.sent(recommended)})
    return plan.model_copy(update={"candidates": [again], "recommended": recommended})
