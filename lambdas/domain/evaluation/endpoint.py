"""What an application needs to call the tuned model: what to call, and the format that it was trained and tested on."""

import json
import re
from collections.abc import Iterable, Mapping

from pydantic import Field, ValidationError

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.questions import InferenceSettings, Question

# A parameter of the standard tier, which is free ("PutParameter", API reference).
MAX_BYTES = 4096
PROMPT = "{prompt}"
_IN_TAGS = re.compile(r"<([A-Za-z][A-Za-z0-9_.-]{0,63})>\n")
# The names in Converse's `inferenceConfig`.
_CONVERSE = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP"}


class PromptFormat(Fact):
    """How the tuned model was asked: report.json's `format`.

    `template` makes the user's message by Python's `str.format`. `system` is null where there is no system text;
    `system_varies` says that the records have several, of which each request needs its own. `inference` is Converse's
    `inferenceConfig`.
    """

    system: str | None = None
    system_varies: bool = False
    template: str | None = None
    inference: dict[str, int | float] = Field(default={})

    def settings(self) -> InferenceSettings | None:
        """`inference` by the names here; None where an earlier version wrote none."""
        try:
            return InferenceSettings.model_validate(
                {name: self.inference[key] for name, key in _CONVERSE.items() if key in self.inference}
            )
        except ValidationError:
            return None


class Endpoint(PromptFormat):
    """The value of the SSM parameter `/<environment>/endpoint`, as JSON.

    `target_arn` is what an application calls, a deployment or a throughput; null while nothing serves the model. Where
    the format is too long for a parameter, `system` and `template` are null, and `format_uri` is the report.json that
    has it.
    """

    run_id: str
    model_arn: str
    target_arn: str | None = None
    format_uri: str | None = None

    def render(self, report_uri: str) -> str:
        """The parameter's value; `report_uri` stands in where the format is too long for it.

        Systems Manager refuses double braces, which are its own references: no text has any here.
        """
        text = self._as_json()
        if len(text.encode()) <= MAX_BYTES:
            return text
        short = self.model_copy(update={"system": None, "template": None, "format_uri": report_uri})
        return short._as_json()

    def _as_json(self) -> str:
        """In ASCII, with braces in texts as escapes."""
        values = {name: json.dumps(value) for name, value in self.dump().items()}
        for name, value in self:
            if isinstance(value, str):
                values[name] = values[name].replace("{", r"\u007b").replace("}", r"\u007d")
        return f"{{{', '.join(f'{json.dumps(name)}: {text}' for name, text in values.items())}}}"


def find_format(questions: Iterable[Question], template: str | None, sent: Mapping[str, int | float]) -> PromptFormat:
    """The format that all of these questions have; `template` is the data set's own, where it has one.

    Documents in tags before the questions are seen in the questions. `sent` are the parameters by their names here.
    """
    systems: set[str | None] = set()
    tags: set[str | None] = set()
    for question in questions:
        if len(systems) < 2:
            systems.add(question.system)
        if len(tags) < 2:
            tags.add(_tag(question.messages[-1].content))
    [system] = systems if len(systems) == 1 else [None]
    [tag] = tags if len(tags) == 1 else [None]
    documents = PROMPT if tag is None else f"<{tag}>\n{{document}}\n</{tag}>\n\n{{question}}"
    return PromptFormat(
        system=system,
        system_varies=len(systems) > 1,
        template=template or documents,
        inference={_CONVERSE[name]: value for name, value in sent.items() if name in _CONVERSE},
    )


def _tag(text: str) -> str | None:
    """The tag of the document before a question."""
    found = _IN_TAGS.match(text)
    return found[1] if found and f"\n</{found[1]}>\n\n" in text else None
