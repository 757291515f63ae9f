"""The files of a run's batch jobs in the output bucket, under `batch/b<number>/`: our questions, Bedrock's answers."""

from collections.abc import Iterable, Iterator

from lambdas.adapters.aws.object_store import ObjectStore, uri
from lambdas.domain.batch.batch_job import batch_input_key, batch_output_key, batch_output_prefix
from lambdas.domain.batch.batch_lines import BatchAnswer, BatchQuestion, read_answers, render_question


class BatchFiles:
    """Questions and answers of batch jobs. Every method raises ServiceBusy or Refused."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def write_questions(
        self, bucket: str, prefix: str, number: int, questions: Iterable[BatchQuestion], refused: Iterable[str] = ()
    ) -> str:
        """Stores a job's input, unless it is there: a job of it may have begun. Returns its URI."""
        key = batch_input_key(prefix, number)
        if self._objects.keys(bucket, key):
            return uri(bucket, key)
        never = frozenset(refused)
        return self._objects.write_lines(bucket, key, (render_question(each, never) for each in questions))

    def output_uri(self, bucket: str, prefix: str, number: int) -> str:
        """Where Bedrock is to write."""
        return uri(bucket, batch_output_prefix(prefix, number))

    def read_answers(self, bucket: str, prefix: str, number: int, job_arn: str) -> Iterator[BatchAnswer]:
        """The job's answers and errors by record id, in no order; none where it has written none."""
        return read_answers(self._objects.lines(bucket, batch_output_key(prefix, number, job_arn)))
