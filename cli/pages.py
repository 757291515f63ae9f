"""`fine-tune open`: a run's pages, or the page of all runs, fetched from the output bucket and shown in a browser."""

import re
import webbrowser
from pathlib import Path

from cli.environment import Environment
from cli.folders import OPEN
from cli.known_runs import execution_of
from lambdas.domain.core.run import prefix
from lambdas.domain.report.run_index import PAGE_KEY
from local.output_folder import LIST, claim, start

# What a person reads of a run: its page, and the files that the page names.
READ = (
    "report.html",
    "report.json",
    "errors.csv",
    "human_review.html",
    "dataset/report.html",
    "dataset/report.json",
    "dataset/issues.csv",
)
# By what is opened first; a run that its data set has ended has the second alone.
PAGES = ("report.html", "dataset/report.html")
# So many reports are fetched with the page of all runs, which may link to hundreds.
NEWEST = 50
_LINK = re.compile(r'href="((?:[a-z0-9]+-)+[0-9a-f]{12}/report\.html)"')


class NoPageError(Exception):
    """There is nothing to open; the message says why, and what to do."""


def fetch_run(environment: Environment, run_id: str, folder: Path) -> Path:
    """Fetches the run's pages into `<folder>/<run id>/`; the one to open. Raises UnknownRunError and NoPageError."""
    execution_of(environment, run_id)
    there = set(environment.adapters.objects.keys(environment.output_bucket, prefix(run_id)))
    names = [name for name in READ if f"{prefix(run_id)}{name}" in there]
    page = next((name for name in PAGES if name in names), None)
    if page is None:
        raise NoPageError(
            f"The run {run_id} has no page: it goes on, or has ended before its data set was looked at. "
            f"`{environment.command(f'status {run_id}')}` tells."
        )
    _fetch(environment, {f"{run_id}/{name}": f"{prefix(run_id)}{name}" for name in names}, folder)
    return folder / run_id / page


def fetch_index(environment: Environment, folder: Path) -> Path:
    """Fetches the page of all runs, and the newest reports that it links to. Raises NoPageError."""
    text = environment.adapters.objects.read(environment.output_bucket, PAGE_KEY)
    if text is None:
        raise NoPageError(
            f"The environment {environment.name} has no page of its runs: it is written when a run ends. "
            f"`{environment.command('runs')}` lists them."
        )
    links = list(dict.fromkeys(_LINK.findall(text.decode())))[:NEWEST]
    there = [link for link in links if environment.adapters.objects.keys(environment.output_bucket, f"runs/{link}")]
    _fetch(environment, {"index.html": PAGE_KEY, **{link: f"runs/{link}" for link in there}}, folder)
    return folder / "index.html"


def _fetch(environment: Environment, keys: dict[str, str], folder: Path) -> None:
    """Objects by their names in the folder, which keeps what was fetched before. Raises PathRefusedError."""
    if not (folder / LIST).exists():
        start(folder, OPEN, [])
    claim(folder, keys)
    for name, key in keys.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment.adapters.clients.s3.download_file(environment.output_bucket, key, str(path))


def show(page: Path) -> bool:
    """Opens the page in the person's browser; False where there is none."""
    return webbrowser.open(page.resolve().as_uri())
