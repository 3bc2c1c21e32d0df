# Stands for the official Rust image: a C compiler, and the toolchain of the machine that runs the tests.
ARG DEBIAN=mysfits-stand-in/debian
FROM ${DEBIAN}
# The versions are those of the snapshot that the whole stand-in is made from.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev ca-certificates \
    && rm -rf /var/lib/apt/lists/*
# What this machine trusts: where a proxy answers for the registry, its certificate is among these.
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY toolchain /usr/local
ENV CARGO_HOME=/usr/local/cargo
