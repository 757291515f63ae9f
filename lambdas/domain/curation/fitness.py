"""Whether a record can be trained on: what the data gate refuses of given records would fail the job as well."""

from lambdas.domain.dataset.formats.record import Record
from lambdas.domain.dataset.tokens import decide
from lambdas.domain.models.catalogue import BaseModelEntry


def explain_unfit(record: Record, model: BaseModelEntry) -> str | None:
    """Why a record cannot be trained on; None where it can."""
    if has_reserved_word(record, model):
        return f"Its prompt has a word that {model.name} separates turns by."
    return f"It has more tokens than {model.name} is trained on." if is_too_long(record, model) else None


def has_reserved_word(record: Record, model: BaseModelEntry) -> bool:
    """Whether a prompt has a word that separates turns for the model."""
    prompts = [record.system or "", *record.turns[:-1]]
    return any(word in text for word in model.reserved_words for text in prompts)


def is_too_long(record: Record, model: BaseModelEntry) -> bool:
    """Whether a record has more tokens than the model is trained on."""
    return decide([record.system or "", *record.turns], model.limits.max_record_tokens).tier == "exceeded"
