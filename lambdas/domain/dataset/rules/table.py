"""The rules for data sets: each has an id, a severity, what is wrong, what it asks for, and what to do about it.

Where each is checked follows from its scope: `line` and `record` rules line by line (`structure.py`, `csv_rows.py`,
`record.py`, `content.py`, `record_facts.py`), `set` rules after a file was read (`checking.py`, `answer_set.py`),
`run` rules, which see everything that a run was given, in `preparation.py` and `run_settings.py`.
"""

from typing import Literal, NamedTuple

from lambdas.domain.core.finding import Severity

Scope = Literal["line", "record", "set", "run"]


class Rule(NamedTuple):
    """An error refuses the data set, a warning is reported and nothing more. `heading` stands above its findings."""

    scope: Scope
    severity: Severity
    heading: str
    asks: str
    advice: str


class RecordFinding(NamedTuple):
    """A rule that a record breaks, and where in the record: a JSON Pointer, empty for the record itself.

    `remedy` is about this value; without one the rule's advice holds.
    """

    rule: str
    pointer: str
    message: str
    remedy: str = ""


RULES: dict[str, Rule] = {
    # Lines: bytes, text and JSON.
    "byte-order-mark": Rule(
        "line",
        "warning",
        "The file starts with a byte order mark.",
        "The file starts with its first record; a byte order mark is left out.",
        "Save the file as UTF-8 without a byte order mark.",
    ),
    "blank-line": Rule(
        "line",
        "warning",
        "There are blank lines.",
        "Every line holds a record; blank lines are skipped.",
        "Remove the blank lines.",
    ),
    "line-length": Rule(
        "line",
        "error",
        "A line is longer than any record can be.",
        "No line is longer than the longest record within the token limit.",
        "End each record with a line feed, and shorten records that are longer than the model can read.",
    ),
    "encoding": Rule(
        "line",
        "error",
        "A text is in another encoding, or broken.",
        "The file is UTF-8, escaped characters included: no half of a surrogate pair.",
        "Export the file as UTF-8; cut texts between characters, not between bytes.",
    ),
    "json-syntax": Rule(
        "line",
        "error",
        "The JSON cannot be read.",
        "Each line is one JSON value (RFC 8259).",
        "Write each record on one line with a JSON library: no NaN, no comma at the end of a list.",
    ),
    "csv-syntax": Rule(
        "line",
        "error",
        "A row cannot be read by the header.",
        "Each row of a CSV file has the columns of its header (RFC 4180).",
        "Write the file with a CSV library: it puts texts with commas, quotes or line feeds in quotes.",
    ),
    # Records: their keys and texts.
    "record-type": Rule(
        "record",
        "error",
        "A record is not a JSON object of its own.",
        "Each record is a JSON object of its own.",
        "Write one object per line, not a list of objects.",
    ),
    "duplicate-key": Rule(
        "record",
        "error",
        "An object has the same key twice.",
        "No object has the same key twice.",
        "Remove one of them: JSON readers disagree on which one counts.",
    ),
    "missing-key": Rule(
        "record",
        "error",
        "A key is missing.",
        "Each record and each of its messages has all keys of its format.",
        "Add the key; docs/data-gate.md shows each format.",
    ),
    "unknown-key": Rule(
        "record",
        "error",
        "A key is not part of the format.",
        "No key of a record or of its messages is close to one of its format's; other keys are left out.",
        "Correct its name, or remove the key: nothing of it would be trained on.",
    ),
    "wrong-type": Rule(
        "record",
        "error",
        "A value is of the wrong type.",
        "Texts are JSON strings, messages are lists of objects.",
        "Write texts in quotes, even if they are numbers.",
    ),
    "message-count": Rule(
        "record",
        "error",
        "A conversation has no answer to learn.",
        "A conversation has at least two messages.",
        "Add the answer that the model should learn.",
    ),
    "role": Rule(
        "record",
        "error",
        "A role is unknown, or out of its place.",
        "Every role is user or assistant.",
        "Rename the roles; the system text has its own key.",
    ),
    "role-order": Rule(
        "record",
        "error",
        "Roles do not alternate from user to assistant.",
        "Roles alternate, from user first to assistant last.",
        "Join neighbouring messages of one role, and end with the answer.",
    ),
    "untrained-answer": Rule(
        "record",
        "error",
        "The last answer is not to be learnt.",
        "The last answer of a conversation is one that is to be learnt: its weight is not 0.",
        "Remove the messages after the last answer that is to be learnt, or the record.",
    ),
    "single-turn": Rule(
        "record",
        "error",
        "A conversation has more turns than the model learns.",
        "A conversation has one question and one answer if the model's format allows no more.",
        "Keep the last question, with what it needs from earlier turns, or choose a model that learns conversations.",
    ),
    "empty-text": Rule(
        "record",
        "error",
        "A text is empty.",
        "No text is empty or only white space.",
        "Fill in the text, or leave out its key or the record.",
    ),
    "reserved-word": Rule(
        "record",
        "error",
        "A prompt has a word that separates turns for the model.",
        "No prompt contains the words that separate turns in the model's own format.",
        "Rewrite them, for example without the line feed or the colon.",
    ),
    "further-reserved-word": Rule(
        "record",
        "warning",
        "A text has a word that AWS's own checks of training data refuse.",
        "No text contains, in any case, the words that AWS's own checks of training data refuse for the model.",
        "Rewrite them: AWS's guide reserves fewer, and whether a job fails for these is not known.",
    ),
    "token-limit": Rule(
        "record",
        "error",
        "A record has too many tokens.",
        "A record has fewer tokens than the model's limit.",
        "Shorten its context, or split the record.",
    ),
    "token-estimate": Rule(
        "record",
        "warning",
        "A record may have too many tokens.",
        "A record is so far below the token limit that no tokenizer is likely to exceed it.",
        "Shorten it, or count its tokens with the CountTokens operation of a related model.",
    ),
    # Texts: what they say.
    "control-character": Rule(
        "record",
        "warning",
        "A text has control characters.",
        "Texts have no control characters other than tab, line feed and carriage return.",
        "They often come from PDF extraction: remove them where the records are made.",
    ),
    "invisible-character": Rule(
        "record",
        "warning",
        "A text has characters that people cannot see.",
        "Texts have no characters that people cannot see.",
        "Remove them: they can hide instructions, or make equal texts differ.",
    ),
    "personal-data": Rule(
        "record",
        "warning",
        "A text may have personal data.",
        "Texts have no e-mail addresses, phone numbers, card or social security numbers.",
        "Replace them by placeholders: a tuned model can repeat what it was trained on.",
    ),
    "secret": Rule(
        "record",
        "warning",
        "A text may have a secret.",
        "Texts have no keys, tokens or passwords.",
        "Revoke the key, then remove it from the data.",
    ),
    "instruction": Rule(
        "record",
        "warning",
        "A text has instructions to the model that reads it.",
        "Texts contain no instructions to the model that reads them.",
        "Remove texts such as “ignore previous instructions”, unless the records teach how to refuse them.",
    ),
    "active-html": Rule(
        "record",
        "warning",
        "A text has HTML that a page would execute.",
        "Texts have no HTML that a page could execute.",
        "Reports show it escaped; make sure that your application does, too.",
    ),
    "long-answer": Rule(
        "record",
        "warning",
        "An answer is far longer than its prompt.",
        "An answer is not far longer than its prompt.",
        "Check that prompt and answer are not swapped, and that no document was pasted as the answer.",
    ),
    "duplicate-record": Rule(
        "record",
        "warning",
        "A record occurs twice.",
        "No record occurs twice.",
        "Keep one: a repeated record counts twice in training.",
    ),
    "near-duplicate": Rule(
        "record",
        "warning",
        "Two prompts have the same words.",
        "No two prompts have the same words in another order, case or markup.",
        "Keep one, unless the order matters to the answer.",
    ),
    "contradictory-answer": Rule(
        "record",
        "warning",
        "One prompt has different answers.",
        "The same prompt always has the same answer.",
        "Decide which answer is right: the model cannot learn both.",
    ),
    # Sets: what shows only over all of a file's records.
    "no-records": Rule(
        "set",
        "error",
        "There are no records.",
        "The file exists and has records.",
        "Upload the file again, with its records.",
    ),
    "two-files": Rule(
        "run",
        "error",
        "A set is in two files.",
        "A folder has one file for each set.",
        "Remove all but one of them, and upload the training file again, last.",
    ),
    "file-format": Rule(
        "set",
        "error",
        "The file is no data set, or is broken.",
        "The file is whole, and of a kind that is read.",
        "Export the records as JSON Lines or CSV, and upload them again.",
    ),
    "columns": Rule(
        "set",
        "error",
        "The columns are not known.",
        "The header of a table names a prompt and its answer.",
        "Rename the column with the prompt to prompt and the one with the answer to completion.",
    ),
    "file-size": Rule(
        "set",
        "error",
        "The file is too large.",
        "The file is within the model's size limit, 10 GB, a test file within 1 GB, and the answers to the test set "
        "can be scored in 10 minutes.",
        "Shorten the contexts, leave records out, or ask fewer models.",
    ),
    "too-few-records": Rule(
        "set",
        "error",
        "There are too few records.",
        "A set has at least the model's minimum number of records, a test set at least 10.",
        "Add records, or leave the file out: the set is then split off the training file.",
    ),
    "few-records": Rule(
        "run",
        "warning",
        "There are fewer records than some of AWS's sources ask for.",
        "The training set has as many records as each of AWS's sources asks for, where they disagree.",
        "Add records, or expect that Bedrock may refuse the job, free of charge.",
    ),
    "too-many-records": Rule(
        "set",
        "error",
        "There are too many records.",
        "A set has at most the model's maximum number of records.",
        "Keep the best records, or hold a larger share out (`split` in run.json).",
    ),
    "mixed-formats": Rule(
        "set",
        "warning",
        "The records have several formats.",
        "All records of a file have the same format.",
        "Check that no other data set got into the file.",
    ),
    "partial-group": Rule(
        "set",
        "error",
        "Some records name their group, others do not.",
        "All records of all files name their group (the key or column `group`), or none does.",
        "Name the group of each record, or of none: the groups are detected then.",
    ),
    "unsupported-format": Rule(
        "set",
        "error",
        "The records are not for tuning on texts.",
        "Records are questions and answers as texts, not data for something else than tuning under supervision.",
        "The finding says what the records are, and what can be done.",
    ),
    "cut-off-answer": Rule(
        "set",
        "warning",
        "An answer ends in mid-sentence.",
        "Long answers end where a sentence ends, if most long answers of the file do.",
        "Check the token limit of whatever wrote the answers: the tuned model learns to stop in mid-sentence.",
    ),
    "label-imbalance": Rule(
        "set",
        "warning",
        "The labels are spread unevenly.",
        "If answers are labels, no label has more than 80 % of the records, or fewer than 5 records.",
        "Add records of the rare labels, or accept that they are hardly learnt and hardly measured.",
    ),
    "label-spelling": Rule(
        "set",
        "warning",
        "One label is written in several ways.",
        "If answers are labels, each label has one spelling: case and white space make two of one.",
        "Write each label in one way: the model learns all spellings, and answers in another one are counted as wrong.",
    ),
    "untold-answers": Rule(
        "set",
        "warning",
        "The prompts do not name the labels or keys that are expected.",
        "If answers are labels or JSON, prompts name the labels or the keys.",
        "Name them in the system text (`system` in run.json for records that have none): a gain over a base that "
        "cannot know them says nothing of what tuning adds.",
    ),
    # Runs: files and settings together.
    "too-many-records-in-total": Rule(
        "run",
        "error",
        "Training and validation have too many records together.",
        "Training and validation together stay within the model's limit.",
        "Keep the best records, or hold out a smaller validation share.",
    ),
    "split": Rule(
        "run",
        "error",
        "The records cannot be split.",
        "There are enough records for a training and a test set that share no context.",
        "Add records with other contexts, or add a test.jsonl.",
    ),
    "no-validation": Rule(
        "run",
        "warning",
        "There is no validation set.",
        "There are enough records for a validation set, which early stopping needs.",
        "Add records or a validation.jsonl, or set `split.validation` to 0 in run.json.",
    ),
    "unused-validation": Rule(
        "run",
        "error",
        "The model's training takes no validation set.",
        "There is a validation set only if the model's training takes one.",
        "Remove validation.jsonl, or add its records to train.jsonl.",
    ),
    "few-test-groups": Rule(
        "run",
        "warning",
        "The test set is too small for a verdict to promote.",
        "The test set has enough groups of records that share no context for a verdict to promote.",
        "Raise `split.test` in run.json, or give a test.jsonl with more contexts: more training does not help.",
    ),
    "large-group": Rule(
        "run",
        "warning",
        "One context has more than a quarter of the records.",
        "No context has more than a quarter of the records that are split.",
        "Records of one context stay on one side, so the shares may not be met: add other contexts.",
    ),
    "prompt-overlap": Rule(
        "run",
        "warning",
        "A prompt is in two sets.",
        "No prompt is in two of the training, validation and test sets.",
        "Remove it from one of the sets: scores on training data are too high.",
    ),
    "context-overlap": Rule(
        "run",
        "warning",
        "A context is in two sets.",
        "No context is in two of the training, validation and test sets.",
        "Move all records of a context to one set, or let the split do it: upload one file.",
    ),
    "unused-hyperparameter": Rule(
        "run",
        "warning",
        "Early stopping is set without a validation set.",
        "Early stopping is set only if there is a validation set.",
        "Add a validation set, or remove the setting.",
    ),
    "unknown-file": Rule(
        "run",
        "warning",
        "The folder has a file that no run reads.",
        "A folder has no other files than a training, a validation and a test set, and run.json.",
        "Rename the file and upload the folder again, train.jsonl last; or leave it out.",
    ),
    "job-settings": Rule(
        "run",
        "warning",
        "The run cannot be quite as run.json asks.",
        "The base model takes the hyperparameters in run.json, a sweep or a learning curve can be as it asks, and its "
        "models are known by their ids.",
        "Do what each finding advises. For a mistake the preflight refuses the run, and no job is started.",
    ),
    "run-settings": Rule(
        "run",
        "error",
        "run.json has a setting that cannot be used.",
        "run.json has only known settings with values in their ranges.",
        "Correct the settings; docs/operations.md lists them.",
    ),
}
