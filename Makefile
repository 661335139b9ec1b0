# Every target that needs the environment makes it first; nothing has to be activated.

PYTHON ?= python3
BIN := .venv/bin
# how to build llama.cpp: cpu, cuda, metal or vulkan; remembered once chosen
GGML ?=
# how many tests run at a time
WORKERS ?= 2
# passed on, as in  make test ARGS="tests/project -k wheel"
ARGS ?=

# Node and what it starts come from the environment too
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent

# a notice of the theme about its successor, on every build
export NO_MKDOCS_2_WARNING := 1

SETUP := $(PYTHON) -m scripts.setup $(if $(GGML),--ggml $(GGML))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup lab demo test lint format watch docs bench constraints clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

setup: ## make .venv with everything in it (GGML=cuda|metal|vulkan for a GPU build)
	@$(SETUP)

lab: setup ## open JupyterLab at the quickstart notebook
	@$(BIN)/python -m scripts.lab $(ARGS)

demo: setup ## run the quickstart notebook here and print what it prints
	@$(BIN)/python -m scripts.demo $(ARGS)

test: ## lint, documentation and every test
	@$(SETUP) --browser
	@$(MAKE) --no-print-directory checks site
	@$(NPM) test && echo "vitest: ok"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup checks ## ruff, mypy, the import rules, tsc, eslint and prettier

.PHONY: checks site
checks:
	@$(BIN)/ruff check --quiet . && echo "ruff check: ok"
	@$(BIN)/ruff format --quiet --check . && echo "ruff format: ok"
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(NPM) check && echo "tsc, eslint, prettier: ok"

site:
	@$(BIN)/mkdocs build --quiet --strict && echo "mkdocs: ok"

format: setup ## let ruff, eslint and prettier fix and format what they can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(NPM) format

watch: setup ## build the front ends anew on every change of them
	@$(NPM) dev

docs: setup ## serve the documentation, rebuilt on every change
	@$(BIN)/mkdocs serve --strict $(ARGS)

bench: setup ## the benchmark table, with JSON beside it
	@$(BIN)/python -m benchmarks $(ARGS)

constraints: setup ## write constraints.txt anew from the newest releases that fit
	@$(BIN)/python -m scripts.constraints

clean: ## remove .venv, build products and caches (the llama.cpp wheel cache stays)
	rm -rf .venv build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf node_modules labextension/lib wasinn_nb/labextension wasinn_nb/notebook/widgets/static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
