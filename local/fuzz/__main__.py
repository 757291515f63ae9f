"""`python -m local.fuzz <seconds>`, or `python -m local.fuzz <file>` for an input that failed.

With atheris (libFuzzer), inputs are guided by coverage; where it has no wheel for this machine, Hypothesis draws them
from the same beginnings: examples of the formats, the rules and the containers. What fails is kept in build/fuzz.
"""

import importlib
import importlib.util
import json
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.checkout import CHECKOUT
from local.fuzz.beginnings import beginnings

FOLDER = CHECKOUT / "build" / "fuzz"


def fuzz_with_atheris(seconds: int) -> None:
    """Ends the process: with 0 after `seconds` without a failure."""
    # Not imported above: it is not there on every machine, and must come before what it watches.
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["lambdas.domain"]):
        check = importlib.import_module("local.fuzz.gate_input").check
    corpus = FOLDER / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(beginnings()):
        (corpus / f"example-{number}").write_bytes(data)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={FOLDER}/", "-max_len=8192", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], check)
    atheris.Fuzz()


def fuzz_with_hypothesis(seconds: int) -> None:
    """Records of all formats, examples with bytes exchanged, added and left out, and bytes alone."""
    check = importlib.import_module("local.fuzz.gate_input").check
    formats = importlib.import_module("local.fuzz.records").RECORDS
    texts = st.text(min_size=1, max_size=20)
    records = st.one_of([st.lists(each(texts), min_size=1, max_size=3) for each in formats.values()]).map(
        lambda values: b"\n".join(json.dumps(value).encode() for value in values)
    )
    cut = st.tuples(st.sampled_from(beginnings()), st.integers(0, 4096), st.integers(0, 64), st.binary(max_size=24))
    changed = cut.map(lambda each: each[0][: each[1]] + each[3] + each[0][each[1] + each[2] :])
    tested, ends = 0, time.monotonic() + seconds

    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(changed | records | st.binary(max_size=400))
    def run(data: bytes) -> None:
        nonlocal tested
        tested += 1
        check(data)

    while time.monotonic() < ends:
        run()
    print(f"Hypothesis (there is no atheris here): {tested} inputs in {seconds} s, none failed.")


def main() -> None:
    """Fuzzes for the seconds given, 60 by default."""
    argument = sys.argv[1] if len(sys.argv) > 1 else "60"
    if not argument.isdigit():
        importlib.import_module("local.fuzz.gate_input").check(Path(argument).read_bytes())
        print("No failure.")
    elif importlib.util.find_spec("atheris"):
        fuzz_with_atheris(int(argument))
    else:
        fuzz_with_hypothesis(int(argument))


if __name__ == "__main__":
    main()
