"""Check of the judges: whether one is of the family of a model whose answers it compares."""

from lambdas.domain.evaluation.arms import TUNED
from lambdas.domain.evaluation.judging.bias import same_family
from lambdas.domain.models.families import family
from lambdas.domain.preflight.checks import Check, warn
from lambdas.domain.preflight.subject import RunNeeds

JUDGES = "judge-families"


def unrelated_judges(needs: RunNeeds) -> Check:
    """A warning for judges of an arm's family: models prefer what their own family writes."""
    models = {name: arm.model_id or needs.base_model for name, arm in needs.arms.items()}
    # The tuned arm is of the base model's family, whichever model the run makes.
    related = [judge for judge in needs.judges if same_family(judge, {TUNED: needs.base_model, **models})]
    if not related:
        return Check(JUDGES)
    families = ", ".join(dict.fromkeys(map(family, related)))
    return warn(
        JUDGES,
        f"{', '.join(related)} judges answers of models of its own family ({families}), which it may prefer.",
        "Name a judge of another family beside it in evaluation.judges, and see whether they agree.",
    )
