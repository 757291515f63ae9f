"""What cleaning and synthesis have come to, in sentences: for the page, the message and the terminal."""

from collections.abc import Iterator
from itertools import pairwise

from lambdas.domain.core.counted import counted
from lambdas.domain.curation.cleaning import CleaningCounts
from lambdas.domain.curation.synthesis import STAGES, Reached, SynthesisFunnel
from lambdas.domain.report.run_report import RunReport

SIMULATION = (
    "Simulated models recompute answers from the texts, and write what they have computed: these counts show that the "
    "stages work, and nothing of how well real models judge or write about your data."
)
# What a pair must pass to reach a stage.
ASKS: dict[Reached, str] = {
    "asked": "The teacher was asked for it.",
    "parsed": "The teacher's reply can be read.",
    "new": "No other question about the document asks the same.",
    "grounded": "The checker finds the answer in the document.",
    "answerable": "The checker, asked the question alone, gives the same answer.",
    "kept": "It tells nothing of a validation or test record, and the base model can be trained on it.",
}


def tell_curation(report: RunReport) -> Iterator[str]:
    """The sentences on both stages, as far as the run has them."""
    if report.cleaning:
        yield tell_cleaning(report.cleaning)
        if report.cleaning.held_out_judged:
            yield tell_held_out(report.cleaning)
    if report.synthesis:
        yield tell_synthesis(report.synthesis)


def tell_cleaning(counts: CleaningCounts) -> str:
    """How many training records the judges call incorrect, and what became of them."""
    said = f"Judges call {counts.incorrect:,} of {counted(counts.judged, 'training record')} incorrect"
    fate = f"{counts.removed:,} removed" if counts.removed else "none is removed"
    left_open = f"; {counts.unreadable:,} without a judgement that can be read stay" if counts.unreadable else ""
    why = f" ({counts.trouble.tell()})" if left_open and counts.trouble else ""
    return f"{said}: {fate}{left_open}{why}."


def tell_held_out(counts: CleaningCounts) -> str:
    """What the judges say of records that a model is validated and tested on."""
    return (
        f"They call {counts.held_out_incorrect:,} of {counts.held_out_judged:,} validation and test records incorrect. "
        "Those stay: no model chooses what a model is tested on."
    )


def tell_synthesis(funnel: SynthesisFunnel) -> str:
    """How many pairs are trained on, and where most of the others were lost."""
    said = (
        f"Of {funnel.asked:,} pairs that the teacher was asked for, {funnel.kept:,} ({funnel.yield_share:.0%}) are kept"
    )
    lost = lost_at(funnel)[funnel.narrowest]
    return f"{said}; most are lost where a pair must be {funnel.narrowest} ({lost:,})." if lost else f"{said}."


def counts_of(funnel: SynthesisFunnel) -> dict[Reached, int]:
    """How many pairs reached each stage."""
    return {stage: getattr(funnel, stage) for stage in STAGES}


def lost_at(funnel: SynthesisFunnel) -> dict[Reached, int]:
    """How many pairs did not reach a stage that the one before let through."""
    counts = list(counts_of(funnel).items())
    return {stage: before - after for (_, before), (stage, after) in pairwise(counts)}
