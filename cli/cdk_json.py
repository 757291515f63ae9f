"""cdk.json: the settings in it, and changes of them that leave the rest of the file as it is."""

import difflib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.checkout import CHECKOUT
from stacks.settings import CONTEXT_KEY, Settings, settings_from

CDK_JSON = CHECKOUT / "cdk.json"

SettingValue = str | float | list[str] | None


class UnreadableCdkJsonError(Exception):
    """The file has no context in which settings could stand; the message says why."""


@dataclass(frozen=True)
class CdkJson:
    """The file as it was read."""

    path: Path
    text: str

    @property
    def context(self) -> dict[str, object]:
        """The app's whole context."""
        return dict(json.loads(self.text)["context"])

    def settings(self, changed: Mapping[str, SettingValue] | None = None) -> Settings:
        """The settings in the file, with these in their place. Raises SettingsError."""
        return settings_from({**self.context, **{f"{CONTEXT_KEY}:{name}": v for name, v in (changed or {}).items()}})

    def with_settings(self, wanted: Settings, names: list[str]) -> "CdkJson":
        """The file in which the settings of these names that differ from the wanted ones are replaced, and no others.

        Keys keep their order; one that the file does not have yet comes last.
        """
        before, after = self.settings().model_dump(mode="json"), wanted.model_dump(mode="json")
        changed = {name: after[name] for name in names if before[name] != after[name]}
        if not changed:
            return self
        document = json.loads(self.text)
        context = document["context"]
        for name, value in changed.items():
            # A key of its own beside the mapping overrides what stands in it.
            own = f"{CONTEXT_KEY}:{name}"
            place, key = (context, own) if own in context else (context.setdefault(CONTEXT_KEY, {}), name)
            place[key] = int(value) if isinstance(value, float) and value.is_integer() else value
        return CdkJson(self.path, f"{json.dumps(document, indent=2, ensure_ascii=False)}\n")

    def difference(self, changed: "CdkJson") -> Iterator[str]:
        """The lines that leave the file and those that come, as `diff -u` shows them."""
        names = (self.path.name, self.path.name)
        yield from difflib.unified_diff(
            self.text.splitlines(), changed.text.splitlines(), *names, "as it is", "as it will be", n=0, lineterm=""
        )

    def write(self) -> None:
        """Replaces the file, whole or not at all, with its permissions."""
        path = self.path.resolve()
        partial = path.with_name(f"{path.name}.partial")
        try:
            partial.write_text(self.text, encoding="utf-8")
            shutil.copymode(path, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def read_cdk_json(path: Path | None = None) -> CdkJson:
    """The checkout's file. Raises UnreadableCdkJsonError, and SettingsError where its settings are not allowed."""
    path = path or CDK_JSON
    try:
        read = CdkJson(path, path.read_text(encoding="utf-8"))
        settings_in = read.context.get(CONTEXT_KEY)
    except FileNotFoundError:
        raise UnreadableCdkJsonError(
            f"{path} does not exist: use the fine-tune of a checkout, .venv/bin/fine-tune after `make install`."
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableCdkJsonError(
            f"{path} is no JSON object with a context ({error}). Correct it, or take it from git again: "
            "git checkout cdk.json."
        ) from None
    if settings_in is not None:
        read.settings()
    return read
