"""What a run's curation has come to and has used, counted from what is stored: of runs that failed, too."""

from collections.abc import Iterator

from pydantic import TypeAdapter

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.adapters.stores.stored_curation import CLEANING, SYNTHESIS, set_key
from lambdas.domain.core.errors import InvalidState
from lambdas.domain.core.run import Run
from lambdas.domain.core.stored_lines import Line, read_stored_lines
from lambdas.domain.curation.cleaning import CleanedRecord, count_cleaning
from lambdas.domain.curation.synthesis import WrittenPair, count_funnel
from lambdas.domain.curation.token_use import CurationUse, count_use
from lambdas.domain.plan.plan import Plan
from lambdas.steps.observability import logger


def count_replies(run: Run, plan: Plan | None, *, adapters: Adapters) -> list[CurationUse] | None:
    """The tokens of all replies; none where nothing was asked, None where S3 does not tell. Raises ServiceBusy."""
    curation = plan.curation if plan else None
    if curation is None:
        return []
    store, place = adapters.curation, (run.output_bucket, run.prefix)
    try:
        return count_use(
            reply
            for turn in range(1, curation.turn + 1)
            for shard in store.read_shards(*place, turn)
            for reply in store.read_replies(*place, shard)
        )
    except (Refused, InvalidState) as error:
        # It must not cost the run its report.
        logger.warning("Replies of the curation not counted", extra={"reason": str(error)})
        return None


def with_counts(run: Run, plan: Plan | None, *, adapters: Adapters) -> Plan | None:
    """The plan with the counts of stages that ended the run, and so never came into its state. Raises ServiceBusy."""
    curation = plan.curation if plan else None
    if plan is None or curation is None or curation.status == "done":
        return plan
    try:
        cleaning = count_cleaning(_lines(run, CLEANING, TypeAdapter(CleanedRecord), adapters))
        funnel = count_funnel(_lines(run, SYNTHESIS, TypeAdapter(WrittenPair), adapters))
    except (Refused, InvalidState) as error:
        logger.warning("Curation not counted", extra={"reason": str(error)})
        return plan
    counts = {
        "cleaning": curation.cleaning or (cleaning if cleaning.judged else None),
        "funnel": curation.funnel or (funnel if funnel.asked else None),
    }
    return plan.model_copy(update={"curation": curation.model_copy(update=counts)})


def _lines(run: Run, name: str, line_type: TypeAdapter[Line], adapters: Adapters) -> Iterator[Line]:
    return read_stored_lines(adapters.objects.lines(run.output_bucket, set_key(run.prefix, name)), line_type, name)
