# Sourced, not run. Some tests give a process a clock that is an hour off, on Linux.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

# Installs libfaketime where it is not there; other systems do without these tests.
ensure_faketime() {
  if [ "$(uname)" != Linux ] || compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null; then
    return
  fi
  if ! command -v apt-get >/dev/null; then
    echo "Install libfaketime with this system's package manager." >&2
    return 1
  fi
  apt_install libfaketime
}
