# Sourced, not run. The OpenAPI document is tested with clients that are generated from it: by
# openapi-generator (PyPI, with its jar; it needs Java) and by openapi-typescript, in a directory of
# the build's own.

. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"
. "$(dirname "${BASH_SOURCE[0]}")/node.sh"
. "$(dirname "${BASH_SOURCE[0]}")/python.sh"

CLIENTS_DIRECTORY=${CARGO_TARGET_DIR:-target}/clients
# The generator, and what its Python client needs to run.
CLIENTS_PYTHON=(openapi-generator-cli==7.26.0 pydantic==2.14.4 python-dateutil==2.9.0.post0 urllib3==2.8.0 typing-extensions==4.16.0)
# openapi-typescript works with TypeScript 5 only.
CLIENTS_NODE=(typescript@5.9.3 openapi-typescript@7.13.0 @types/node@20.19.0)

# Makes target/clients with the generators in it, where it is not there yet. Java is installed where
# apt-get can do it, as every other program that the tests run. Elsewhere the test leaves out what
# needs Java and says so, unless CI is set: there nothing is left out.
ensure_clients() {
  if ! java -version >/dev/null 2>&1; then
    if command -v apt-get >/dev/null; then
      apt_install default-jre-headless
    else
      echo "Java is not installed: the clients of openapi-generator are not tested." >&2
    fi
  fi
  ensure_environment "$CLIENTS_DIRECTORY/python" "${CLIENTS_PYTHON[@]}"
  local stamp=$CLIENTS_DIRECTORY/node/.packages
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "${CLIENTS_NODE[*]}" ]; then
    return
  fi
  echo "Installing ${CLIENTS_NODE[*]} in $CLIENTS_DIRECTORY." >&2
  mkdir -p "$CLIENTS_DIRECTORY/node"
  npm install --prefix "$CLIENTS_DIRECTORY/node" --loglevel=error --no-save --no-audit --no-fund --ignore-scripts "${CLIENTS_NODE[@]}"
  echo "${CLIENTS_NODE[*]}" >"$stamp"
}
