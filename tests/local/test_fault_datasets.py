"""The data sets of the fault cases lead their runs where the cases are to fail."""

import json

from lambdas.domain.curation.cleaning import MOST_REMOVED_SHARE
from local.bedrock.models.checker import judge
from local.faults.dataset import BATCHED, DOUBTED, DataSet


def share_called_incorrect(dataset: DataSet) -> float:
    """Of the training records, by the simulated judge where it makes no errors of its own."""
    judged = []
    for line in dataset.files("m")["input/m/train.jsonl"].splitlines():
        asked, answered = (message["content"] for message in json.loads(line)["messages"])
        context, _, question = asked.rpartition("</document>")
        texts = {"context": f"{context}</document>", "question": question.strip(), "answer": answered}
        judged.append(judge(texts, "a judge", errors=0))
    return sum("incorrect" in each for each in judged) / len(judged)


def test_a_person_is_asked_about_the_doubted_records_and_about_no_others() -> None:
    """The judge knows a quarter of them for errors, by counts that no document has."""
    assert share_called_incorrect(DOUBTED) == 0.25 > MOST_REMOVED_SHARE
    assert share_called_incorrect(BATCHED) == 0.0
