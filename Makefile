# Two commands do everything on a machine with Python 3.11+, git and make:
#   make demo   bakes the regime onto the example and shows its verdicts, red and then green
#   make test   linter, type checker, the tests of the template, and those of the fast-test kit beside its libraries
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Plugins beside which the regime is tested, each in a folder of its own: installed, they would load in every session.
BESIDE := $(VENV)/beside
# The libraries that the fast-test kit makes fast, in an environment of their own: some bring plugins for pytest.
KIT := .venv-kit
KIT_STAMP := $(KIT)/.installed
AUDIT := .venv-audit
AUDIT_STAMP := $(AUDIT)/.installed
MUTANTS := .venv-mutants
MUTANTS_STAMP := $(MUTANTS)/.installed

.PHONY: demo pictures test lint types unit kit adapters lowest matrix bench detection faults fuzz mutants audit real release lock clean

demo: $(STAMP)
	$(BIN)/python examples/demo.py

# The pictures of README.md, from real sessions of the example. Needs Chromium (Debian: apt-get install chromium).
pictures: $(STAMP)
	$(BIN)/python examples/pictures.py

test: lint types unit kit

lint: $(STAMP)
	$(BIN)/ruff check --config pyproject.toml .
	$(BIN)/ruff format --check --config pyproject.toml .

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/python -m pytest -n auto

kit: $(KIT_STAMP)
	$(KIT)/bin/python -m pytest -n auto -p no:randomly tests/kit

# The kit beside the newest and the lowest version of each library for which it has an adapter; writes docs/adapters.md.
# Needs the package index; takes some minutes.
adapters: $(STAMP) $(KIT_STAMP)
	$(BIN)/python real/adapters.py

# The template's tests that run pytest in projects, on the lowest versions that it supports.
lowest: requirements/lowest.txt requirements/dev.txt
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/lowest.txt hypothesis
	.venv-lowest/bin/python -m pytest -n auto tests/test_layouts.py tests/test_judged_session.py tests/test_child_run.py \
	  tests/test_ratchet.py tests/test_changed_lines.py tests/test_plan.py

# The same tests on every Python that is here, with the lowest and with the newest packages; writes docs/matrix.md.
matrix: $(STAMP)
	$(BIN)/python real/matrix.py

# What the regime costs, beside its peers and at scale: docs/benchmarks.md. An hour or more, on a machine that does nothing else;
# it goes on where it stopped. Needs the package index and github.com, once; a template that cannot be cloned there can be given:
# make bench BENCH='--peer-template cookiecutter-django=PATH'. It fails where anything was not measured, and the page says so.
bench: $(STAMP)
	$(BIN)/python benchmarks/run.py --resume $(BENCH); status=$$?; $(BIN)/python benchmarks/run.py --write-docs && exit $$status

# Hundreds of sessions beside busy processes: is anybody accused wrongly, is anything missed? Some hours, on an idle machine.
detection: $(STAMP)
	$(BIN)/python benchmarks/detection/run.py --resume
	$(BIN)/python benchmarks/detection/run.py --write-docs

# One fault at a time put into real sessions: is a verdict wrong, does the exit status lie, is anything lost or left? An
# hour or more; Linux, best as root in a container (what cannot be mounted is not tried). It goes on where it stopped.
faults: $(STAMP)
	$(BIN)/python real/faults/run.py --resume --each 2 --jobs 2; status=$$?; $(BIN)/python real/faults/run.py --write-docs && exit $$status

# The tests that draw their inputs, with many more of them.
fuzz: $(STAMP)
	FUZZ_EXAMPLES=3000 $(BIN)/python -m pytest -n auto tests/test_fuzz.py tests/test_policy.py tests/test_baseline.py \
	  tests/test_timings.py tests/test_known_slow.py tests/test_known_slow_list.py tests/test_verdicts.py

# What decides, changed in one place at a time: do the tests notice? An hour or more on one core; it goes on where it
# stopped. Of one module: make mutants MODULES=extras/floors.py
mutants: $(STAMP) $(MUTANTS_STAMP)
	$(MUTANTS)/bin/python real/mutants/run.py $(MODULES)

# Known vulnerabilities of the pinned versions, and what zizmor minds in the CI file of a new project. Needs the package
# index and the vulnerability service; it fails where they cannot be asked.
audit: $(STAMP) $(AUDIT_STAMP)
	$(AUDIT)/bin/python real/audit.py

# The regime in the source distributions of known projects. Needs the package index; takes some minutes. Then whether it
# counts there as `coverage json` does, line by line: on this Python, and on 3.13 where that is on PATH or in pyenv. Then the
# fast-test kit: what it saves, and what it does to the suites of the libraries that it deals with. Then adopt.py; then
# projects made from every earlier state of the template, updated to HEAD.
real: $(STAMP)
	$(BIN)/python real/run.py
	$(BIN)/python real/counts.py
	$(BIN)/python real/stories.py
	$(BIN)/python real/upstream.py
	$(BIN)/python real/adopting.py --suite
	$(BIN)/python real/updating.py

$(STAMP): requirements/dev.txt requirements/beside.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "meta-tests needs Python 3.11 or later, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	rm -rf $(BESIDE)
	grep -v '^#' requirements/beside.txt | while read -r pin; do \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target "$(BESIDE)/$${pin%%==*}" "$$pin" || exit 1; \
	done
	touch $(STAMP)

$(KIT_STAMP): requirements/kit.txt
	$(PYTHON) -m venv $(KIT)
	$(KIT)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/kit.txt
	touch $(KIT_STAMP)

$(AUDIT_STAMP): requirements/audit.txt
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/audit.txt
	touch $(AUDIT_STAMP)

$(MUTANTS_STAMP): requirements/mutants.txt requirements/dev.txt
	$(PYTHON) -m venv $(MUTANTS)
	$(MUTANTS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt -r requirements/mutants.txt
	touch $(MUTANTS_STAMP)

# Changelog, version, commit and tag, all or nothing; nothing is pushed: make release VERSION=0.2.0, with CHECK=1 only shown.
release:
	@$(PYTHON) releasing/release.py $(if $(CHECK),--check) "$(VERSION)"

# Renews the pins. uv resolves for every platform and Python from 3.11 on, which pip alone cannot.
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	for pins in dev kit; do \
	  $(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --quiet --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command 'make lock' -o requirements/$$pins.txt requirements/$$pins.in || exit 1; \
	done

clean:
	rm -rf $(VENV) $(KIT) $(AUDIT) $(MUTANTS) .venv-lowest .mypy_cache .pytest_cache .ruff_cache
