"""`fine-tune init`: what an environment needs at least, asked or given, checked on the account, written to cdk.json."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import typer

from cli.account import Account, NoAccountError, account_of
from cli.cdk_json import CdkJson, SettingValue
from cli.confirmation import NotConfirmedError, can_answer
from cli.deploy import NotDeployableError, check_bootstrap
from cli.preflight import NotCheckedError, check_account, tell
from cli.target import RequestedEnvironment
from lambdas.domain.models.catalogue import UnknownBaseModelError, base_model, catalogue
from local.terminal import Console
from stacks.settings import Settings, SettingsError

NOTHING_WRITTEN = "Nothing was written."
NONE = "none"


class MissingAnswersError(Exception):
    """Nobody can be asked, and options are missing; the message names them."""


class RefusedAnswerError(Exception):
    """An option has a value that is not allowed; the message says what is."""


class FailedChecksError(Exception):
    """The account fails a check, and nobody says to go on."""


@dataclass(frozen=True)
class SettingQuestion:
    """What is asked of a person: settings, the option that answers it, and how an answer becomes settings."""

    names: tuple[str, ...]
    option: str
    text: Callable[[Settings], str]
    default: Callable[[Settings], str]
    read: Callable[[str, Settings], Mapping[str, SettingValue]]
    # Without a terminal cdk.json's value stays where the option is missing.
    may_stay: bool = False


def _region(answer: str, settings: Settings) -> Mapping[str, SettingValue]:
    """A Region brings a model that is tuned in it: the one that is set, where it is."""
    entries = [entry for entry in catalogue() if answer in entry.customization_regions]
    if not entries:
        known = sorted({region for entry in catalogue() for region in entry.customization_regions})
        raise RefusedAnswerError(f"No model is tuned in the Region {answer!r}. One of: {', '.join(known)}.")
    ids = [entry.customization_id for entry in entries]
    return {"region": answer, "base_model": settings.base_model if settings.base_model in ids else ids[0]}


def _model(answer: str, settings: Settings) -> Mapping[str, SettingValue]:
    try:
        return {"base_model": base_model(answer).customization_id}
    except UnknownBaseModelError as error:
        raise RefusedAnswerError(str(error)) from None


def _models_text(settings: Settings) -> str:
    ids = [entry.customization_id for entry in catalogue() if settings.region in entry.customization_regions]
    return f"Base model, of those tuned in {settings.region} ({', '.join(ids)})"


def _vpc(answer: str, _: Settings) -> Mapping[str, SettingValue]:
    words = [] if answer == NONE else [word for word in answer.replace(",", " ").split() if word]
    groups = [word for word in words if word.startswith("sg-")]
    return {"vpc_subnet_ids": [word for word in words if word not in groups], "vpc_security_group_ids": groups}


def _or_none(name: str) -> Callable[[str, Settings], Mapping[str, SettingValue]]:
    return lambda answer, _: {name: None if answer in ("", NONE) else answer}


WHERE = (
    SettingQuestion(("region", "base_model"), "--region", lambda _: "Region", lambda now: now.region, _region),
    SettingQuestion(
        ("deployment",),
        "--deployment",
        lambda _: "Name of the environment: of its stacks, and before each name in Bedrock",
        lambda now: now.deployment,
        lambda answer, _: {"deployment": answer},
        may_stay=True,
    ),
    SettingQuestion(("base_model",), "--model", _models_text, lambda now: now.base_model, _model),
    SettingQuestion(
        ("vpc_subnet_ids", "vpc_security_group_ids"),
        "--vpc",
        lambda _: f"VPC of training jobs: ids of subnets and security groups, or {NONE}",
        lambda now: " ".join([*now.vpc_subnet_ids, *now.vpc_security_group_ids]) or NONE,
        _vpc,
        may_stay=True,
    ),
)
LIMITS = (
    SettingQuestion(
        ("max_run_cost_usd",),
        "--max-run-cost-usd",
        lambda _: f"A run that is estimated dearer than so many USD is refused ({NONE}: no limit)",
        lambda now: NONE if now.max_run_cost_usd is None else f"{now.max_run_cost_usd:g}",
        _or_none("max_run_cost_usd"),
    ),
    SettingQuestion(
        ("notification_email",),
        "--email",
        lambda _: f"Email address that gets results, failures and alarms ({NONE}: nobody is told)",
        lambda now: now.notification_email or NONE,
        _or_none("notification_email"),
    ),
)
NAMES = list(dict.fromkeys(name for question in (*WHERE, *LIMITS) for name in question.names))


class Setup:
    """The answers so far, as settings in place of cdk.json's."""

    def __init__(self, file: CdkJson, options: Mapping[str, str | None], console: Console) -> None:
        self.file = file
        self._options = options
        self._console = console
        self._answers: dict[str, SettingValue] = {}

    @property
    def settings(self) -> Settings:
        """cdk.json's with the answers."""
        return self.file.settings(self._answers)

    def require_answers(self, *, yes: bool) -> None:
        """Raises MissingAnswersError where nobody can be asked and something would have to be."""
        if can_answer():
            return
        wanted = (each.option for each in (*WHERE, *LIMITS) if not each.may_stay)
        missing = [option for option in wanted if self._options.get(option) is None]
        if missing := [*missing, *([] if yes else ["--yes"])]:
            raise MissingAnswersError(f"Nobody can be asked here: give {', '.join(missing)}. {NOTHING_WRITTEN}")

    def answer(self, question: SettingQuestion) -> None:
        """Takes the option's value, or asks until an answer is allowed. Raises RefusedAnswerError."""
        given = self._options.get(question.option)
        if given is not None:
            self._take(question, given, f"{question.option}: ")
        elif can_answer():
            self._ask(question)

    def _ask(self, question: SettingQuestion) -> None:
        while True:
            now = self.settings
            asked: str = typer.prompt(question.text(now), default=question.default(now))
            try:
                return self._take(question, asked)
            except RefusedAnswerError as error:
                self._console.write_lines(error)

    def _take(self, question: SettingQuestion, answer: str, where: str = "") -> None:
        try:
            answers = {**self._answers, **question.read(answer.strip(), self.settings)}
            self.file.settings(answers)
        except (RefusedAnswerError, SettingsError) as error:
            raise RefusedAnswerError(f"{where}{error}") from None
        self._answers = answers


