# `make demo`, `make test` and `make check` need Python 3.11 or later, Node 20 or later and make; all else is installed here.
SHELL := bash
# What is installed and built cannot be written by others, whatever the caller's umask: a recipe is $$0 of the words here.
.SHELLFLAGS := -euo pipefail -c 'umask go-w; eval "$$0"'
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
# The major versions of Node whose end-of-life banner is left out.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
# Caches that would be in the home folder; concurrent syntheses would share jsii's.
export CDK_HOME := $(CURDIR)/build/cdk
export JSII_NODE := $(CURDIR)/local/jsii-node
export JSII_RUNTIME_PACKAGE_CACHE := disabled
export npm_config_cache := $(CURDIR)/build/npm
export PIP_CACHE_DIR ?= $(CURDIR)/build/pip
export CDK_DISABLE_CLI_TELEMETRY := true

# How far pip is, by the packages that it has named.
COUNTED := awk -v all=$$(grep -c '==' requirements.txt) '/^Collecting / && ++n % 25 == 0 {printf "  %d of at most %d packages\n", n, all; fflush()} /^Installing collected/ {print "  unpacking them …"; fflush()}'

PYTHON_STAMP := .venv/.installed
NODE_STAMP := node_modules/.installed

.PHONY: help install demo faults permissions conformance validate preflight smoke journey seeds bench fuzz test check pipeline schemas formats assumptions images format deploy destroy synth lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Said only to whoever asks for it: most targets install what they need.
install: $(PYTHON_STAMP) $(NODE_STAMP) ## everything the project needs, into this checkout
	@$(if $(filter install,$(MAKECMDGOALS)),printf '%s\n' 'Installed. To call fine-tune by its name:' \
		'  source .venv/bin/activate      in this shell' \
		'  uv tool install --editable .   in all shells' \
		'fine-tune --install-completion completes commands and options in your shell.',:)

