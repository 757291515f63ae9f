"""`fine-tune approve` and `fine-tune reject`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import Region, StackName

if TYPE_CHECKING:
    from lambdas.domain.report.approval import Decision

RunId = Annotated[str, typer.Argument(help="The run's id, as in the message that asks.")]
Reason = Annotated[str | None, typer.Option(help="Why; the run's report shows it.")]


def approve(run_id: RunId, reason: Reason = None, deployment: StackName = None, region: Region = None) -> None:
    """Let a run that waits for you go on, on the account of your AWS credentials.

    It waits before its purchase, which costs what the run then buys: the message that asks has the estimate. A run
    whose judges would leave out more than 20 % of the training records waits before its training, too.

    Exit status: 0 if the run has taken the answer; 1 if not, with the reason.
    """
    _answer(run_id, "approved", reason, deployment, region)


def reject(run_id: RunId, reason: Reason = None, deployment: StackName = None, region: Region = None) -> None:
    """End a run that waits for you: nothing is bought, a model that is tuned already is kept.

    It costs nothing. A tuned model costs by the month until you delete it.

    Exit status: 0 if the run has taken the answer; 1 if not, with the reason.
    """
    _answer(run_id, "rejected", reason, deployment, region)


def _answer(run_id: str, decision: "Decision", reason: str | None, deployment: str | None, region: str | None) -> None:
    from cli.account import NoAccountError, account_of
    from cli.approval import NotAnsweredError, answer
    from local.deployment import setting
    from local.terminal import Console, failed

    try:
        answered = answer(
            account_of(region or setting("region")), deployment or setting("deployment"), run_id, decision, reason
        )
    except (NoAccountError, NotAnsweredError) as error:
        raise failed(error, 1) from None
    Console().write_line(f"The run {run_id} is {decision} by {answered.by}.")
