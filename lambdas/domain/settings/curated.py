"""What run.json's `clean`, `synthesis` and `compare` make of the training set and of what is served."""

from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.planned_asks import PlannedAsks
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.settings.run_settings import RunSettings
from lambdas.domain.training.serve import ALL, Serve


def plan_curation(settings: RunSettings, planned: PlannedAsks | None = None) -> Curation | None:
    """What the training set goes through before the training; None where that is nothing.

    `planned` is what models are expected to be asked, where the data set is known.
    """
    if settings.clean is None and settings.synthesis is None:
        return None
    return Curation(
        clean=settings.clean,
        synthesis=settings.synthesis,
        compare=settings.compare,
        planned=planned,
        batch=settings.batch,
    )


def trained_data(settings: RunSettings) -> list[TrainingData]:
    """The data sets that candidates train on; several where they are compared."""
    curation = plan_curation(settings)
    return curation.trained if curation else ["original"]


def chosen_serve(settings: RunSettings) -> Serve:
    """Which candidates are served: where data sets are compared all of them, unless run.json says which."""
    is_told = "serve" in settings.model_fields_set
    return ALL if settings.compare and not is_told else settings.serve
