import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The root of this project. */
export const ROOT = join(__dirname, '../..');

/** A service of docker-compose.yml, as far as this project reads it. */
export interface Service {
  image?: string;
  build?: string;
  entrypoint?: string[];
  command?: string[];
  environment?: Record<string, unknown>;
  ports?: string[];
  networks?: string[];
  network_mode?: string;
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  deploy?: { replicas: number; resources?: { limits: { memory: string } } };
}

/** docker-compose.yml. */
export interface Compose {
  services: Record<string, Service>;
  networks: Record<string, unknown>;
  volumes: Record<string, unknown>;
}

/** Reads docker-compose.yml, with its anchors and merges resolved. */
export function readCompose(): Compose {
  return parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
}

/** A value as Compose makes it of `${NAME:?message}` and `${NAME:-default}`; of a variable that is not there, the empty text. */
export function interpolate(value: unknown, variables: Readonly<Record<string, string>>): string {
  return String(value).replace(
    /\$\{(\w+)(?::([?-])([^}]*))?\}/g,
    (_match, name: string, operator: string, rest: string) =>
      variables[name] ?? (operator === '-' ? rest : ''),
  );
}

/** The variables that a service of docker-compose.yml gets. */
export function environmentOf(
  { environment = {} }: Service,
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, interpolate(value, variables)]),
  );
}
