# The server in an image of its own: one binary, the C library it is linked to, and root
# certificates. No shell, no package manager, nothing to write to: it runs as nobody in particular
# on a read-only root file system. Build with `docker build .`; `script/image` builds and tries it.

FROM docker.io/library/rust:1.95-slim-bookworm AS build
WORKDIR /build

# The dependencies, in a layer that lasts until Cargo.lock changes. Cargo wants to see every target
# that Cargo.toml names, each of one word.
COPY Cargo.toml Cargo.lock ./
# hadolint ignore=SC2013
RUN mkdir src benches \
 && echo 'fn main() {}' > src/main.rs \
 && touch src/lib.rs \
 && for bench in $(sed -n '/^\[\[bench\]\]/,/^$/s/^name = "\(.*\)"/\1/p' Cargo.toml); do \
      touch "benches/$bench.rs" || exit 1; \
    done \
 && cargo build --release --locked

# The server. Cargo goes by modification times, and copied files keep their old ones.
COPY src src
COPY sql sql
RUN touch src/main.rs src/lib.rs \
 && cargo build --release --locked

# What the image holds. `ldd` names the libraries with their places on either architecture; where it
# names none, `cp` fails.
# hadolint ignore=DL4006
RUN mkdir -p /image/etc/ssl/certs \
 && cp target/release/turnkey /image/turnkey \
 && ldd target/release/turnkey | grep -o '/[^ ]*' | xargs cp --parents --dereference --target-directory=/image \
 && cp --dereference /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && echo 'hosts: files dns' > /image/etc/nsswitch.conf

FROM scratch
COPY --from=build /image /

# A container's loopback is reached by nobody else. The control listener answers 403 to everybody
# until it is given credentials; publish it to operators only.
ENV TURNKEY_LISTEN=0.0.0.0:8080 \
    TURNKEY_CONTROL_LISTEN=0.0.0.0:8081 \
    TURNKEY_LOG_FORMAT=json
EXPOSE 8080 8081
USER 10001:10001
STOPSIGNAL SIGTERM
# Whether the process serves, and not the database: an outage of that is no reason to replace it.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/turnkey", "health"]
ENTRYPOINT ["/turnkey"]
CMD ["serve"]
