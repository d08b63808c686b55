# The image of hosted-link: `docker run IMAGE` is the worker; any other command of hosted-link may be given instead.
# Not yet built with a Docker engine: only its commands were run, one by one.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without scripts: the only one is our own build, which needs the sources.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:20-bookworm-slim
# The SDK's Rust core trusts the system's certificates, which the slim image lacks.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY bin bin
COPY sql sql
COPY --from=build /app/dist dist
USER node
ENTRYPOINT ["node", "bin/hosted-link.js"]
CMD ["worker"]
