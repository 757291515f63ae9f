"""What batch jobs may have cost whose answers nobody has: AWS bills what a job has processed, however it ended."""

from collections.abc import Iterator, Mapping

from lambdas.domain.batch.batch_models import batch_share_of_price
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.cost.lines import CURATION_PREFIX, CostLine, curation_prefix
from lambdas.domain.curation.batches import CurationBatch
from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.token_use import CurationPart

# A job that failed as a whole has processed nothing.
_FAILED = "Failed"
_NOTE = "A batch job was under way, or its answers were not found: it is not known what it has processed; at most this."


def uncounted_curation(estimate: Estimate, curation: Curation | None) -> Iterator[CostLine]:
    """The lines of the curation's batch jobs that were not read, each once; their USD is unknown, never nothing."""
    if curation is None:
        return
    lines = curation_lines_of(estimate)
    asked = ((part, each.model) for each in curation.batches if _is_uncounted(each) for part in _parts(each, curation))
    for part, model in dict.fromkeys(asked):
        for side in ("input", "output"):
            line = line_of(part, model, side, lines, in_batch=True)
            if line is not None:
                yield uncounted(line, f"{curation_prefix(part, model, in_batch=True)}unknown/{side}")


def uncounted(line: CostLine, line_id: str) -> CostLine:
    """The estimated line of a batch job's model, as one beside what is counted."""
    update = {"id": line_id, "item": f"{line.item}, not counted", "usd": None, "note": _NOTE}
    return line.model_copy(update=update)


def curation_lines_of(estimate: Estimate) -> dict[str, CostLine]:
    """The estimated lines of what cleans and writes records, by their ids."""
    return {line.id: line for line in estimate.lines if line.id.startswith(CURATION_PREFIX)}


def line_of(
    part: CurationPart, model: str, side: str, lines: Mapping[str, CostLine], *, in_batch: bool
) -> CostLine | None:
    """The estimated line; where that counts with batch jobs and none answered, or the reverse, at the other price.

    Without the price file the share between both prices is the one that is usual.
    """
    own, other = (f"{curation_prefix(part, model, in_batch=each)}{side}" for each in (in_batch, not in_batch))
    if own in lines or other not in lines:
        return lines.get(own)
    line, share = lines[other], batch_share_of_price(model)
    factor = None if share is None else share if in_batch else 1 / share
    known = None if factor is None or line.unit_price_usd is None else line.unit_price_usd * factor
    with_, without = " in batch jobs by ", " by "
    item = line.item.replace(without, with_, 1) if in_batch else line.item.replace(with_, without, 1)
    return line.model_copy(update={"id": own, "item": item, "unit_price_usd": known})


def _is_uncounted(batch: CurationBatch) -> bool:
    return not batch.is_over or (batch.answered == 0 and batch.status != _FAILED)


def _parts(batch: CurationBatch, curation: Curation) -> list[CurationPart]:
    """What the job's model was asked for, as far as it is known; a model may be judge and checker."""
    clean, synthesis = curation.clean, curation.synthesis
    if clean is not None and curation.cleaning is None:
        return ["cleaning"]
    is_judge = clean is not None and batch.model in clean.judges
    roles: dict[CurationPart, bool] = {
        "cleaning": is_judge and batch.is_over,
        "writing": synthesis is not None and batch.model == synthesis.teacher,
        "checking": synthesis is not None and batch.model == synthesis.checker,
    }
    return [part for part, is_asked in roles.items() if is_asked]
