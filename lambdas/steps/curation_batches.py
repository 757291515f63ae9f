"""The batch jobs of a turn of the curation: started where there are enough asks, waited for, and read.

What a job leaves out, because it fails, expires, takes too long or answers a record with an error, is asked by the
map. A repeated call starts nothing twice: names, tokens and files follow from the run and the job's number.
"""

from collections.abc import Iterable

from lambdas.adapters.adapters import Adapters
from lambdas.domain.batch.batch_job import BatchDescription
from lambdas.domain.batch.batch_models import batch_models
from lambdas.domain.batch.batch_waits import next_batch_wait, takes_batch
from lambdas.domain.core.run import Run
from lambdas.domain.curation.batches import CurationBatch, batch_number, batch_question, batch_replies
from lambdas.domain.curation.curation import Curation
from lambdas.domain.curation.shards import CuratorShard
from lambdas.domain.plan.plan import Plan
from lambdas.steps.batch_jobs import (
    BatchTerms,
    WantedBatch,
    is_waited_for,
    read_batch_answers,
    start_batch,
    tell_batch_over,
)


def start_batches(run: Run, plan: Plan, terms: BatchTerms, adapters: Adapters) -> Plan:
    """The plan, whose curation waits for batch jobs where the turn that was handed out has enough asks for one."""
    curation = plan.curation
    if curation is None or curation.batch == "never" or terms.role_arn is None:
        return plan
    shards = adapters.curation.read_shards(run.output_bucket, run.prefix, curation.turn)
    started = []
    for index, model in enumerate(dict.fromkeys(each.model for each in shards)):
        number, chosen = batch_number(curation.turn, index), _shards_of(model, shards)
        if number is not None and takes_batch(model, sum(each.asks for each in chosen)):
            batch = _start(run, plan, number, chosen, terms, adapters)
            started += [batch] if batch else []
    if not started:
        return plan
    wait = next_batch_wait(0)
    batches = [*curation.batches, *started]
    update = {"status": "wait", "batches": batches, "wait_seconds": wait, "waited_seconds": wait}
    return plan.model_copy(update={"curation": curation.model_copy(update=update)})


def settle_batches(run: Run, curation: Curation, terms: BatchTerms, adapters: Adapters) -> Curation:
    """The curation that still waits for a job, or asks what the turn's jobs have left out, or goes on ("planned")."""
    batches, waits = list[CurationBatch](), False
    for batch in curation.batches:
        if batch.is_over:
            batches.append(batch)
            continue
        found = adapters.batch.find(batch.arn)
        if is_waited_for(batch, found, curation.waited_seconds, terms, adapters):
            waits = True
            batches.append(batch)
        else:
            batches.append(_take_answers(run, batch, found, adapters))
    update: dict[str, object] = {"batches": batches}
    if waits:
        wait = next_batch_wait(curation.wait_seconds)
        update |= {"wait_seconds": wait, "waited_seconds": curation.waited_seconds + wait}
        return curation.model_copy(update=update)
    key = _hand_out_what_is_left(run, curation.turn, adapters)
    update |= {"wait_seconds": 0, "waited_seconds": 0, "status": "ask" if key else "planned", "shards": key}
    return curation.model_copy(update=update)


def _shards_of(model: str, shards: Iterable[CuratorShard]) -> list[CuratorShard]:
    """The model's shards, as many as a job may have records of; the map asks the others."""
    chosen, asks = list[CuratorShard](), 0
    for shard in shards:
        if shard.model == model and asks + shard.asks <= batch_models().most_records:
            chosen.append(shard)
            asks += shard.asks
    return chosen


def _start(
    run: Run, plan: Plan, number: int, shards: list[CuratorShard], terms: BatchTerms, adapters: Adapters
) -> CurationBatch | None:
    """The started job; None where Bedrock refuses it: the map asks all of it then."""
    place, model, turn = (run.output_bucket, run.prefix), shards[0].model, shards[0].turn
    asks = sum(each.asks for each in shards)
    questions = (batch_question(each) for shard in shards for each in adapters.curation.read_asks(*place, shard))
    arn = start_batch(run, plan, WantedBatch(number, model, asks, questions), terms, adapters)
    return None if arn is None else CurationBatch(number=number, turn=turn, model=model, arn=arn, asks=asks)


def _take_answers(run: Run, batch: CurationBatch, found: BatchDescription | None, adapters: Adapters) -> CurationBatch:
    """Stores the job's answers as replies to their shards' asks."""
    store, place = adapters.curation, (run.output_bucket, run.prefix)
    answers, answered = read_batch_answers(run, batch, adapters), 0
    for shard in store.read_shards(*place, batch.turn):
        if shard.model != batch.model:
            continue
        replies = batch_replies(store.read_asks(*place, shard), answers)
        if replies:
            store.write_replies(*place, shard, replies)
        answered += len(replies)
    tell_batch_over(batch, found, answered)
    return batch.model_copy(update={"status": found.status if found else None, "answered": answered})


def _hand_out_what_is_left(run: Run, turn: int, adapters: Adapters) -> str | None:
    """The key of the map's items for the shards that lack replies; None where none does."""
    store, place = adapters.curation, (run.output_bucket, run.prefix)
    left = [each for each in store.read_shards(*place, turn) if len(store.read_replies(*place, each)) < each.asks]
    return store.write_shards_left(*place, turn, left) if left else None
