# The commands of the project. `make run` and `make test` set up everything they need, on a fresh
# machine with Python ≥ 3.11 and Rust, and may be repeated.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST_SOURCES := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock

.PHONY: run test bench ratios baseline lint setup setup-dev system system-dev loom miri tsan fuzz soak storm clean

run: setup
	@$(BIN)/voicestand run --demo

test: setup-dev lint
	cargo test --workspace --exclude voicestand-bindings --quiet
	$(MAKE) loom
	$(BIN)/pytest -n 4 --dist worksteal --ignore tests/real
	$(BIN)/pytest -n 2 --dist worksteal --ignore tests/real/test_gil.py tests/real
	$(BIN)/pytest tests/real/test_gil.py
	$(MAKE) ratios

# Every interleaving of the lock-free types, within loom's bounds.
loom:
	RUSTFLAGS="--cfg loom" cargo test --quiet --profile loom -p voicestand-core --test '*_loom' \
		--target-dir target/loom

# The ring under an interpreter that checks every access, with eight schedules of its threads.
miri:
	@cargo +nightly miri --version >/dev/null 2>&1 || \
		{ echo "Miri is missing: rustup toolchain install nightly --component miri,rust-src"; exit 2; }
	MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-many-seeds=0..8" cargo +nightly miri test \
		-p voicestand-core --test ring_miri --target-dir target/miri

# Racing threads under ThreadSanitizer, with a standard library that it sees, too. What it does not know
# are fences: the ring needs none of them to say that one thing happened before another.
tsan:
	RUSTFLAGS=-Zsanitizer=thread VOICESTAND_SOAK_SECONDS=$${VOICESTAND_SOAK_SECONDS:-20} \
		cargo +nightly test --release -Zbuild-std --target x86_64-unknown-linux-gnu \
		--target-dir target/tsan -p voicestand-core --test ring_soak --test ring_miri \
		--test pool_properties --test histogram_properties -- --nocapture --skip locked

# Inputs that libFuzzer finds by what they make the program do: FUZZ_SECONDS for each target.
FUZZ_TARGETS := sysroot ring
FUZZ_SECONDS ?= 60
FUZZ_FLAGS := -Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table

fuzz:
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo +nightly build --quiet --release --manifest-path fuzz/Cargo.toml \
		--target x86_64-unknown-linux-gnu
	for target in $(FUZZ_TARGETS); do mkdir -p fuzz/corpus/$$target && \
		fuzz/target/x86_64-unknown-linux-gnu/release/$$target -max_total_time=$(FUZZ_SECONDS) \
		-artifact_prefix=fuzz/ -print_final_stats=1 fuzz/corpus/$$target || exit 1; done

# Racing threads with checksummed frames: an hour, or VOICESTAND_SOAK_SECONDS.
soak:
	VOICESTAND_SOAK_SECONDS=$${VOICESTAND_SOAK_SECONDS:-3600} cargo test --release \
		-p voicestand-core --test ring_soak -- --nocapture

# Recognizers killed, stopped and slowed at random: ten minutes, or VOICESTAND_STORM_SECONDS.
storm: setup-dev
	VOICESTAND_STORM_SECONDS=$${VOICESTAND_STORM_SECONDS:-600} \
		$(BIN)/pytest -q tests/session/test_storm.py

bench: setup-dev
	$(BIN)/pip install --quiet --group bench
	cargo bench -p voicestand-core
	$(BIN)/pytest benches --benchmark-disable-gc -q -s

# The cheap ratios that a busy machine leaves alone (beside queues of Python's, say, it does not),
# compared with those of another machine: they may fall to two fifths, so that only what is grossly
# slower fails. For finer regressions see docs/benches.md.
CHEAP := --quick --only import --only conditioning --only vad

ratios: setup-dev
	-@$(BIN)/pip install --quiet --group bench
	$(BIN)/voicestand bench $(CHEAP) --output target/bench.html \
		--baseline benches/baseline.json --tolerance 1.5

# Anew, on a quiet machine, when a ratio has become better, or worse for a reason.
baseline: setup-dev
	$(BIN)/pip install --quiet --group bench
	$(BIN)/voicestand bench $(CHEAP) --json >target/baseline.json
	mv target/baseline.json benches/baseline.json

lint: setup-dev
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest voicestand._native

setup: system $(VENV)/installed
setup-dev: system-dev $(VENV)/installed-dev

system:
	@scripts/install-system-packages libportaudio2

system-dev:
	@scripts/install-system-packages libportaudio2 flite pulseaudio pulseaudio-utils jackd2 \
		libasound2-plugins dbus pipewire pipewire-pulse pipewire-jack wireplumber

$(VENV)/bin/maturin:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "voicestand needs Python 3.11 or later; say which: make PYTHON=python3.12"; exit 2; }
	@command -v cargo >/dev/null || \
		{ echo "voicestand needs Rust: https://rustup.rs, or your distribution's rustup"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet 'maturin>=1.9,<2'

$(VENV)/installed: $(VENV)/bin/maturin pyproject.toml $(RUST_SOURCES)
	VIRTUAL_ENV=$(VENV) PIP_QUIET=1 $(BIN)/maturin develop --release --quiet
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --group dev
	@touch $@

clean:
	rm -rf target $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -not -path './$(VENV)/*' -exec rm -rf {} +
