"""What of run.json can be used, and a finding for each key that cannot: no mistake hides another one."""

import copy
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lambdas.domain.core.did_you_mean import did_you_mean
from lambdas.domain.core.settings_model import SettingsModel
from lambdas.domain.settings.run_limits import SettingFinding

Settings = TypeVar("Settings", bound=SettingsModel)
_Location = tuple[int | str, ...]
# What pydantic says, in this file's words.
_EXPLAINED = {
    "extra_forbidden": "There is no such setting",
    "model_type": "A JSON object is needed",
    "too_long": "There may be at most {max_length}",
    "too_short": "There must be at least {min_length}",
}
_REPHRASED = {"Value error, ": "", "Input should": "The value must", "String should": "The text must"}


def sound_settings(
    model: type[Settings], document: Any, more_names: Sequence[str]
) -> tuple[Settings, list[SettingFinding]]:
    """The settings of a document without its wrong keys, and what is wrong with each of those.

    `more_names` are further names that a key at the top may be meant for.
    """
    found: list[SettingFinding] = []
    told: list[_Location] = []
    for _ in count():
        try:
            return model.model_validate(document), found
        except ValidationError as error:
            wrong = error.errors()
        for each in wrong:
            # What is wrong around a key only since that was left out is no mistake of its own.
            if not any(location[: len(each["loc"])] == each["loc"] for location in told):
                meant = _meant(model, each["loc"], more_names) if each["type"] == "extra_forbidden" else ""
                found.append(SettingFinding(_pointer(each["loc"]), _explain(each) + meant))
        told += [each["loc"] for each in wrong]
        document = _without(document, [each["loc"] for each in wrong])
    raise AssertionError("Each attempt leaves something out.")


def _without(document: Any, locations: list[_Location]) -> Any:
    """The document without what stands at these places; of a list that is the whole list."""
    kept = copy.deepcopy(document)
    for location in locations:
        path, value = list[str](), document
        for part in location:
            if not isinstance(value, dict) or part not in value:
                break
            path.append(str(part))
            value = value[part]
        if not path:
            return {}
        inner = kept
        for key in path[:-1]:
            inner = inner.get(key, {})
        inner.pop(path[-1], None)
    return kept


def _pointer(location: _Location) -> str:
    # pydantic ends the location of a wrong key of a dict with "[key]", which is no part of the user's file.
    kept = [part for part in location if part != "[key]"]
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in kept)


def _meant(model: type[BaseModel], location: _Location, more_names: Sequence[str]) -> str:
    """The setting that a key which is none may be meant for."""
    known: type[BaseModel] | None = model
    for part in location[:-1]:
        known = _inner(known, str(part)) if known else None
    if known is None:
        return ""
    # Of equal names the last one counts, which is that of the key's own place.
    names = [*(more_names if known is model else ()), *_nested(known), *_names(known)]
    return did_you_mean(str(location[-1]), names)


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _nested(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """The settings inside of a model's, the innermost first."""
    for name in model.model_fields:
        inner = _inner(model, name)
        if inner is not None:
            yield from _nested(inner, f"{before}{name}.")
            yield from (f"{before}{name}.{each}" for each in _names(inner))


def _inner(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The model of a setting that is an object."""
    annotation = model.model_fields[name].annotation if name in model.model_fields else None
    models = (each for each in (annotation, *get_args(annotation)) if isinstance(each, type))
    return next((each for each in models if issubclass(each, BaseModel)), None)


def _explain(wrong: ErrorDetails) -> str:
    if wrong["type"] in _EXPLAINED:
        return f"{_EXPLAINED[wrong['type']].format_map(wrong.get('ctx', {}))}."
    message = wrong["msg"]
    for start, words in _REPHRASED.items():
        if message.startswith(start):
            message = words + message.removeprefix(start)
            break
    return f"{message.rstrip('.')}."
