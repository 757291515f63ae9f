"""`run.json`: what a user chose for one run, checked key by key."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from pydantic import AfterValidator, Field

from lambdas.domain.batch.batch_waits import BatchChoice
from lambdas.domain.core.counted import counted
from lambdas.domain.core.outside_text import name
from lambdas.domain.core.run import RUN_TAGS
from lambdas.domain.core.settings_model import SettingsModel
from lambdas.domain.curation.settings import CleanSettings, SynthesisSettings, clean_findings, synthesis_findings
from lambdas.domain.dataset.formats import DEFAULT_CONTEXT_TAG, Conversion
from lambdas.domain.dataset.formats.mapping import ColumnMapping, MappingSettings
from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.dataset.preparation import Wanted
from lambdas.domain.dataset.set_names import SETTINGS_FILE
from lambdas.domain.dataset.split.holdout import SplitSettings
from lambdas.domain.evaluation.arms import BASE, CHAMPION, TUNED
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.models.catalogue import (
    BaseModelEntry,
    ServingKind,
    UnknownBaseModelError,
    base_model,
    catalogue,
    id_of,
)
from lambdas.domain.settings.rubric_findings import limit_findings, rubric_findings
from lambdas.domain.settings.run_limits import (
    RunLimits,
    SettingFinding,
    gate_findings,
    model_findings,
    run_gate,
    task_kind_findings,
    win_rate_findings,
)
from lambdas.domain.settings.sound_settings import sound_settings
from lambdas.domain.training.learning_curve import LearningCurveSettings
from lambdas.domain.training.serve import BEST, Serve
from lambdas.domain.training.sweep import SweepSettings

FILE_NAME = SETTINGS_FILE
MAX_BYTES = 1 << 20

_CUSTOM_MODEL = r"^arn:[a-z-]+:bedrock:[a-z0-9-]+:[0-9]{12}:custom-model/[A-Za-z0-9.:_/-]{1,400}$"
_TAG_TEXT = r"^[a-zA-Z0-9\s._:/=+@-]*$"


def _not_reserved(name: str) -> str:
    if name.lower().startswith("aws:"):
        raise ValueError("names that start with aws: are AWS's own")
    # A policy that asks for a tag does not tell upper from lower case in its name.
    if name.lower() in RUN_TAGS:
        raise ValueError(f"the run itself sets {name.lower()}")
    return name


def _differ_in_more_than_case(tags: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in tags:
        if (other := found.setdefault(tag.lower(), tag)) != tag:
            raise ValueError(f"{other} and {tag} differ in case only: keep one of them")
    return tags


_TagName = Annotated[str, Field(min_length=1, max_length=128, pattern=_TAG_TEXT), AfterValidator(_not_reserved)]
_TagValue = Annotated[str, Field(max_length=256, pattern=_TAG_TEXT)]


class RunSettings(SettingsModel):
    """One run's settings. You can leave out every key.

    `system` is the system text of records that are not conversations and have none of their own; `context_tag` is the
    XML tag around their documents. `mapping` makes records of columns that no known format has. `tags` are put on
    everything that the run makes in Bedrock. `keep_job` lets a customization job train to its end although its run
    failed or was aborted. `learning_curve` trains on parts of the training set, too. `clean` has models judge the
    training records, `synthesis` has one write more. `batch` "auto" asks them, the baselines and the judges by
    Bedrock's batch jobs, at half the price, where there is enough for one. `compare` trains a candidate on each of
    these data sets, and all are served. `serve` says which candidates answer the test set: the chosen one alone, all,
    or those with these numbers as well. `serving` "auto" is the cheapest way that the base model allows. A run with an
    estimate above `max_cost_usd` is refused. `custom_model` is the ARN of a custom model that exists: the run trains
    nothing, goes on from it, and ignores what else is said of training.
    """

    schema_uri: str | None = Field(
        default=None, alias="$schema", description="Where this schema is. An editor reads it; a run does not."
    )
    base_model: Annotated[str, AfterValidator(id_of)] | None = None
    hyperparameters: dict[str, object] = Field(default={})
    clean: CleanSettings | None = None
    synthesis: SynthesisSettings | None = None
    batch: BatchChoice = "auto"
    compare: list[TrainingData] = Field(default=[], max_length=3)
    split: SplitSettings = SplitSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    sweep: SweepSettings | None = None
    learning_curve: LearningCurveSettings | None = None
    serve: Serve = BEST
    serving: Literal["auto"] | ServingKind = "auto"
    model_units: int = Field(default=1, ge=1)
    max_cost_usd: float | None = Field(default=None, gt=0)
    keep_job: bool = False
    custom_model: str | None = Field(default=None, pattern=_CUSTOM_MODEL)
    system: str | None = Field(default=None, min_length=1)
    context_tag: str = Field(default=DEFAULT_CONTEXT_TAG, pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")
    mapping: MappingSettings | None = None
    tags: Annotated[dict[_TagName, _TagValue], AfterValidator(_differ_in_more_than_case)] = Field(
        default={}, max_length=40
    )


class Choices(NamedTuple):
    """The settings and the base model that they choose."""

    settings: RunSettings
    model: BaseModelEntry

    @property
    def wanted(self) -> Wanted:
        """What the run wants of its data set."""
        chosen = self.settings
        asked = chosen.evaluation
        # The tuned model and its base are two more.
        models = 2 + len(asked.models)
        return Wanted(self.model, chosen.split, asked.few_shot, chosen.hyperparameters, models, asked.max_tokens)


def parse(text: bytes | None, default_base_model: str, limits: RunLimits) -> Choices | list[SettingFinding]:
    """Reads `run.json` (None where there is none); returns all findings where it cannot be followed.

    Raises UnknownBaseModelError only where the environment's own default is unknown.
    """
    choices, found = choose(text, default_base_model, limits)
    return found or choices


def choose(text: bytes | None, default_base_model: str, limits: RunLimits) -> tuple[Choices, list[SettingFinding]]:
    """What `run.json` chooses, and the findings in it: with any, what is sound, so that the data is checked anyway."""
    default = base_model(default_base_model)
    document, found = _document(text)
    hyperparameters = [f"hyperparameters.{name}" for entry in catalogue() for name in entry.hyperparameters]
    settings, wrong = sound_settings(RunSettings, document, hyperparameters)
    found += wrong
    try:
        model = default if settings.base_model is None else base_model(settings.base_model)
    except UnknownBaseModelError as error:
        model = default
        found.append(SettingFinding("/base_model", str(error)))
    is_known = all(each.pointer != "/base_model" for each in found)
    if not is_known:
        # They are those of a model that is not known.
        unknown: dict[str, object] = {
            "base_model": None,
            "hyperparameters": {},
            "sweep": None,
            "learning_curve": None,
            "compare": [],
            "serve": BEST,
        }
        settings = settings.model_copy(update=unknown)
    found += [
        *_arm_findings(settings, model if is_known else None),
        *(_added_text_findings(settings, model) if is_known else ()),
        *_split_findings(settings.split),
        *_judge_findings(settings.evaluation.judges),
        *rubric_findings(settings.evaluation.rubric),
        *limit_findings(settings.evaluation.rubric, limits.gate),
        *_asked_id_findings(settings),
        *_curation_findings(settings),
        *_unit_findings(settings, limits.max_model_units),
        *gate_findings(settings.evaluation.gate, limits.gate),
        *win_rate_findings(settings.evaluation.judges, settings.evaluation.gate, limits.gate),
        *task_kind_findings(settings.evaluation.task_kind, limits.gate),
        *model_findings(_named_models(settings), limits.allowed_models, default),
    ]
    return Choices(_with_gate(settings, limits), model), found


def _document(text: bytes | None) -> tuple[Any, list[SettingFinding]]:
    if text is None:
        return {}, []
    if len(text) > MAX_BYTES:
        return {}, [SettingFinding("", f"The file has more than {MAX_BYTES} bytes.")]
    try:
        return orjson.loads(text), []
    except orjson.JSONDecodeError as error:
        return {}, [SettingFinding("", f"Not JSON: {error}.")]


def _with_gate(settings: RunSettings, limits: RunLimits) -> RunSettings:
    gate = run_gate(settings.evaluation.gate, limits.gate)
    return settings.model_copy(update={"evaluation": settings.evaluation.model_copy(update={"gate": gate})})


def _named_models(settings: RunSettings) -> Iterator[tuple[str, str]]:
    """Each model that a run.json names, with its pointer; few-shot arms ask the same ones."""
    if settings.base_model is not None:
        yield "/base_model", settings.base_model
    yield from asked_models(settings)


def asked_models(settings: RunSettings) -> Iterator[tuple[str, str]]:
    """Each model that a run.json wants to be asked, with its pointer."""
    for key in ("models", "judges"):
        for index, model_id in enumerate(getattr(settings.evaluation, key)):
            yield f"/evaluation/{key}/{index}", model_id
    for index, judge in enumerate(settings.clean.judges if settings.clean else ()):
        yield f"/clean/judges/{index}", judge
    if settings.synthesis is not None:
        yield "/synthesis/teacher", settings.synthesis.teacher
        yield "/synthesis/checker", settings.synthesis.checker


def conversion(settings: RunSettings) -> Conversion:
    """What is added in converting records."""
    mapping = ColumnMapping(settings.mapping.templates) if settings.mapping else None
    return Conversion(settings.system, settings.context_tag, mapping)


def compared_models(choices: Choices) -> dict[str, str]:
    """The models that answer the test set beside the tuned one: arm → model id."""
    further = {arm_name(model_id): model_id for model_id in choices.settings.evaluation.models}
    return {BASE: choices.model.inference_id, **further}


def arm_name(model_id: str) -> str:
    """A further model's arm: its id with what file names do not like replaced by dashes."""
    return re.sub(r"[^a-zA-Z0-9.-]+", "-", model_id)


