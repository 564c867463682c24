# Sourced, not run. Says in one line what is missing to build the server; installs nothing.

# Fails unless cargo, of the version that Cargo.toml in directory $1 asks for, and a linker are there.
ensure_rust() {
  # rustup writes here; a shell opened before does not know it yet.
  if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
    PATH="$HOME/.cargo/bin:$PATH"
  fi
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$1/Cargo.toml")
  if ! command -v cargo >/dev/null; then
    echo "Rust $wanted or newer is needed: install it from https://rustup.rs, then run this again." >&2
    return 1
  fi
  found=$(cargo --version | sed 's/^cargo \([0-9]*\.[0-9]*\).*/\1/')
  if ! version_reaches "$found" "$wanted"; then
    echo "Rust $wanted or newer is needed, and this is $found: run \`rustup update stable\`." >&2
    return 1
  fi
  if ! command -v cc >/dev/null; then
    echo "A C compiler is needed to link: \`apt-get install gcc libc6-dev\` or \`xcode-select --install\`." >&2
    return 1
  fi
}

# Whether version $1 (major.minor) is at least $2.
version_reaches() {
  [ "${1%%.*}" -gt "${2%%.*}" ] ||
    { [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${1#*.}" -ge "${2#*.}" ]; }
}
