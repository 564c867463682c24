# Sourced, not run. Some tests give a process a clock that is an hour off, on Linux.

# Installs libfaketime where it is not there; other systems do without these tests.
ensure_faketime() {
  if [ "$(uname)" != Linux ] || compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null; then
    return
  fi
  if ! command -v apt-get >/dev/null; then
    echo "Install libfaketime with this system's package manager." >&2
    return 1
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends libfaketime
}
