"""What curation is planned to ask models: it is priced before anything is asked."""

from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.settings import CleanSettings, SynthesisSettings
from lambdas.domain.dataset.document import CurationFigures


class PlannedAsks(Fact):
    """What models are asked about, in estimated tokens.

    A judge's prompts about all `records` have `check_tokens`. The teacher gets each of the `documents`,
    `document_tokens` together as prompts have them, and `shown_tokens` of pairs that they have. What
    is trained on around each pair, its document included, has `context_tokens`, the pair itself `pair_tokens` and its
    answer `answer_tokens`, all on average. `training_tokens` are those of the set before it is curated.
    """

    records: int
    check_tokens: int
    training_tokens: int
    documents: int = 0
    document_tokens: int = 0
    shown_tokens: int = 0
    context_tokens: float = 0.0
    pair_tokens: float = 0.0
    answer_tokens: float = 0.0


def explain_nothing_to_write(
    synthesis: SynthesisSettings | None, planned: PlannedAsks, *, files_read: bool
) -> str | None:
    """Why a teacher has nothing to write about; None where it has, where there is none, or where nobody knows."""
    if synthesis is None or planned.documents or (synthesis.prefix is not None and not files_read):
        return None
    if synthesis.prefix is not None:
        return (
            "All documents of the folder are those of validation and test records, about which nothing may be "
            "written: give others, or take synthesis out."
        )
    return (
        "No training record asks about a document in tags that validation and test records do not ask about, too, so "
        "there is nothing to write about: put documents into tags such as <document>…</document>, or take synthesis "
        "out."
    )


def curation_figures(
    clean: CleanSettings | None, synthesis: SynthesisSettings | None, planned: PlannedAsks
) -> CurationFigures:
    """What the data set's report says of it."""
    return CurationFigures(
        judges=len(clean.judges) if clean else 0,
        records=planned.records,
        documents=planned.documents,
        pairs=planned.documents * synthesis.pairs_per_document if synthesis else 0,
    )
