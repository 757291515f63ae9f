"""The names with which commands sign what they write, and where they write by default."""

from local.checkout import CHECKOUT

BUILD = CHECKOUT / "build"

CONFORMANCE = "conformance"
CONVERT = "convert"
DEMO = "demo"
FIX = "fix"
PREFLIGHT = "preflight"
RUN = "run"
SCORE = "score"
SEEDS = "seeds"
SMOKE = "smoke"
VALIDATE = "validate"

CONFORMANCE_FOLDER = BUILD / CONFORMANCE
CONVERT_FOLDER = BUILD / CONVERT
DEMO_FOLDER = BUILD / DEMO
PREFLIGHT_FOLDER = BUILD / PREFLIGHT
# A folder for each run in it.
RUNS_FOLDER = BUILD / "runs"
SCORE_FOLDER = BUILD / SCORE
SEEDS_FOLDER = BUILD / SEEDS
SMOKE_FOLDER = BUILD / SMOKE
VALIDATE_FOLDER = BUILD / VALIDATE
