"""Both runs on one embedded AWS, then the judges, then the table."""

from pathlib import Path

from cli import execution
from cli.data_set import upload_of
from cli.demo import WRITTEN, embedded_aws_for, environment_on
from cli.environment import Environment
from cli.folders import ARMS
from cli.progress import Progress
from cli.run import SECONDS_TO_START, fetch, find, start, tell
from cli.seeds.arms.data import FEW_RUN, MANY_RUN, STUDENT, make_data
from cli.seeds.arms.judging import judge_arms, review_page
from cli.seeds.arms.page import PAGE, TABLE, tell_table, write_table
from cli.seeds.arms.table import RIVALS, make_table, read_arms
from cli.seeds.cited import Cited
from lambdas.domain.models.catalogue import base_model
from local.deployment import deploy
from local.permissions.denials import denials
from local.session import emptied, save_logs, stopping_on_full_disk, stopping_on_sigterm
from local.terminal import Console

_WRITTEN = (*WRITTEN, "data/", f"{FEW_RUN}/", f"{MANY_RUN}/", "judging/", PAGE, TABLE)


def run_arms(data: Path, cited: Cited, console: Console, folder: Path) -> bool:
    """Makes the four arms of the data; whether both runs succeeded and left nothing that bills.

    Raises NoDataSetError, DataRefusedError, NotComparableArmsError, and what running a demo raises.
    """
    model, progress = base_model(STUDENT), Progress(console)
    with (
        emptied(folder, ARMS, [*_WRITTEN, *map(review_page, RIVALS)]),
        stopping_on_sigterm(),
        stopping_on_full_disk(folder),
    ):
        made = make_data(data, folder / "data", console)
        console.write_line(f"Originals: {made.originals[FEW_RUN]:,} are few, {made.originals[MANY_RUN]:,} are many.")
        with embedded_aws_for(model, "ACTIVE", folder) as aws:
            with progress.stage("Deploying with the CDK CLI", f"Deployed on {aws.endpoint}"):
                deploy(aws, base_model=model.customization_id)
            try:
                environment = environment_on(aws)
                uploads = {FEW_RUN: made.few, MANY_RUN: made.many}
                succeeded = [
                    _run(environment, each, folder / name, progress, console) for name, each in uploads.items()
                ]
                if not all(succeeded):
                    return False
                arms = read_arms(folder)
                with progress.stage("Asking the judges", "The judges have compared the arms"):
                    judged = judge_arms(arms, environment.adapters, folder)
                table = make_table(arms, judged, data.name)
                write_table(folder, table, cited)
                tell_table(console, table)
                missing = denials(aws.decisions)
                for each in missing:
                    console.print(f"A permission is missing: {each}", style="bold red", soft_wrap=True)
                return not missing
            finally:
                save_logs(aws)


def _run(environment: Environment, data: Path, folder: Path, progress: Progress, console: Console) -> bool:
    folder.mkdir(mode=0o700)
    run_id = start(environment, upload_of(data), progress)
    arn = find(environment, run_id, progress, seconds=SECONDS_TO_START)
    end = progress.follow(execution.follow(environment, arn, patience_seconds=0))
    fetch(environment, run_id, arn, folder)
    return tell(environment, run_id, end, console, folder)
