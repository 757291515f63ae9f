"""What `fine-tune conformance` checks: an account, with its clock. The simulated one is here."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from botocore.config import Config

from local.bedrock.clock import ManualClock
from local.bedrock.server import serve
from local.bedrock.settings import SimulationSettings
from local.conformance.calls import ClientMaker
from local.conformance.pace import Time
from local.conformance.place import Place
from local.embedded_aws import ACCOUNT, EmbeddedAws

_SIMULATED_SERVICES = ("bedrock", "bedrock-runtime", "service-quotas")
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class ConformanceTarget:
    """What is checked."""

    maker: ClientMaker
    place: Place
    time: Time


class SimulatedTime:
    """A clock that passes only while somebody waits: what takes hours on AWS is seen at once, in every state."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Seconds."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Lets that much time pass."""
        self._clock.advance(seconds)


class AtOnce(Executor):
    """Runs what is submitted before it returns: by a clock that stands still nothing else ends."""

    def submit(self, fn: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_R]:
        """A future that is done."""
        future: Future[_R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def simulation(regions: tuple[str, ...]) -> Iterator[ConformanceTarget]:
    """The embedded AWS, and a simulated Bedrock in each Region."""
    clock = ManualClock()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="fine-tune-")))
        aws = running.enter_context(EmbeddedAws(folder, regions[0]))
        urls = {}
        for region in regions:
            settings = SimulationSettings(region=region, account_id=ACCOUNT)
            served = serve(settings, aws.client("s3"), token=aws.token, clock=clock, executor=AtOnce())
            urls[region] = running.enter_context(served)
        yield ConformanceTarget(_Simulated(aws, urls), Place(ACCOUNT, regions), SimulatedTime(clock))


@dataclass(frozen=True)
class _Simulated:
    """Makes the clients of the simulation; `urls` are the simulated Bedrocks' by Region."""

    aws: EmbeddedAws
    urls: dict[str, str]

    def client(self, service_name: Any, *, region_name: str, config: Config) -> Any:
        """A client of the simulated Bedrock of the Region, or of the embedded AWS."""
        endpoint = self.urls[region_name] if service_name in _SIMULATED_SERVICES else None
        return self.aws.client(service_name, config=config, region=region_name, endpoint=endpoint)
