# Sourced, not run. The AsyncAPI document is tested with the validator that its standard publishes,
# for Node, in a directory of the build's own.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

NODE_DIRECTORY=${CARGO_TARGET_DIR:-target}/node
NODE_PACKAGES=(@asyncapi/parser@3.6.6 ajv@8.20.0 ajv-formats@2.1.1)

# Makes target/node with the packages in it, where it is not there yet.
ensure_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    if ! command -v apt-get >/dev/null; then
      echo "Install Node.js 18 or newer, with npm: a test runs the validator of AsyncAPI." >&2
      return 1
    fi
    apt_install nodejs npm
  fi
  if ! node -e 'process.exit(parseInt(process.versions.node, 10) < 18 ? 1 : 0)'; then
    echo "Node.js 18 or newer is needed, and this is $(node --version): a test runs the validator of AsyncAPI." >&2
    return 1
  fi
  local stamp=$NODE_DIRECTORY/.packages
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "${NODE_PACKAGES[*]}" ]; then
    return
  fi
  echo "Installing ${NODE_PACKAGES[*]} in $NODE_DIRECTORY." >&2
  mkdir -p "$NODE_DIRECTORY"
  npm install --prefix "$NODE_DIRECTORY" --loglevel=error --no-save --no-audit --no-fund --ignore-scripts "${NODE_PACKAGES[@]}"
  echo "${NODE_PACKAGES[*]}" >"$stamp"
}
