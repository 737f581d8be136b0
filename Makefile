# One command each: `make demo` runs the service, `make test` is all that must pass, `make check` the quick part of it.

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet
UV_VERSION := 0.13.9
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

# Many tests start processes of their own, which are slow to begin without compiled files.
unexport PYTHONDONTWRITEBYTECODE

# What an installation was made from; any difference and it is brought up to date.
WITNESS = { echo '$(CURDIR)'; cat $(1) pyproject.toml; }
INSTALLED = $(call WITNESS,$(1)) | cmp -s - $(VENV)/$(1).installed
# The lock holds files for Python 3.11 to 3.14.
SUPPORTED := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))

.PHONY: setup setup-dev demo test check soak bench lint web lock clean

setup: $(VENV)/pyvenv.cfg
	@$(call INSTALLED,requirements.lock) || { $(MAKE) --no-print-directory install WITH=requirements.lock; }

setup-dev: setup
	@$(call INSTALLED,requirements-dev.lock) || { $(MAKE) --no-print-directory install WITH=requirements-dev.lock; }

# The project itself brings nothing along: all it needs is in the lock, with its hash.
.PHONY: install
install:
	@echo "安装 Installing $(WITH) …"
	@$(PIP) install --require-hashes -r $(WITH)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(call WITNESS,$(WITH)) > $(VENV)/$(WITH).installed

# Made anew when the Python it was made with is gone.
$(VENV)/pyvenv.cfg: $(shell ($(PYTHON) -c '') 2>/dev/null || echo absent)
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	    if $$python -c '$(SUPPORTED)' 2>/dev/null; then exec $$python -m venv --clear $(VENV); fi; \
	done; \
	echo "需要 Python 3.11 至 3.14 及其 venv 模块（Debian、Ubuntu：apt install python3-venv）。" >&2; \
	echo "Needs Python 3.11 to 3.14 with its venv module (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1

.PHONY: absent
absent:

# PORT=8001 where another is at 8000.
demo: setup web
	@$(VENV)/bin/qiban demo $(if $(PORT),--port $(PORT))

test: setup-dev lint
	$(PYTHON) -m pytest --quiet --numprocesses 2 --dist worksteal

check: setup-dev lint
	$(PYTHON) -m pytest --quiet --numprocesses 2 --dist worksteal -k 'not postgres'

# The kill tests for ten minutes each, with more timers and workers; QIBAN_SOAK_SECONDS and QIBAN_SOAK_SEED choose.
soak: setup-dev
	QIBAN_SOAK_SECONDS=$${QIBAN_SOAK_SECONDS:-600} QIBAN_SOAK_CASES=200 QIBAN_TEST_TIMERS=$${QIBAN_TEST_TIMERS:-2000} \
	    QIBAN_RANDOM_STEPS=$${QIBAN_RANDOM_STEPS:-1000} \
	    $(PYTHON) -m pytest --quiet -s -n 0 tests/test_machines.py tests/test_worker.py tests/test_replicas.py \
	    tests/test_pooler.py tests/test_backups.py tests/test_backups_postgres.py \
	    tests/test_random_moves.py

# ONLY=board,… ENGINES=postgres,sqlite SIZES=1k,100k,1m choose what is measured.
bench: setup-dev
	@$(PYTHON) -m bench

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

web:
	@sh web/build.sh

# Resolves anew within what is locked; UPGRADE=--upgrade takes the newest of everything.
lock: setup
	@$(PIP) install uv==$(UV_VERSION)
	$(LOCK) $(UPGRADE) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) $(UPGRADE) pyproject.toml --group build --group dev --constraint requirements.lock \
	    --output-file requirements-dev.lock
	$(LOCK) $(UPGRADE) pyproject.toml --extra metrics --extra tracing --constraint requirements-dev.lock \
	    --output-file requirements-extras.lock

# Leaves var/ alone: the data is there.
clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis web/graphiql/dist web/graphiql/node_modules
	find api domain workflows migrations tests -name __pycache__ -prune -exec rm -rf {} +
