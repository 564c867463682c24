# Sourced, not run. A test plays games through nginx.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

# Installs nginx if it is not there.
ensure_nginx() {
  # Debian has it where only root looks.
  if PATH="$PATH:/usr/sbin" command -v nginx >/dev/null; then
    return
  fi
  if command -v apt-get >/dev/null; then
    apt_install nginx-light
    # Debian starts it on port 80, which nobody asked for.
    if [ -d /run/systemd/system ]; then
      as_root systemctl disable --now nginx
    fi
  elif command -v brew >/dev/null; then
    brew install nginx
  else
    echo "Install nginx with this system's package manager." >&2
    return 1
  fi
}