def initialize(setup: Setup, console: Console, *, yes: bool, even_if_failed: bool) -> None:
    """Asks, checks, and writes what differs once a person has said so.

    Raises MissingAnswersError, RefusedAnswerError, FailedChecksError and NotConfirmedError; then nothing is written.
    """
    setup.require_answers(yes=yes)
    for question in WHERE:
        setup.answer(question)
    if not _checked(setup.settings, console) and not even_if_failed:
        _ask_to_go_on()
    for question in LIMITS:
        setup.answer(question)
    _write(setup, console, yes=yes)
    console.write_line("Next:")
    console.write_line("  make deploy")
    console.write_line("  .venv/bin/fine-tune run my-questions.jsonl")
    console.write_line(
        "Or drop a data set, with the bucket that make deploy names: "
        "aws s3 cp my-questions.jsonl s3://<InputBucket>/input/"
    )


def _ask_to_go_on() -> None:
    if not can_answer():
        raise FailedChecksError(
            "A run would fail on this account. Do what is said above, or repeat with --even-if-failed. "
            f"{NOTHING_WRITTEN}"
        )
    if not typer.confirm("A run would fail on this account as it is now. Go on?"):
        raise FailedChecksError(f"Do what is said above first. {NOTHING_WRITTEN}")


def _checked(settings: Settings, console: Console) -> bool:
    """Whether no check fails; what cannot be checked is told, and fails nothing."""
    try:
        account = account_of(settings.region)
    except NoAccountError as error:
        console.write_lines(
            f"{error}\nNot checked: the account, its quotas, and its access to {settings.base_model}. "
            "`fine-tune preflight` checks them once you are signed in."
        )
        return True
    console.write_line(f"The account of {account.caller}, in {settings.region}:")
    try:
        result = check_account(
            None,
            model=None,
            region=settings.region,
            opener=lambda path: path.open("rb", buffering=0),
            settings=settings,
            account=account,
        )
    except NotCheckedError as error:
        console.write_lines(error)
        return False
    tell(console, result)
    _tell_bootstrap(settings, account, console)
    return result.status == "passed"


def _tell_bootstrap(settings: Settings, account: Account, console: Console) -> None:
    """What one command mends is no reason to stop here: `make deploy` does not start without it."""
    try:
        target = RequestedEnvironment(settings, {})
        for line in check_bootstrap(target, account.caller.split(":")[4], account.client("ssm")):
            console.write_line(line)
    except NotDeployableError as error:
        console.write_lines(error)


def _write(setup: Setup, console: Console, *, yes: bool) -> None:
    changed = setup.file.with_settings(setup.settings, NAMES)
    if changed == setup.file:
        console.write_line("cdk.json has these settings already.")
        return
    for line in setup.file.difference(changed):
        console.write_line(line)
    if not yes and not typer.confirm("Write this to cdk.json?", default=True):
        raise NotConfirmedError(f"Not confirmed. {NOTHING_WRITTEN}")
    changed.write()
    console.write_line(f"Written: {changed.path}")
