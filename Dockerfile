# One image with all four programs. Node 24 and Debian's nsenter (util-linux) are all that they need.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
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
RUN node scripts/build.mjs

FROM ${BASE}
LABEL org.opencontainers.image.title=kubelet-medic \
      org.opencontainers.image.description="Recovers nodes whose kubelet is stuck" \
      org.opencontainers.image.licenses=Apache-2.0
ENV NODE_ENV=production
COPY --from=build /src/dist/controller.js /src/dist/agent.js /src/dist/kubectl-medic.js /src/dist/stack-reader.js /app/
COPY LICENSE src/bin/supervise.sh /app/
WORKDIR /app
# The agent's DaemonSet overrides this: only root enters the namespaces of the host.
USER 65532:65532
CMD ["node", "/app/controller.js"]
