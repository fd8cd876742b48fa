# Two commands do everything, set-up included: `make run [IMAGE=photo.jpg]` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
export IMAGE

.PHONY: run test format bench screenshots gpu-check clean
.DEFAULT_GOAL := run

run:
	@$(PYTHON) scripts/set_up.py run
	@$(BIN)/python main.py $${IMAGE:+"$$IMAGE"}

test:
	@$(PYTHON) scripts/set_up.py test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

format:
	@$(PYTHON) scripts/set_up.py test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench:
	@$(PYTHON) scripts/set_up.py run
	@$(BIN)/python main.py bench

screenshots:
	@$(PYTHON) scripts/set_up.py test
	@$(BIN)/python -m tests.end_to_end.screenshots

# On a machine with a GPU: `make gpu-check [PYTHON=...] [OUT=folder] [MINUTES=24]`, with a Python that has torch for CUDA.
gpu-check:
	@$(PYTHON) scripts/gpu_check.py $(OUT) $(if $(MINUTES),--minutes $(MINUTES))

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