def _split_findings(shares: SplitSettings) -> list[SettingFinding]:
    if shares.validation + shares.test < 1:
        return []
    return [
        SettingFinding("/split", "validation and test leave nothing to train on: together they must be less than 1.")
    ]


def _arm_findings(settings: RunSettings, model: BaseModelEntry | None) -> list[SettingFinding]:
    taken = {TUNED, BASE, CHAMPION, *([arm_name(model.inference_id)] if model else [])}
    found = []
    for index, model_id in enumerate(settings.evaluation.models):
        if arm_name(model_id) in taken:
            found.append(
                SettingFinding(f"/evaluation/models/{index}", f"'{name(model_id)}' is already one of the arms.")
            )
        taken.add(arm_name(model_id))
    return found


def _judge_findings(judges: list[str]) -> list[SettingFinding]:
    return [
        SettingFinding(f"/evaluation/judges/{index}", f"'{name(judge)}' is already one of the judges.")
        for index, judge in enumerate(judges)
        if judge in judges[:index]
    ]


def _asked_id_findings(settings: RunSettings) -> Iterator[SettingFinding]:
    """The ids that a model is tuned by: Converse finds no model of this name."""
    ids = {entry.customization_id: entry.inference_id for entry in catalogue()}
    for pointer, model_id in asked_models(settings):
        if (asked := ids.get(id_of(model_id))) is not None:
            yield SettingFinding(
                pointer, f"'{name(model_id)}' is the id that the model is tuned by; write '{asked}' to ask it."
            )


