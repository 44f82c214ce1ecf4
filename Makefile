# Everything a newcomer needs: `make run`, `make test`, `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# modules are compiled once, not by each of the many processes that tests start
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
PORT ?= 8000
SAMPLE ?= 1
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
TOOLS := $(VENV)/.tools

export REFLEX_CHECK_LATEST_VERSION := false
export REFLEX_TELEMETRY_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run dev test test-fast test-integration check fmt bench tools prove-security prove-files prove-access prove-guards prove-properties prove-learning schemathesis coverage mutants lock sbom audit-libraries clean-data

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] < (3, 14); sys.exit(0 if ok else "Python 3.11, 3.12 or 3.13 is needed; this is " + sys.version.split()[0] + ". Point to one with: make PYTHON=/path/to/python3.11 …")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(RUNTIME): requirements.lock | $(BIN)/python
	@echo "Installing (about a minute the first time) …"
	@$(BIN)/python scripts/install.py requirements.lock
	@# on every core. The sandbox's processes may not write beside what they import
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib || true
	@$(BIN)/python scripts/link.py
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing the test tools …"
	@$(BIN)/python scripts/install.py requirements-dev.lock
	@touch $@

$(TOOLS): requirements-tools.lock $(DEV)
	@echo "Installing the tools of proofs …"
	@$(BIN)/python scripts/install.py requirements-tools.lock
	@touch $@

tools: $(TOOLS) ## install what only some proofs need

run: $(RUNTIME) ## start everything on http://127.0.0.1:8000 (PORT=…, SAMPLE=0 for an empty shop)
	@exec env LIQUOR_PORT=$(PORT) LIQUOR_SAMPLE=$(SAMPLE) $(BIN)/python -m liquor_app.cli up

dev: $(DEV) ## the same with hot reload of the screens
	@exec env LIQUOR_PORT=$(PORT) LIQUOR_SAMPLE=$(SAMPLE) $(BIN)/python -m liquor_app.cli up --dev

# files with tests that are marked so; reading all the others to leave them out takes ten seconds a stage
marked = $(sort $(shell grep -rlE 'mark\.$(1)\b' tests --include='test_*.py'))

test: $(DEV) ## everything: lint, types, contracts, unit, integration, browser
	@$(BIN)/python scripts/browser.py
	@# types take one core, and the screens that later tests show another
	@$(MAKE) --no-print-directory -j 2 check screens
	@# three on two cores: each waits for its own engine at times
	@$(BIN)/python -m pytest -n 3 --dist loadgroup -m "not e2e and not reliability and not timescale and not proof" --ignore=tests/guards tests
	@# by itself: the WebAssembly server drops connections on a machine that is busy with something else
	@$(BIN)/python -m pytest -q -m timescale tests/timescale
	@# two products and two browsers side by side: a week that is planned and sent, and every page; beside them what is
	@# started and stopped, and mostly waits
	@$(BIN)/python -m pytest -n 3 --dist loadgroup -m "e2e or beside" $(sort $(call marked,e2e) $(call marked,beside))
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "reliability and not alone and not beside" $(call marked,reliability)
	@# killed processes have the machine to themselves
	@$(BIN)/python -m pytest -m "reliability and alone and not proof" $(call marked,alone)

test-fast: $(DEV) ## the inner loop: no browser, no killed processes
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -x -m "not e2e and not reliability and not timescale and not proof" tests

ABOVE := security api ui forms lists demo scoring details planning experiments campaigns commands templates providers webhooks \
  privacy analytics
# what files say, in whose words, and their pages: no engine has a part in it; what stores them (import, undo, merging) runs
READING := adding_up archives back_in_part calls cells coded_noes countries_of_phones differing_totals dirty_files file_totals footers future_consents \
  hostile_cells import_cases kinds_are_signs left_out_asked letters more_noes more_tills net_money no_goods orders_add_up \
  orders_as_customers other_tills other_ways part_refunds people_columns product_files profiles quiet_losses recognised_by_values refund_of refunds_twice \
  refusals registers reversed_orders row_reader said_of_all sale_statuses sales several_noes second_numbers shared_phones sheets store_numbers \
  spanish_files till_words told_apart told_by_column tool_words tools_table totals_below trial unheard_columns unnamed_returns void_rows woo_advanced words_of_rows words_told
