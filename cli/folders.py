"""The names with which commands sign what they write, and where they write by default."""

from local.checkout import CHECKOUT

BUILD = CHECKOUT / "build"

CLEAN = "clean"
CONFORMANCE = "conformance"
CONVERT = "convert"
DEMO = "demo"
FIX = "fix"
OPEN = "open"
PREFLIGHT = "preflight"
RUN = "run"
SCORE = "score"
SEEDS = "seeds"
ARMS = "seeds-002"
SMOKE = "smoke"
SYNTHESIZE = "synthesize"
VALIDATE = "validate"

CLEAN_FOLDER = BUILD / CLEAN
CONFORMANCE_FOLDER = BUILD / CONFORMANCE
CONVERT_FOLDER = BUILD / CONVERT
DEMO_FOLDER = BUILD / DEMO
# Beside each other, so that the page of all runs leads to each.
PAGES_FOLDER = BUILD / "pages"
PREFLIGHT_FOLDER = BUILD / PREFLIGHT
# A folder for each run in it.
RUNS_FOLDER = BUILD / "runs"
SCORE_FOLDER = BUILD / SCORE
SEEDS_FOLDER = BUILD / SEEDS
ARMS_FOLDER = BUILD / ARMS
SMOKE_FOLDER = BUILD / SMOKE
SYNTHESIZE_FOLDER = BUILD / SYNTHESIZE
VALIDATE_FOLDER = BUILD / VALIDATE
