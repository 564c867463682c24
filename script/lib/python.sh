# Sourced, not run. The control plane is tested with the AWS CLI and boto3 as they are published,
# in a virtual environment of the build's own.

PYTHON_ENVIRONMENT=${CARGO_TARGET_DIR:-target}/python
PYTHON_PACKAGES=(awscli==1.46.3 boto3==1.44.5)

# Makes target/python with the packages in it, where it is not there yet.
ensure_python() {
  local stamp=$PYTHON_ENVIRONMENT/.packages
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "${PYTHON_PACKAGES[*]}" ]; then
    return
  fi
  if ! command -v python3 >/dev/null; then
    echo "Install Python 3.9 or newer: the control plane's tests run the AWS CLI and boto3." >&2
    return 1
  fi
  if ! python3 -m venv "$PYTHON_ENVIRONMENT"; then
    echo "Install Python's venv module (Debian: apt-get install python3-venv)." >&2
    return 1
  fi
  echo "Installing ${PYTHON_PACKAGES[*]} in $PYTHON_ENVIRONMENT." >&2
  "$PYTHON_ENVIRONMENT/bin/pip" install --quiet --disable-pip-version-check "${PYTHON_PACKAGES[@]}"
  echo "${PYTHON_PACKAGES[*]}" >"$stamp"
}