ELSEWHERE := core/test_key_rotation
PAGES = $(wildcard tests/*/test_*_pages.py)
test-integration: $(DEV) ## only what touches the database and the queue (TEST_DATABASE_URL, TEST_REDIS_URL)
	@# What is left out stands above the services that are tried here (attacks, routes, screens, lists, the sample,
	@# plans and their lives, commands, letters, what providers and other programs are told, what is counted, erased and copied) or computes
	@# (models, learning); their constant statements, too, are prepared on these engines.
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup -m "integration and not timescale and not reliability and not proof" $(addprefix --ignore=tests/,$(ABOVE)) \
	  $(foreach kind,$(READING),--ignore=tests/imports/test_$(kind).py) $(addprefix --ignore=,$(PAGES)) \
	  $(foreach one,$(ELSEWHERE),--ignore=tests/$(one).py) tests

check: style types contracts guards ## ruff, types, import contracts, the guards of the house

.PHONY: style types contracts guards screens
style: $(DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV)
	@$(BIN)/mypy

contracts: $(DEV)
	@$(BIN)/lint-imports --no-cache

guards: $(DEV)
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/guards

screens: $(DEV) # as the tests want them: with the pages of the design system
	@LIQUOR_GALLERY=1 $(BIN)/python -m liquor_app.cli build

prove-guards: $(DEV) ## each rule of the house broken on purpose: its guard must fail (about ten minutes)
	@$(BIN)/python scripts/prove_guards.py

prove-properties: $(DEV) ## what must hold for any input, five times with examples nobody has tried (two minutes)
	@for round in 1 2 3 4 5; do \
		$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "hypothesis and not e2e" --hypothesis-profile search \
			$$(grep -rlE "^ *@(given|hypothesis)" tests --include='test_*.py') || exit 1; \
	done

schemathesis: $(DEV) ## every operation called as the OpenAPI document has it, and as it has not (half an hour)
	@$(BIN)/python -m pytest -q -m proof tests/api/test_openapi_run.py

prove-learning: $(DEV) ## the models on weeks of the sample they have not seen, old beside new on nine shops, and half years of worlds whose truth is known (an hour)
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m proof tests/scoring tests/worlds tests/experiments tests/planning
	@# what it says is kept in docs/learning and shown by docs/learning.md
	@$(BIN)/python -m tests.worlds --afresh
	@for life in 0 1 2 3; do $(BIN)/python -m benchmarks learning --set life=$$life; done > docs/learning/sample_weeks.ndjson
	@$(BIN)/python -m tests.worlds --report > /dev/null
	@$(BIN)/python -m benchmarks backtests

fmt: $(DEV) ## format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(DEV) ## benchmarks, JSON lines: all, or by name (make bench hostile)
	@$(BIN)/python -m benchmarks $(BENCHED)

# what stands behind `bench` names benchmarks and is no target
BENCHED := $(if $(filter bench,$(MAKECMDGOALS)),$(filter-out bench,$(MAKECMDGOALS)))
ifneq ($(BENCHED),)
.PHONY: $(BENCHED)
$(BENCHED): ; @:
endif

prove-security: $(DEV) ## the attacker's programs, the siege of a running shop, and what signing in costs meanwhile
	@$(BIN)/python scripts/browser.py
	@LIQUOR_EACH=4 $(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not e2e and not reliability" tests/security
	@$(BIN)/python -m pytest -q -m "e2e or reliability" tests/security
	@$(BIN)/python -m benchmarks hostile

prove-files: $(TOOLS) ## the file store against a server that speaks S3
	@$(BIN)/python -m pytest -q tests/core/test_file_store.py tests/core/prove_s3.py

prove-access: $(TOOLS) ## every page held to axe-core: wide and as a phone, light and dark (five minutes)
	@$(BIN)/python scripts/browser.py
	@$(BIN)/python -m pytest -q tests/e2e/prove_access.py

coverage: $(DEV) ## lines and branches reached by the tests, a slice (half an hour; then also `make mutants`)
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m coverage run -m pytest -q -n 2 --dist loadgroup -m "not e2e and not reliability and not timescale" --ignore=tests/guards tests
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python scripts/measure_coverage.py

mutants: $(DEV) ## would a test notice? thirty one-line faults a slice (SLICE="analytics accounts"; after `make coverage`)
	@$(BIN)/python scripts/mutate.py $(SLICE)

lock: $(DEV) ## lock the dependencies anew, with hashes and without addresses
	@for extra in "" "-dev"; do \
	  $(BIN)/uv pip compile pyproject.toml --quiet --python-version 3.11 --universal --generate-hashes \
	    --no-emit-index-url --override overrides.txt --extra sample $${extra:+--extra dev} -o requirements$$extra.lock; \
	done
	@$(BIN)/uv pip compile requirements-tools.in --quiet --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --override overrides.txt -c requirements-dev.lock -o requirements-tools.lock
	@{ head -n 1 requirements-uv.lock; sed -n '/^uv==/,/^ *# via/p' requirements-dev.lock; } > requirements-uv.lock.new && mv requirements-uv.lock.new requirements-uv.lock

sbom: $(RUNTIME) ## what the product is made of, as CycloneDX, from the lock alone (dist/sbom.cdx.json)
	@$(BIN)/python scripts/sbom.py

audit-libraries: $(TOOLS) ## has a library a known hole? Says so where the database cannot be reached
	@$(BIN)/python scripts/audit_libraries.py

clean-data: ## forget this clone's embedded databases
	@$(BIN)/python -m liquor_app.cli data clear
