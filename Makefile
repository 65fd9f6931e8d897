# Two commands for newcomers: `make demo` and `make test`. Both set up what they need in .venv and are quick the next time.

PYTHON ?= python3
# Options of pytest for `make test`, and of `reconcile demo` for `make demo`:  make demo DEMO_ARGS=--keep
PYTEST_ARGS ?=
DEMO_ARGS ?=
# Of bench/fetch.py for `make bench-fetch`:  make bench-fetch BENCH_ARGS="--scale 0.1 --rounds 1"
BENCH_ARGS ?=

# For `make fuzz`: seconds for each target, and which of tests/fuzz/targets.py (none for all).
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=

# Where `make sbom` writes.
SBOM ?= sbom.cdx.json

VENV := .venv
UV := $(VENV)/bin/uv
SYNC := $(UV) sync --frozen --inexact --quiet --extra embedded --extra s3 --python $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup demo test develop action docs reference pictures sbom audit triton bench-fetch bench-plan bench-triton \
  bench-load soak histories whole fuzz

help:
	@echo "make demo    set up, then show the whole thing on a real Triton (two minutes, no GPU)"
	@echo "make test    set up, then run the tests (some minutes)"
	@echo "make histories    a hundred random repositories, changed 20 times each, on the real Triton (an hour or two)"
	@echo "make fuzz    coverage-guided fuzzing of all that is read, a minute each (FUZZ_SECONDS=60); docs/guarantees.md"
	@echo "make bench-fetch  compare fetching with other tools (20 minutes, 9 GB of disk); docs/benchmarks.md"
	@echo "make bench-plan   what a plan costs when nothing has changed, up to 10,000 models (an hour)"
	@echo "make bench-triton compare 2,000 ensembles on a real Triton with loading them one by one (ten minutes); docs/benchmarks.md"
	@echo "make bench-load   inference all the while 200 changes are carried out, every third broken (ten minutes)"
	@echo "make soak         thirty minutes of the loop among changes and faults: what grows? docs/guarantees.md"
	@echo "make whole        ten thousand random steps: git, volume and server are broken, runs killed (an hour)"
	@echo "make sbom    what it is made of, as CycloneDX; make audit: what is known against it (docs/security.md)"
	@echo "make docs    build the site of docs/ into site/; make reference, make pictures: what of it is made from the program"
	@echo "make setup   only set up: .venv/bin/reconcile; make develop: with all extras and the tools, such as .venv/bin/pytest"

# uv comes by pip, because a fresh machine has pip (in python3-venv) and nothing else.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one like this: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5'

setup: $(UV)
	@$(SYNC) --no-dev

develop: $(UV)
	@$(SYNC) --extra all --group dev

# What the GitHub action installs: the locked versions, with hashes. After each change of uv.lock.
action: $(UV)
	@$(UV) export --frozen --quiet --no-dev --no-emit-project --no-annotate --no-header \
	  --output-file .github/actions/reconcile/requirements.txt

# What is locked, with all extras, as a CycloneDX bill of materials.
sbom: $(UV)
	@$(UV) export --frozen --quiet --format cyclonedx1.5 --all-extras --no-dev --output-file $(SBOM)

# What is known against it. Needs PyPI's JSON API, and fails where that cannot be asked.
audit: $(UV)
	@$(UV) export --frozen --quiet --all-extras --no-dev --no-emit-project --output-file .venv/locked.txt
	@$(UV) tool run --from 'pip-audit>=2.9' pip-audit --strict --disable-pip --require-hashes --requirement .venv/locked.txt

# Where `make docs` builds the site.
SITE ?= site

# Strictly: a link that leads nowhere fails it. Nothing in it is loaded from elsewhere.
docs: $(UV)
	@$(SYNC) --group docs
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet --site-dir $(abspath $(SITE))
	@! grep -rlE '<(script|link|img|iframe)[^>]+(src|href)="?(https?:)?//' --include='*.html' $(SITE) \
	  || { echo "these pages load something from elsewhere"; exit 1; }

# docs/reference/ and the list of decisions, from the code; a test says when it is due.
reference: develop
	@$(VENV)/bin/python -m pages.reference

# docs/pictures/: real output of the demo's models on the local Triton, and the page in headless Chromium.
pictures: develop triton
	@$(VENV)/bin/python -m pages.pictures

# The local Triton's own environment, 250 MB to download once; kept in the user's cache, not in the checkout.
triton: setup
	@$(VENV)/bin/reconcile demo --prepare

demo: setup
	@$(VENV)/bin/reconcile demo $(DEMO_ARGS)

test: develop triton
	@$(VENV)/bin/python -m pytest -n 3 -m "not slow" $(PYTEST_ARGS)

histories: develop
	@HISTORIES=100 $(VENV)/bin/python -m pytest -q -m slow tests/e2e/test_random_histories.py

# Every part of the system harmed at random; another seed makes other steps:  make whole STEPS=2000 WHOLE_SEED=7
STEPS ?= 10000
whole: develop triton
	@STEPS=$(STEPS) $(VENV)/bin/python -m pytest -q -m slow tests/crash/test_whole_system.py

soak: develop triton
	@$(VENV)/bin/python -m bench.soak --write docs/guarantees.md $(BENCH_ARGS)

bench-load: develop triton
	@$(VENV)/bin/python -m bench.load --write docs/guarantees.md $(BENCH_ARGS)

fuzz: develop
	@$(SYNC) --group fuzz
	@$(VENV)/bin/python -m tests.fuzz.campaign --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

bench-plan: develop
	@$(VENV)/bin/python -m bench.plan --write docs/benchmarks.md $(BENCH_ARGS)

bench-triton: develop triton
	@$(VENV)/bin/python -m bench.triton_scale --write docs/benchmarks.md $(BENCH_ARGS)

bench-fetch: develop
	@$(VENV)/bin/python -m bench.fetch --write docs/benchmarks.md $(BENCH_ARGS)
