# One image with all four programs. They need Node, Debian's nsenter (util-linux) and its shell. The images that it is made from
# are named by digest (of the index, so for each platform); Node is the one of package-lock.json, by its checksum.
ARG NODE_IMAGE=node:24.18.0-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
ARG BASE=debian:bookworm-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Settings of a private npm registry and the certificate authority of a proxy come in as secrets where they are needed:
# nothing of them stays in a layer.
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=ca \
    if [ -f /run/secrets/npmrc ]; then export NPM_CONFIG_USERCONFIG=/run/secrets/npmrc; fi; \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && rm -rf /root/.npm
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN node scripts/build.mjs && node scripts/sbom.mjs cyclonedx > dist/sbom.cdx.json && \
    cp node_modules/node-linux-*/bin/node dist/node

FROM ${BASE}
LABEL org.opencontainers.image.title=kubelet-medic \
      org.opencontainers.image.description="Recovers nodes whose kubelet is stuck" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=0.1.0
ENV NODE_ENV=production
COPY --from=build /src/dist/controller.cjs /src/dist/agent.cjs /src/dist/kubectl-medic.js /src/dist/stack-reader.cjs /src/dist/s3-bucket.cjs /app/
# What the programs are made of, as CycloneDX, and the licences of that. npm and its caches stay in the build stage.
COPY --from=build /src/dist/sbom.cdx.json /src/dist/THIRD-PARTY-NOTICES.txt /app/
COPY --from=build /src/dist/node /usr/local/bin/node
COPY LICENSE src/bin/supervise.sh /app/
WORKDIR /app
# The agent's DaemonSet overrides this: only root enters the namespaces of the host.
USER 65532:65532
CMD ["node", "/app/controller.cjs"]
