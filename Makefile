# make install | demo | test | lint | format | study-mm3d
# make test PYTHON=python3.12   with another interpreter
# make demo SEED=1              with other phantoms and starting weights
# make study-mm3d               every row of M&M-3D on phantoms, hours; PRESET=large on a GPU

PYTHON ?= python3
VENV ?= .venv
TEST_WORKERS ?= 2
SEED ?= 0
PRESET ?= small

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: install test lint format demo study-mm3d clean

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
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: install
	$(BIN)/python tools/demo.py --seed $(SEED)

study-mm3d: install
	$(BIN)/python tools/study.py mm3d --preset $(PRESET) --out study/mm3d-$(PRESET)

clean:
	rm -rf $(VENV) build dist demo study work_dirs *.egg-info
