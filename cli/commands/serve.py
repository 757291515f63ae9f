"""`fine-tune serve` and `fine-tune unserve`."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.options import Region, StackName, chosen_environment

if TYPE_CHECKING:
    from cli.environment import Environment
    from cli.serve import Offer
    from lambdas.domain.serving.standing import StandingRequest
    from local.terminal import Console

Which = Annotated[
    str, typer.Argument(metavar="RUN", help="The run's id, or `champion`; `fine-tune runs` lists the runs.")
]


def serve(
    run: Which,
    hours: Annotated[int | None, typer.Option(help="Serve it for so many hours; then it is deleted.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Serve it until `fine-tune unserve`.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Buy nothing: wait for what was made before.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """Put a run's tuned model in service for applications, and wait until it is.

    On demand where the model can be: that costs nothing by the hour. Else by throughput, which bills by the hour: for
    --hours, then it is deleted even if your machine is off, or until you end it (--keep). The price is shown, and you
    are asked before anything is bought. Where the run is the champion, the parameter /<environment>/endpoint names
    what applications call.

    Exit status: 0 if it is in service; 1 if it did not get there; 2 if nothing was bought; 130 after Ctrl-C.
    """
    from cli import serve as serving
    from cli.confirmation import NotConfirmedError, confirm
    from cli.known_runs import UnknownRunError
    from cli.settings import settings_of
    from cli.tuned_run import NoTunedModelError
    from lambdas.domain.serving.standing import NotServedError
    from local.terminal import Console, failed

    environment, console = chosen_environment(deployment, region), Console()
    settings = settings_of(environment)
    try:
        if follow:
            offer, request, arn = serving.served_already(environment, run, settings)
        else:
            offer = serving.make_offer(environment, run, settings, hours=hours, keep=keep)
            for warning in offer.warnings:
                console.write_line(warning, "yellow")
            console.write_line(offer.text)
            confirm("Serve it?", yes=yes, undone="Nothing was bought.")
            try:
                request, arn = serving.buy(environment, offer, settings)
            except KeyboardInterrupt:
                raise failed(
                    "Stopped while something was being bought. "
                    f"`{environment.command(f'unserve {offer.tuned.run_id}')}` ends whatever came of it.",
                    130,
                ) from None
    except (NotServedError, NoTunedModelError, UnknownRunError, NotConfirmedError) as error:
        raise failed(error, 2) from None
    _wait(console, environment, offer, request, arn)


def _wait(console: "Console", environment: "Environment", offer: "Offer", request: "StandingRequest", arn: str) -> None:
    """Until it is in service, and applications are told."""
    from cli.progress import Progress
    from cli.serve import how_it_ends, how_other_ends, point_endpoint, wait
    from lambdas.adapters.aws.service_errors import Refused
    from lambdas.adapters.stores.endpoint_parameter import endpoint_name
    from lambdas.domain.core.errors import ServiceBusy
    from lambdas.domain.evaluation.champion import UnreadableChampionError
    from lambdas.domain.serving.kinds import noun
    from lambdas.domain.serving.standing import NotServedError
    from local.terminal import failed

    tuned, ends = offer.tuned, how_it_ends(environment, request, offer.usd_per_hour)
    again = f"`{environment.command(f'serve {tuned.run_id} --follow')}` waits for it again"
    console.write_line(f"Made: {noun(request.kind)} {arn}. {ends}")
    try:
        with Progress(console).stage("Waiting until it is in service", "It is in service"):
            wait(environment, request, arn)
        before = point_endpoint(environment, tuned, arn)
    except NotServedError as error:
        raise failed(error, 1) from None
    except (UnreadableChampionError, Refused, ServiceBusy) as error:
        left = f"{error} The {noun(request.kind)} {arn} may exist, and applications were not told of it."
        raise failed(f"{left} {ends} {again} and tells them.", 1) from None
    except KeyboardInterrupt:
        raise failed(f"The {noun(request.kind)} {arn} goes on to exist. {ends} {again}.", 130) from None
    if before is not None:
        console.write_line(f"Applications call it by the parameter {endpoint_name(environment.name)}.")
        if before.target_arn not in (None, arn):
            console.write_line(f"They called {before.target_arn} before. {how_other_ends(environment, before)}")
    else:
        console.write_line(f"Call it with modelId={arn}; {tuned.report_uri} has the format under `format`.")


def unserve(
    run: Which,
    deployment: StackName = None,
    region: Region = None,
) -> None:
    """End what serves a run's model for applications, and wait until it is gone.

    It costs nothing. Its lease ends first: if this command is cut off, the reconciler deletes it within minutes. Then
    applications are told: the parameter /<environment>/endpoint names nothing any more, where it named this. What
    somebody has deleted by hand is told, and is no failure. What somebody is about to buy is waited for, and ended.

    What the environment serves its champion with by itself (`serve_champion`) stays.

    Exit status: 0 if nothing of it is left; 1 if something is; 2 if there is no such run; 130 after Ctrl-C.
    """
    from cli import unserve as ending
    from cli.known_runs import UnknownRunError
    from cli.progress import Progress
    from cli.settings import settings_of
    from cli.tuned_run import NoTunedModelError, base_model_of, run_of
    from lambdas.domain.serving.kinds import noun
    from lambdas.domain.serving.standing import NotEndedError
    from local.terminal import Console, failed

    environment, console = chosen_environment(deployment, region), Console()
    run_id, certain = run, False
    try:
        run_id = run_of(environment, run)
        found = ending.find(environment, run_id) or ending.look_again(environment, run_id, console.write_line)
        certain, endpoint = ending.begin(environment, run_id, found)
        if not certain:
            console.write_line("Its tags could not be changed: nothing deletes it if you stop this command.", "yellow")
        if endpoint is not None:
            own = endpoint.target_arn
            now_named = f"{own}, which the environment serves its champion with" if own else "nothing any more"
            console.write_line(f"The endpoint names {now_named}.")
        for one in found:
            what = f"{noun(one.kind)} {one.arn}"
            with Progress(console).stage(f"Deleting {what}", f"Deleted {what}"):
                ending.end(environment, run_id, one)
            text = ending.cost_text(environment, one, base_model_of(environment, run_id), settings_of(environment))
            console.write_line(text)
    except (NoTunedModelError, UnknownRunError) as error:
        raise failed(error, 2) from None
    except NotEndedError as error:
        raise failed(f"{error} {_go_on(environment, run_id, certain=certain)}", 1) from None
    except KeyboardInterrupt:
        left = "Stopped: what serves the model may still exist."
        raise failed(f"{left} {_go_on(environment, run_id, certain=certain)}", 130) from None
    if not found:
        for line in ending.nothing_texts(environment, run_id):
            console.write_line(line)


def _go_on(environment: "Environment", run_id: str, *, certain: bool) -> str:
    if certain:
        then = "Its lease has ended: the reconciler deletes it within minutes"
    else:
        then = "What has a lease goes with it, what is kept bills on"
    return f"{then}. `{environment.command(f'unserve {run_id}')}` goes on."