def _curation_findings(settings: RunSettings) -> Iterator[SettingFinding]:
    """What is wrong with the stages that curate the training set, and with what is compared."""
    clean = clean_findings(settings.clean) if settings.clean else ()
    synthesis = synthesis_findings(settings.synthesis) if settings.synthesis else ()
    for pointer, found in (("/clean", clean), ("/synthesis", synthesis)):
        yield from (SettingFinding(pointer, f"{each.message} {each.remedy}") for each in found)
    is_curated = settings.clean is not None or settings.synthesis is not None
    if is_curated and settings.learning_curve is not None:
        message = "A learning curve compares parts of the original training set: take clean, synthesis or it out."
        yield SettingFinding("/learning_curve", message)
    if is_curated and settings.custom_model is not None:
        message = "A model that exists is not trained: take clean and synthesis out, or custom_model."
        yield SettingFinding("/custom_model", message)
    yield from _compare_findings(settings)


def _compare_findings(settings: RunSettings) -> Iterator[SettingFinding]:
    made = {"original": True, "cleaned": settings.clean is not None, "synthetic": settings.synthesis is not None}
    for index, data in enumerate(settings.compare):
        if data in settings.compare[:index]:
            yield SettingFinding(f"/compare/{index}", f"'{data}' is already compared.")
        if not made[data]:
            key = "clean" if data == "cleaned" else "synthesis"
            yield SettingFinding(f"/compare/{index}", f"Nothing makes the data set '{data}': add {key} to run.json.")
    if settings.clean is not None and "cleaned" in settings.compare and settings.clean.mode == "report":
        yield SettingFinding("/compare", "clean only reports: set clean.mode to 'remove' to compare what it leaves.")
    if len(settings.compare) == 1:
        yield SettingFinding("/compare", "A comparison needs two data sets.")


def _unit_findings(settings: RunSettings, most: int) -> list[SettingFinding]:
    if settings.model_units <= most:
        return []
    message = f"This environment buys at most {counted(most, 'model unit')} for a run (its setting max_model_units)."
    return [SettingFinding("/model_units", message)]


def _added_text_findings(settings: RunSettings, model: BaseModelEntry) -> Iterator[SettingFinding]:
    """What converting adds to prompts is checked as they are: a reserved word in it would fail the job."""
    added = {"/system": settings.system, "/context_tag": f"<{settings.context_tag}>"}
    for key, template in (settings.mapping.templates if settings.mapping else {}).items():
        if key != "completion" and not template.is_column:
            added[f"/mapping/{key}"] = template.fill({})
    for pointer, text in added.items():
        # Of a mapping the columns stand between.
        if pointer in ("/system", "/context_tag") and text is not None and text.isspace():
            yield SettingFinding(pointer, "The text is only white space.")
        for word in model.reserved_words:
            if text is not None and word in text:
                yield SettingFinding(pointer, f"A prompt for {model.name} cannot have {word!r}.")
