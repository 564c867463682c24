# Sourced, not run. Turnkey brings no Postgres: it starts the one that is installed.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

# Installs Postgres's server programs where there are none; says what it does.
ensure_postgres() {
  if postgres_is_installed; then
    return
  fi
  echo "No Postgres found: installing it." >&2
  if command -v apt-get >/dev/null; then
    install_postgres_with_apt
  elif command -v brew >/dev/null; then
    brew install postgresql@17
  else
    echo "Install PostgreSQL 14 or newer (server programs) with this system's package manager." >&2
    return 1
  fi
}

# Looks where the server itself does: src/startup/embedded/binaries.rs.
postgres_is_installed() {
  local directory
  for directory in \
    /usr/lib/postgresql/*/bin /usr/lib64/postgresql/*/bin /usr/pgsql-*/bin \
    /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
    /Applications/Postgres.app/Contents/Versions/*/bin; do
    if [ -x "$directory/postgres" ] && [ -x "$directory/initdb" ]; then
      return 0
    fi
  done
  command -v postgres >/dev/null && command -v initdb >/dev/null
}

# Without a cluster of the system's own: nothing is created, started or left listening.
install_postgres_with_apt() {
  local settings=/etc/postgresql-common/createcluster.d
  as_root mkdir -p "$settings"
  echo "create_main_cluster = false" | as_root tee "$settings/no-main-cluster.conf" >/dev/null
  apt_install postgresql
}
