# make install | demo | check | test | test-exhaustive | test-oldest | docs | lint | format | study-mm3d | study-sm-ffdm | study-glam | study-msvcl | study-disasymnet
# make check                   lint, types, layers and the quick tests, for daily work
# make test-exhaustive         after make test: whole plans and studies in miniature, all pages, all damaged files, benchmarks
# make test-oldest             the suite with the oldest versions that pyproject.toml promises, in an environment of its own
# make test-oldest OLDEST_TESTS='tests/models tests/io'
# make test PYTHON=python3.12   with another interpreter
# make docs                    the site in build/docs
# make demo SEED=1              with other phantoms and starting weights
# make study-mm3d               every row of M&M-3D on phantoms, hours; PRESET=large on a GPU
# make study-sm-ffdm            Table 2 of SM/FFDM fusion on phantoms, with shares of the pairs
# make study-glam               Tables 1, 2 and ablations of GLAM on phantoms, about three hours on two cores
# make study-msvcl              Tables II to V of MSVCL v2 on phantoms of six vendors, hours
# make study-disasymnet         Tables 1 and 2 of DisAsymNet on symmetric phantoms, and its normal images against the truth

PYTHON ?= python3
VENV ?= .venv
TEST_WORKERS ?= 2
SEED ?= 0
PRESET ?= small

OLDEST_VENV ?= .venv-oldest
OLDEST_TESTS ?= tests
# The promised interpreter where it is at hand, else the one above.
OLDEST_PYTHON ?= $(shell for python in python3.10 "$$(pyenv prefix 3.10 2> /dev/null)/bin/python" $(PYTHON); do \
	$$python -c '' 2> /dev/null && echo $$python && break; done)

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OLDEST_INSTALLED := $(OLDEST_VENV)/.installed

.PHONY: install check test test-exhaustive test-oldest docs lint format demo study-mm3d study-sm-ffdm study-glam study-msvcl study-disasymnet clean

install: $(INSTALLED)

# Both OpenCV packages are pulled in and share one folder; whichever came last decides whether libGL is needed.
$(INSTALLED): pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo '$(PYTHON) is older than Python 3.10; run: make PYTHON=python3.12 install'; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --editable '.[test,dicom-out]'
	$(BIN)/python -c 'import cv2' 2> /dev/null \
		|| $(BIN)/python -m pip install --force-reinstall --no-deps 'opencv-python-headless<4.13'
	touch $@

test: lint
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile -m 'not exhaustive'

test-exhaustive: install
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile -m exhaustive

check: lint
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile -m 'not slow and not exhaustive'

test-oldest: $(OLDEST_INSTALLED)
	$(OLDEST_VENV)/bin/python --version
	$(OLDEST_VENV)/bin/python -m pytest -n $(TEST_WORKERS) --dist loadfile $(OLDEST_TESTS)

$(OLDEST_INSTALLED): pyproject.toml setup.py tests/oldest-constraints.txt
	test -x $(OLDEST_VENV)/bin/python || $(OLDEST_PYTHON) -m venv $(OLDEST_VENV)
	$(OLDEST_VENV)/bin/python -m pip install --editable '.[test,dicom-out]' --constraint tests/oldest-constraints.txt
	$(OLDEST_VENV)/bin/python -c 'import cv2' 2> /dev/null \
		|| $(OLDEST_VENV)/bin/python -m pip install --force-reinstall --no-deps 'opencv-python-headless<4.12'
	touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install
	$(BIN)/python -m sphinx -W --keep-going -q -c docs -d build/doctrees . build/docs
	@echo build/docs/index.html

demo: install
	$(BIN)/python tools/demo.py --seed $(SEED)

study-mm3d: install
	$(BIN)/python tools/study.py mm3d --preset $(PRESET) --out study/mm3d-$(PRESET)

study-sm-ffdm: install
	$(BIN)/python tools/study.py sm_ffdm_fusion --preset $(PRESET) --out study/sm-ffdm-$(PRESET)

study-glam: install
	$(BIN)/python tools/study.py glam --preset $(PRESET) --out study/glam-$(PRESET)

study-msvcl: install
	$(BIN)/python tools/study.py msvcl --preset $(PRESET) --out study/msvcl-$(PRESET)

study-disasymnet: install
	$(BIN)/python tools/study.py disasymnet --preset $(PRESET) --out study/disasymnet-$(PRESET)

clean:
	rm -rf $(VENV) $(OLDEST_VENV) build dist demo study work_dirs *.egg-info
