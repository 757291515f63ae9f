"""TellUnusedUpload: who hears of an upload that starts no run, how often, and what the message says."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.notification import Notification
from lambdas.domain.dataset.unused_upload import MOST_AN_HOUR
from lambdas.handlers.tell_unused_upload import handler

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Delivers an event; gives the messages that it has sent.
Deliver = Callable[..., list[Notification]]
SILENT = [
    "input/a.jsonl",
    "input/a.csv",
    "input/a.json.gz",
    "input/a.xlsx",
    "input/a/train.jsonl",
    "input/a/train.csv.gz",
    "input/a/val.jsonl",
    "input/a/dev.json",
    "input/a/eval.tsv",
    "input/a/test.jsonl",
    "input/a/validation.jsonl",
    "input/a/run.json",
    "input/a/documents/one.txt",
    "input/a/documents/two/three.md",
    "input/",
    "input/a/",
    "input/a/b/",
    "input/.DS_Store",
    "input/a/.DS_Store",
    "input/.git/config",
    "prices.json",
    "elsewhere/a.csv",
]
TOLD = {
    "input/a.ndjson": "Upload it as input/a.jsonl.",
    "input/a.txt": "Upload it as input/a.jsonl.",
    "input/a.JSONL": "Upload it as input/a.jsonl.",
    "input/a.CSV": "Upload it as input/a.csv.",
    "input/a.parquet": "Export the data set as JSON Lines or CSV, and upload it as input/a.jsonl.",
    "input/a.xls": "Export the data set as JSON Lines or CSV, and upload it as input/a.jsonl.",
    "input/.jsonl": "starts no run",
    "input/run.json": "run.json belongs in a folder",
    "input/a/b/train.jsonl": "upload the files to input/b/.",
    "input/a/b/c/test.jsonl": "upload the files to input/c/.",
    "input//train.jsonl": "upload the files to input/<name>/.",
    "input/a/Train.jsonl": "Did you mean input/a/train.jsonl?",
    "input/a/Train.CSV": "Did you mean input/a/train.csv?",
    "input/a/validate.jsonl": "Did you mean input/a/validation.jsonl?",
    "input/a/notes.txt": "A folder starts a run with its train.jsonl",
    "input/a/data.jsonl": "A folder starts a run with its train.jsonl",
}


@pytest.fixture
def deliver(
    s3: "S3Client", adapters: Adapters, lambda_context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> Deliver:
    monkeypatch.setenv("TOPIC_ARN", "arn:aws:sns:us-west-2:123456789012:results")
    sent: list[Notification] = []
    monkeypatch.setattr(type(adapters.topic), "publish", lambda _, topic_arn, message: sent.append(message))

    def call(key: str, *, version: str = "v1", request: str = "first", hour: int = 12) -> list[Notification]:
        sent.clear()
        detail = {"bucket": {"name": "input-bucket"}, "object": {"key": key, "version-id": version}}
        event: dict[str, Any] = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        context = cast(LambdaContext, SimpleNamespace(**{**vars(lambda_context), "aws_request_id": request}))
        result = handler({**event, "time": f"2026-11-28T{hour}:59:59Z"}, context)
        assert result == {"told": bool(sent)}
        return [*sent]

    return call


@pytest.mark.parametrize("key", SILENT)
def test_what_starts_a_run_and_its_siblings_placeholders_and_hidden_files_are_silent(
    deliver: Deliver, key: str
) -> None:
    """A message for each usual upload would not be read."""
    assert deliver(key) == []


@pytest.mark.parametrize(("key", "words"), TOLD.items())
def test_upload_that_starts_nothing_is_told_with_what_to_do(deliver: Deliver, key: str, words: str) -> None:
    """Nobody waits hours for a run that never began."""
    [message] = deliver(key)
    assert words in message.message
    assert f"s3://input-bucket/{key} starts no run." in message.message
    assert "input/<name>/train.jsonl" in message.message
    assert key in message.subject


def test_wrong_name_beside_train_jsonl_is_left_to_the_run(deliver: Deliver, s3: "S3Client") -> None:
    """Its report warns of the file: one hint is enough."""
    s3.put_object(Bucket="input-bucket", Key="input/a/train.jsonl", Body=b"")
    assert deliver("input/a/validate.jsonl") == []
    assert deliver("input/b/validate.jsonl")
    s3.put_object(Bucket="input-bucket", Key="input/b/train.csv.gz", Body=b"")
    assert deliver("input/b/validate.jsonl", hour=13) == []


def test_event_that_is_delivered_twice_is_told_once(deliver: Deliver) -> None:
    """EventBridge delivers at least once; a new upload of the same key is a new mistake."""
    assert deliver("input/a.txt")
    assert deliver("input/a.txt", request="second") == []
    assert deliver("input/a.txt", version="v2", request="third")


def test_message_that_could_not_be_sent_is_sent_by_the_repetition(
    deliver: Deliver, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda repeats an event under the same id: what is on record then is its own."""
    with monkeypatch.context() as patch:

        def fail(*_: object) -> None:
            raise ServiceBusy("SNS is busy.")

        patch.setattr(type(adapters.topic), "publish", fail)
        with pytest.raises(ServiceBusy):
            deliver("input/a.txt")
    assert deliver("input/a.txt")


def test_files_of_one_folder_are_told_once_an_hour(deliver: Deliver) -> None:
    """A folder of a thousand files is one mistake, and one message."""
    assert deliver("input/a/b/train.jsonl")
    assert deliver("input/a/b/test.jsonl", request="second") == []
    assert deliver("input/a/c/test.jsonl", request="third")
    assert deliver("input/a/b/test.jsonl", request="fourth", hour=13)


def test_an_hour_has_no_more_messages_than_a_person_reads(deliver: Deliver) -> None:
    """The last one says that others are not told; the next hour begins anew."""
    messages = [deliver(f"input/{n}.txt", request=str(n)) for n in range(MOST_AN_HOUR + 2)]
    assert [len(sent) for sent in messages] == [1] * MOST_AN_HOUR + [0, 0]
    told = ["are not told" in sent[0].message for sent in messages[:MOST_AN_HOUR]]
    assert told == [False] * (MOST_AN_HOUR - 1) + [True]
    assert deliver("input/x.txt", request="next", hour=13)


def test_key_from_outside_is_spelt_out(deliver: Deliver) -> None:
    """Whoever may upload writes into people's mail: no link of theirs, no character that hides."""
    [message] = deliver("input/https://evil.example/\u202e.txt")
    assert "https://" not in message.message
    assert "\u202e" not in json.dumps(message, ensure_ascii=False)
