# Sourced, not run. cargo-fuzz builds the fuzz targets and starts them.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

CARGO_FUZZ_VERSION=0.13.2
CARGO_FUZZ_DIRECTORY=${CARGO_TARGET_DIR:-target}/cargo-fuzz

# Sets CARGO_FUZZ, and installs it under target/ where no cargo-fuzz is there yet.
ensure_cargo_fuzz() {
  # libFuzzer is C++.
  if ! command -v c++ >/dev/null; then
    if ! command -v apt-get >/dev/null; then
      echo "A C++ compiler is needed to build the fuzzer: \`xcode-select --install\`." >&2
      return 1
    fi
    apt_install g++
  fi
  CARGO_FUZZ=$(command -v cargo-fuzz || echo "$CARGO_FUZZ_DIRECTORY/bin/cargo-fuzz")
  if [ ! -x "$CARGO_FUZZ" ]; then
    echo "Installing cargo-fuzz $CARGO_FUZZ_VERSION in $CARGO_FUZZ_DIRECTORY." >&2
    cargo install --quiet --locked --root "$CARGO_FUZZ_DIRECTORY" "cargo-fuzz@$CARGO_FUZZ_VERSION"
  fi
}
