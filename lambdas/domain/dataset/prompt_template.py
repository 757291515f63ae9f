"""The data set's own template of a prompt: what an application fills in to ask as the model was trained."""

import json

from lambdas.domain.dataset.formats.mapping import MappingSettings, parse_template
from lambdas.domain.models.catalogue import RecordFormat

# In bytes of JSON: the plan holds it, whose size is bounded.
_LONGEST = 2_000


def prompt_template(mapping: MappingSettings | None, system: str | None, record_format: RecordFormat) -> str | None:
    """A template of Python's `str.format`; None where the prompt is a text of its own, or the template is very long.

    A record of a prompt and a completion has the system text before its prompt.
    """
    template = None if mapping is None else _as_format(mapping.prompt)
    if system is not None and record_format == "prompt-completion":
        escaped = system.replace("{", "{{").replace("}", "}}")
        template = f"{escaped}\n\n{template or '{prompt}'}"
    return template if template is None or len(json.dumps(template)) <= _LONGEST else None


def _as_format(template: str) -> str:
    return f"{{{template}}}" if parse_template(template).is_column else template
