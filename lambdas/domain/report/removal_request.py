"""The message that asks a person whether judges may leave many training records out, before anything trains."""

from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.curation.cleaning import CleaningCounts
from lambdas.domain.report.approval import Approval, how_to_answer


def removal_message(
    run_id: str, request: Approval, counts: CleaningCounts, *, environment: str, region: str, said: str, samples: str
) -> Notification:
    """Asks for an answer; `said` is the URI of what was said of each record, `samples` that of some records with it."""
    paragraphs = [
        f"All judges of run {run_id} call {counts.removed:,} of {counts.judged:,} training records incorrect, "
        f"{counts.removed_share:.0%}. If you approve, the run leaves them out and goes on. So many errors are often "
        "the judge's: read some of the records first.",
        f"Some of the records with prompt, answer and reasons: {samples}\nWhat was said of each record: {said}",
        how_to_answer(run_id, environment, region),
        f"Without an answer until {request.answer_until} the run ends, and nothing is trained. Nothing is billed while "
        "it waits.",
        f"Run: {run_id}\nExecution: {request.execution_arn}",
    ]
    return notification(f"{run_id} waits for your approval of a removal", "\n\n".join(paragraphs))
