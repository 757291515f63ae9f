"""What a report or a message may show: no account, nobody's name, no request's id, nothing of the account's data.

Of what the account has, lists show the members and no value but a status.
"""

import re
from collections.abc import Mapping
from typing import Any

from local.conformance.calls import AwsResponse, Json

_PRINCIPAL = re.compile(r"(arn:aws[a-z-]*:(?:iam|sts)::)[0-9]{12}:[^\s\"',]+")
_ACCOUNT = re.compile(r"(?<![0-9a-zA-Z])[0-9]{12}(?![0-9a-zA-Z])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+)++")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
# Keys of AWS, long-lived and of a session.
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
# The lists of what the account has.
_ACCOUNTS_OWN = {
    "ListModelCustomizationJobs",
    "ListCustomModels",
    "ListProvisionedModelThroughputs",
    "ListCustomModelDeployments",
}
_SHOWN_MEMBERS = {"status", "modelStatus", "customizationType"}


def redacted(value: Any) -> Any:
    """The value with placeholders in all its texts."""
    if isinstance(value, Mapping):
        return {key: "<token>" if key.lower() == "nexttoken" else redacted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    return redacted_text(value) if isinstance(value, str) else value


def redacted_text(text: str) -> str:
    """The text with placeholders."""
    text = _PRINCIPAL.sub(r"\1<account>:<principal>", text)
    text = _EMAIL.sub("<email>", _UUID.sub("<id>", text))
    return _ACCESS_KEY.sub("<access key>", _ACCOUNT.sub("<account>", text))


def shown_answer(seen: AwsResponse) -> Json | None:
    """The answer as it may be shown."""
    if seen.answer is None:
        return None
    if seen.request.operation not in _ACCOUNTS_OWN:
        shown: Json = redacted(seen.answer)
        return shown
    return {key: _form(key, value) for key, value in seen.answer.items()}


def _form(key: str, value: Any) -> Any:
    """The form of a value without its content."""
    if isinstance(value, Mapping):
        return {name: _form(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_form(key, item) for item in value]
    return value if key in _SHOWN_MEMBERS else f"<{type(value).__name__}>"
