"""What the page says of the training data that models checked and wrote."""

from typing import NamedTuple

from lambdas.domain.curation.synthesis import STAGES
from lambdas.domain.report import charts
from lambdas.domain.report.curation_samples import CurationSamples
from lambdas.domain.report.curation_words import ASKS, SIMULATION, counts_of, lost_at, tell_curation
from lambdas.domain.report.run_report import CurationLineage, SucceededReport


class StageRow(NamedTuple):
    """A stage of the funnel: how many pairs reached it, how many did not from the one before, and what it asks."""

    stage: str
    pairs: int
    lost: int | None
    asks: str


class CurationSection(NamedTuple):
    """`plot` is an SVG element of the funnel; None where nothing was written."""

    sentences: list[str]
    plot: str | None
    stages: list[StageRow]
    samples: CurationSamples
    models: CurationLineage | None
    simulation: str | None


def curation_section(report: SucceededReport, samples: CurationSamples) -> CurationSection | None:
    """None where the training set is as it was given."""
    if report.cleaning is None and report.synthesis is None:
        return None
    funnel = report.synthesis
    counts, lost = (counts_of(funnel), lost_at(funnel)) if funnel else ({}, {})
    return CurationSection(
        sentences=list(tell_curation(report)),
        plot=charts.funnel("Pairs at each stage", list(counts.items())) if counts else None,
        stages=[StageRow(each, counts[each], lost.get(each), ASKS[each]) for each in STAGES if each in counts],
        samples=samples,
        models=report.lineage.curation,
        simulation=SIMULATION if report.simulated else None,
    )
