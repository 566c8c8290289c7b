# Another Python for .venv: make lab PYTHON=python3.12
PYTHON ?= $(if $(filter Windows_NT,$(OS)),python,python3)
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PYTEST := $(BIN)/python -m pytest -n auto --dist loadgroup --no-loadscope-reorder
# What another project left in the environment must not stand in for a package of .venv.
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help lab quick test verify lint benchmark results timings solutions site demo constraints clean setup

help:  ## Show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1: \2/p' Makefile

lab: setup  ## Open the first lesson in JupyterLab
	$(BIN)/python tools/lab.py

quick: lint  ## Check the style, run the tests that need no browser and train nothing for long, in a minute
	$(PYTEST) -m "not slow and not browser and not weekly"

test: lint  ## Check the style, run the tests and every lesson, in ten minutes
	$(PYTEST) -m "not weekly"

verify: EXTRA = demo
verify: lint  ## Run everything: also whole runs, more seeds, every lesson in the browser, long drags
	$(PYTEST)
	$(BIN)/python -m pytest -n auto --nbmake --nbmake-timeout=900 notebooks

lint: setup  ## Check the style of code and lessons
	$(BIN)/ruff check
	$(BIN)/ruff format --check

benchmark: EXTRA = benchmark hub
benchmark: setup  ## Measure everything the README quotes, in about three hours
	$(BIN)/python benchmarks/time_to_solve.py --seeds 100 --steps 40000 --json benchmarks/results/time_to_solve.json
	$(BIN)/python benchmarks/agents.py --json benchmarks/results/agents.json
	$(BIN)/python benchmarks/recipes.py --json benchmarks/results/recipes.json
	$(BIN)/python benchmarks/compare_sb3.py --json benchmarks/results/compare_sb3.json
	$(BIN)/python benchmarks/footprint.py --json benchmarks/results/footprint.json
	$(BIN)/python benchmarks/lessons.py --json benchmarks/results/lessons.json
	$(BIN)/python benchmarks/widgets.py --json benchmarks/results/widgets.json
	$(BIN)/python benchmarks/experiments.py --json benchmarks/results/experiments.json
	$(BIN)/python benchmarks/hub.py --json benchmarks/results/hub.json

results: setup  ## Run the experiments that the lessons show again, in less than an hour
	$(BIN)/python -m dqn_lib.experiments

timings: setup  ## Measure every lesson's cells, and put them into the teaching guide, in six minutes
	$(BIN)/python benchmarks/lessons.py --json benchmarks/results/lessons.json
	$(BIN)/python tools/teaching.py

solutions: setup  ## Write the lessons with their solutions into solutions/, for instructors
	$(BIN)/python tools/solutions.py

site: EXTRA = site
site: setup  ## Run the lessons and make web pages of them in site/, which need no network, in four minutes
	$(BIN)/python tools/website.py

demo: EXTRA = demo
demo: setup  ## Show the demo for a class in the browser: one page, a scene at a time
	$(BIN)/python tools/demo.py

# uv resolves for all platforms and Pythons at once; a constraint needs none of the markers it writes.
constraints:  ## Pin what pyproject.toml asks for; UPGRADE=--upgrade takes the newest versions
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-annotate $(UPGRADE) \
		--custom-compile-command "make constraints" --all-extras pyproject.toml -o constraints.txt
	sed -E -i.bak 's/ ;.*//' constraints.txt && rm constraints.txt.bak

clean:  ## Remove .venv and the caches
	rm -rf .venv .hypothesis .pytest_cache .ruff_cache

setup:
	@$(PYTHON) tools/bootstrap.py $(EXTRA)
