# The image of hosted-link: `docker run IMAGE` is the worker; any other command of hosted-link may be given instead.
# Not yet built with a Docker engine: it was linted, and its commands were run, one by one.

# A Node with long-term support. The digest that your registry has for it may be appended: @sha256:...
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without scripts: the only one is our own build, which needs the sources.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY docker/production-manifest.js docker/
COPY src src
# With the bundle of the workflows, so that no worker makes one at its start.
RUN npm run build && node docker/production-manifest.js production

FROM ${NODE_IMAGE}
# The SDK's Rust core trusts the system's certificates, which the slim image lacks.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
# For the main thread, and once more for the thread that runs workflows: together below the memory of the container, in which
# Temporal's Rust core and buffers need room as well. Without it Node would follow the memory that it finds.
ENV NODE_OPTIONS=--max-old-space-size=1024
WORKDIR /app
COPY --from=build /app/production ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY bin bin
COPY sql sql
COPY --from=build /app/dist dist
# The user `node` of the image, by number: Kubernetes can tell that it is not root.
USER 1000:1000
ENTRYPOINT ["node", "bin/hosted-link.js"]
CMD ["worker"]
