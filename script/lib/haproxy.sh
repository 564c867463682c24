# Sourced, not run. A test restarts servers behind a real balancer.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

# Installs HAProxy where it is not there.
ensure_haproxy() {
  # Debian has it where only root looks.
  if PATH="$PATH:/usr/sbin" command -v haproxy >/dev/null; then
    return
  fi
  if command -v apt-get >/dev/null; then
    apt_install haproxy
  elif command -v brew >/dev/null; then
    brew install haproxy
  else
    echo "Install HAProxy with this system's package manager." >&2
    return 1
  fi
}
