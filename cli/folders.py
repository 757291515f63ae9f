"""The names with which commands sign what they write, and where they write by default."""

from local.checkout import CHECKOUT

BUILD = CHECKOUT / "build"

DEMO = "demo"
PREFLIGHT = "preflight"
VALIDATE = "validate"

DEMO_FOLDER = BUILD / DEMO
PREFLIGHT_FOLDER = BUILD / PREFLIGHT
VALIDATE_FOLDER = BUILD / VALIDATE
