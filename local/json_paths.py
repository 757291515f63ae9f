"""Paths of a state machine that lead nowhere: they end the execution, as on AWS; in ministack they give null.

AWS fails such a state with States.Runtime, which nothing catches, whatever field the path stands in (Step Functions
Local 2.0.0's words: floci-io/floci#2521). An index beyond an array's end gives null there, too.
"""

import json
from typing import Any

from ministack.services import stepfunctions

from local import patches
from local.terminal_errors import UNPROCESSABLE


def apply() -> None:
    """Patch the imported ministack, in place."""
    patches._expect(stepfunctions, "_resolve_path")
    lenient = stepfunctions._resolve_path

    def resolve(path: str, data: Any) -> Any:
        if leads_nowhere(path, data):
            raise not_found(f"The JSONPath '{path}' could not be found in the input '{json.dumps(data)}'")
        return lenient(path, data)

    def resolve_field(field: str, path: str, data: Any) -> Any:
        if leads_nowhere(path, data):
            raise not_found(
                f"The JSONPath '{path}' specified for the field '{field}' could not be found in the input "
                f"'{json.dumps(data)}'"
            )
        return lenient(path, data)

    stepfunctions._resolve_path, stepfunctions.resolve_field = resolve, resolve_field
    stepfunctions.leads_nowhere = leads_nowhere
    patches._rewrite(
        stepfunctions,
        "_resolve_params_obj",
        ("result[real_key] = _resolve_path(value, data)", "result[real_key] = resolve_field(key, value, data)"),
    )
    look_before_choosing()
    refuse_result_paths()


def leads_nowhere(path: str, data: Any) -> bool:
    """Whether the path names a member that is not there; a path with a wildcard gives an empty list instead."""
    if path == "$" or not path.startswith("$"):
        return False
    tokens = stepfunctions._parse_jsonpath_tokens(path)
    if tokens is None:
        return True
    if any(kind == "wildcard" for kind, _ in tokens):
        return False
    for kind, value in tokens:
        if not isinstance(data, dict if kind == "field" else list):
            return True
        if kind == "index" and value >= len(data):
            return False
        if kind == "field" and value not in data:
            return True
        data = data[value]
    return False


def not_found(cause: str) -> Exception:
    """What ends the execution."""
    error: Exception = stepfunctions._ExecutionError(UNPROCESSABLE, cause)
    return error


def look_before_choosing() -> None:
    """IsPresent asks whether there is a member, which may be null; in ministack null is not present."""
    resolved = "    value = _resolve_path_or_ctx(variable, data, ctx)\n"
    presence = (
        '    if "IsPresent" in rule:\n'
        '        place = (variable[1:], ctx or {}) if variable.startswith("$$.") else (variable, data)\n'
        '        return leads_nowhere(*place) != rule["IsPresent"]\n'
    )
    patches._rewrite(stepfunctions, "_evaluate_rule", (resolved, presence + resolved))


def refuse_result_paths() -> None:
    """A ResultPath cannot be applied to what is no object; in ministack it replaces that."""
    patches._expect(stepfunctions, "_apply_result_path_raw")
    put = stepfunctions._apply_result_path_raw

    def put_if_it_fits(path: str | None, original: Any, result: Any) -> Any:
        if path not in (None, "$"):
            place = original
            for kind, value in (stepfunctions._parse_jsonpath_tokens(path) or [])[:-1]:
                place = place.get(value, {}) if kind == "field" and isinstance(place, dict) else None
            if not isinstance(place, dict):
                raise stepfunctions._ExecutionError(
                    "States.ResultPathMatchFailure",
                    f"Unable to apply ReferencePath {path} to input {json.dumps(original)}",
                )
        return put(path, original, result)

    stepfunctions._apply_result_path_raw = put_if_it_fits
