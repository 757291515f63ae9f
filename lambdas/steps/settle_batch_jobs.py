"""What the reconciler does with batch jobs: those of runs that are over are stopped.

A name finds no batch job by Get: one that Bedrock's list does not show yet waits for the next turn. It ends by itself,
and bills the tokens of its records alone.
"""

from lambdas.adapters.aws.bedrock import Listed
from lambdas.adapters.aws.service_errors import Conflict
from lambdas.domain.serving import lease
from lambdas.domain.serving.lease import Verdict
from lambdas.steps.turn_facts import TurnFacts


def settle_batch_jobs(facts: TurnFacts) -> None:
    """Judges each batch job under way in the account as a customization job is judged."""
    with facts.noted("the list of batch jobs"):
        for listed in facts.adapters.batch.list_running():
            with facts.noted(f"batch job {listed.arn}"):
                _settle(listed, facts)


def _settle(listed: Listed, facts: TurnFacts) -> None:
    resource = facts.with_tags(listed, lambda: facts.adapters.batch.find(listed.arn))
    if resource is None:
        return
    judgement = lease.judge_job(resource, facts.owner(resource), facts.scope.terms, ending=facts.scope.ending)
    if judgement.verdict is Verdict.UNDECIDED:
        facts.wait_for_tags(resource)
        facts.turn.problems.append(f"It is not known whether batch job {listed.arn} may go on: {judgement.reason}.")
    if judgement.verdict is not Verdict.END:
        return
    try:
        facts.adapters.batch.stop(listed.arn)
    except Conflict:
        # It has ended, or stops already.
        return
    facts.turn.jobs_stopped.append(listed.arn)
