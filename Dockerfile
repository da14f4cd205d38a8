# The services and the operator's command, an image each from scratch: docker build --target intake|stock|order|payment|orderwright .
# The binaries are built in a stage of this file, or taken from dist/ as `npm run build` left it: --build-arg BINARIES=prebuilt
ARG BINARIES=built
ARG BUILD_IMAGE=node:24-bookworm-slim

FROM ${BUILD_IMAGE} AS built
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make bash libssl-dev zlib1g-dev ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# What is locked changes seldom: a layer of its own.
COPY package.json package-lock.json .npmrc ./
COPY kafka/bindings kafka/bindings
RUN npm ci --ignore-scripts && node node_modules/bun/install.js
COPY . .
ARG ORDERWRIGHT_COMMIT=unknown
RUN ORDERWRIGHT_COMMIT=${ORDERWRIGHT_COMMIT} npm run build && cp -r dist /dist

FROM scratch AS prebuilt
COPY dist /dist

FROM ${BINARIES} AS binaries

FROM scratch AS base
# The shared libraries that the binaries name, and nothing else.
COPY --from=binaries /dist/root/ /
# Owned by who runs it: a new named volume takes its owner from what it covers.
COPY --from=binaries --chown=65532:65532 /dist/data /data
COPY --from=binaries /dist/LICENCES.txt /LICENCES.txt
USER 65532:65532
WORKDIR /data
# Needs --tmpfs /tmp:exec: the binaries unpack their addons there.
STOPSIGNAL SIGTERM

FROM base AS intake
COPY --from=binaries /dist/orderwright-intake /orderwright-intake
ENTRYPOINT ["/orderwright-intake"]
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/orderwright-intake", "--ready"]

FROM base AS stock
COPY --from=binaries /dist/orderwright-stock /orderwright-stock
ENTRYPOINT ["/orderwright-stock"]
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/orderwright-stock", "--ready"]

FROM base AS order
COPY --from=binaries /dist/orderwright-order /orderwright-order
ENTRYPOINT ["/orderwright-order"]
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/orderwright-order", "--ready"]

FROM base AS payment
COPY --from=binaries /dist/orderwright-payment /orderwright-payment
ENTRYPOINT ["/orderwright-payment"]
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["/orderwright-payment", "--ready"]

FROM base AS orderwright
COPY --from=binaries /dist/orderwright /orderwright
ENTRYPOINT ["/orderwright"]
