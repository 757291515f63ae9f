"""`make permissions`: runs on one embedded AWS, and the account of what its roles were allowed for."""

import json
from pathlib import Path

from lambdas.domain.core.counted import counted
from local.checkout import CHECKOUT
from local.deployment import deploy, setting
from local.faults.command import faulty_aws, prepared, run_all
from local.faults.observer import Observer
from local.permissions.accounting import GrantAccount, account, read_accepted
from local.permissions.decisions import decisions
from local.permissions.deployed import deployed_grants
from local.permissions.report import as_json, as_text
from local.permissions.runs import cases, delete, upload_beside
from local.session import emptied, save_logs, stopping_on_full_disk, stopping_on_sigterm
from local.terminal import Console

COMMAND = "permissions"
FOLDER = CHECKOUT / "build" / COMMAND
WRITTEN = ("logs/", "tmp/", "bedrock-calls.jsonl", "permissions.jsonl", "report.json", "report.txt")
# The environment that is deleted in the end, as its deletion needs permissions of its own.
DELETED = "shared"


def run_permissions(*, parallel: int, console: Console, folder: Path = FOLDER) -> bool:
    """Make the runs and write the account; whether each grant is used or listed, and no call was denied."""
    with (
        emptied(folder, COMMAND, WRITTEN),
        stopping_on_sigterm(),
        stopping_on_full_disk(folder),
        faulty_aws(folder) as aws,
    ):
        console.print("Deploying with the CDK CLI …")
        deployed, original = deploy(aws), setting("deployment")
        with Observer(aws) as observer:
            chosen = cases(original)
            bench = prepared(aws, observer, {case.deployment for case in chosen})
            bench.shared[original] = deployed
            observer.watch(deployed.state_machine)
            console.print(f"{counted(len(chosen), 'run')}, {parallel} at a time.")
            try:
                upload_beside(bench, DELETED)
                results = run_all(bench, chosen, parallel=parallel, console=console)
                granted = list(deployed_grants(aws, list(bench.shared), original))
                delete(bench, DELETED)
            finally:
                save_logs(aws)
        made = account(granted, decisions(aws.decisions), read_accepted())
    tell(made, console, folder)
    return made.is_good and not any(result.problems for result in results)


def tell(made: GrantAccount, console: Console, folder: Path) -> None:
    """Print the account, and write it."""
    text = as_text(made)
    (folder / "report.txt").write_text(text)
    (folder / "report.json").write_text(json.dumps(as_json(made), indent=1) + "\n")
    for line in text.splitlines():
        console.write_line(line)
    console.print(f"Report: {folder / 'report.json'}", soft_wrap=True)