$(PYTHON_STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Try make PYTHON=python3.13")'
	@echo 'Installing Python packages into .venv …'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --progress-bar off --disable-pip-version-check --require-hashes -r requirements.txt | $(COUNTED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(NODE_STAMP): package-lock.json .npmrc
	@node -e 'if (+process.versions.node.split(".")[0] < 20) { console.error("Node 20 or later is needed; this is " + process.version); process.exit(1) }'
	@echo 'Installing the CDK CLI into node_modules …'
	@npm ci --silent --no-audit --no-fund
	@touch $@

# Handed on through the environment, so that no name of a file is read as shell.
export DATA MODEL REGION DEPLOYMENT LIFECYCLE ONLY REFUSALS TARGET TIER CAP YES
demo: install ## a whole run on the embedded AWS: make demo [DATA=<file or folder>] [MODEL=<id>] [LIFECYCLE=ACTIVE|LEGACY|EOL]
	@fine-tune demo $${DATA:+--data "$$DATA"} $${MODEL:+--model "$$MODEL"} $${LIFECYCLE:+--lifecycle "$$LIFECYCLE"}

validate: $(PYTHON_STAMP) ## the data gate without AWS: make validate [DATA=<file or folder>] [MODEL=<id>]
	@fine-tune validate $${DATA:+--data "$$DATA"} $${MODEL:+--model "$$MODEL"}

preflight: $(PYTHON_STAMP) ## a run's checks on the caller's account: make preflight [DATA=<file or folder>] [MODEL=<id>] [REGION=<region>]
	@fine-tune preflight $${DATA:+--data "$$DATA"} $${MODEL:+--model "$$MODEL"} $${REGION:+--region "$$REGION"}

smoke: install ## deploys, runs, checks and destroys an environment of its own: make smoke [TARGET=aws] [REGION=<region>] [CAP=<USD>] [YES=1] [OUT=<folder>]
	@python -m cli.smoke $${TARGET:+--target "$$TARGET"} $${REGION:+--region "$$REGION"} $${CAP:+--cap "$$CAP"} $${YES:+--yes} $${OUT:+--out "$$OUT"}

journey: install ## from fine-tune init to an answer in an application, to its successor's, and back to nothing, on the embedded AWS
	@pytest -q -n 0 -s tests/local/test_journey.py

seeds: install ## the tables and pictures of AWS's posts, from runs on the embedded AWS, into build/seeds: make seeds [DATA=<file or folder>] [POST=000|002] [VOTES=<file>]
	@python -m cli.seeds $${DATA:+--data "$$DATA"} $${POST:+--post "$$POST"} $${VOTES:+--votes "$$VOTES"}

faults: install ## faults in every place of a run, none of which may leave anything behind: make faults [ONLY=<pattern>] [REFUSALS=specific|validation]
	@fine-tune faults $${ONLY:+--only "$$ONLY"} $${REFUSALS:+--refusals "$$REFUSALS"}

conformance: $(PYTHON_STAMP) ## what is assumed of Bedrock's API against the simulation, or the caller's account: make conformance [TARGET=aws] [TIER=free|cents|dollars] [REGION=<region>] [YES=1]
	@fine-tune conformance $${TARGET:+--target "$$TARGET"} $${TIER:+--tier "$$TIER"} $${REGION:+--region "$$REGION"} $${YES:+--yes}

permissions: install ## what each role may do, as runs on the embedded AWS use it, into build/permissions; takes ten minutes
	@python -m local.permissions

bench: $(PYTHON_STAMP) ## speed and memory of the data gate, the report and cold starts, into build/bench; takes minutes and 4 GB of disk
	@python -m local.bench

FUZZ_SECONDS ?= 60
fuzz: $(PYTHON_STAMP) ## bytes that nobody would write through the data gate, for FUZZ_SECONDS
	@mkdir -p build/fuzz
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --upgrade --target build/fuzz/packages -r requirements-fuzz.txt \
		|| echo "There is no wheel of atheris for this machine: Hypothesis draws the inputs."
	@PYTHONPATH=build/fuzz/packages $(BIN)/python -m local.fuzz $(FUZZ_SECONDS)

test: install ## all tests; CI runs make check and then this
	pytest -n auto --dist loadgroup

check: install ## format, lint, types, architecture, synth with cdk-nag, cfn-lint, IAM's reference: fast, before each commit
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	python -m state_machines.diagram --check docs/pipeline.md
	python -m local.bedrock.assumptions --check docs/simulated-bedrock.md
	$(MAKE) --no-print-directory synth
	python -m stacks.lint cdk.out
	python -m local.authorization cdk.out

synth: install ## the templates, into cdk.out
	cdk synth --quiet

pipeline: $(PYTHON_STAMP) ## the drawing in docs/pipeline.md anew
	@python -m state_machines.diagram --write docs/pipeline.md

schemas: $(PYTHON_STAMP) ## docs/schemas, the JSON Schemas of run.json and report.json, from the types
	@python -m cli.schemas

formats: $(PYTHON_STAMP) ## the table of formats in docs/data-gate.md anew, from the readers
	@python -m cli.format_table

assumptions: $(PYTHON_STAMP) ## the tables in docs/simulated-bedrock.md anew, from the register of assumptions
	@python -m local.bedrock.assumptions --write docs/simulated-bedrock.md

images: demo ## the picture of the report for the README, from a demo run; needs Chromium
	@"$${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 \
		--window-size=1100,1170 --screenshot=docs/images/report.png build/demo/report.html

format: install ## rewrite the code in the project's format
	ruff format .
	ruff check --fix .

deploy: install ## onto the caller's AWS account: make deploy [MODEL=<id>] [REGION=<region>] [DEPLOYMENT=<name>]
	@python -m cli.deploy $${MODEL:+--model "$$MODEL"} $${REGION:+--region "$$REGION"} $${DEPLOYMENT:+--deployment "$$DEPLOYMENT"}

destroy: install ## off the caller's AWS account again; tells what stays; takes what make deploy takes
	@python -m cli.destroy $${MODEL:+--model "$$MODEL"} $${REGION:+--region "$$REGION"} $${DEPLOYMENT:+--deployment "$$DEPLOYMENT"}

lock: ## the lock files, from requirements*.in and package.json
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements.txt requirements.in requirements-lambda.in requirements-dev.in
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -c requirements.txt -o requirements-lambda.txt requirements-lambda.in
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements-fuzz.txt requirements-fuzz.in
	npm install --package-lock-only --silent --no-audit --no-fund

clean: ## what was built, not what was installed: build/ and cdk.out/ with all that is in them
	rm -rf build cdk.out
