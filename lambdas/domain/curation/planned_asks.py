"""What curation is planned to ask models: it is priced before anything is asked."""

from lambdas.domain.core.fact import Fact
from lambdas.domain.curation.settings import SynthesisSettings


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


def explain_nothing_to_write(synthesis: SynthesisSettings | None, planned: PlannedAsks) -> str | None:
    """Why a teacher has nothing to write about; None where it has, or where there is none."""
    if synthesis is None or synthesis.prefix is not None or planned.documents:
        return None
    return (
        "No training record asks about a document in tags, so there is nothing to write about: put documents into tags "
        "such as <document>…</document>, or take synthesis out."
    )
