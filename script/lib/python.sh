# Sourced, not run. The control plane is tested with the AWS CLI and boto3 as they are published, the
# live channel with the Autobahn cases of kosoku, the game API against its document with schemathesis,
# in a virtual environment of the build's own.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

PYTHON_ENVIRONMENT=${CARGO_TARGET_DIR:-target}/python
PYTHON_PACKAGES=(awscli==1.46.3 boto3==1.44.5 kosoku==0.1 schemathesis==4.32.5)

# Makes target/python with the packages in it, where it is not there yet.
ensure_python() {
  ensure_environment "$PYTHON_ENVIRONMENT" "${PYTHON_PACKAGES[@]}"
}

# Makes the virtual environment $1 with the packages that follow, where it is not there yet.
ensure_environment() {
  local environment=$1 stamp=$1/.packages
  shift
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$*" ]; then
    return
  fi
  if command -v python3 >/dev/null && ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python 3.11 or newer is needed, and this is $(python3 --version): what is run here needs it." >&2
    return 1
  fi
  if ! python3 -m venv "$environment" 2>/dev/null; then
    if ! command -v apt-get >/dev/null; then
      echo "Install Python 3.11 or newer with its venv module: what is run here needs it." >&2
      return 1
    fi
    apt_install python3 python3-venv
    python3 -m venv "$environment"
  fi
  echo "Installing $* in $environment." >&2
  "$environment/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "$*" >"$stamp"
}
