import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './built';

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

/** Expands `${NAME:?message}` and `${NAME:-default}` as Compose does; a variable that is not set becomes the empty string. */
export function interpolate(value: unknown, variables: Readonly<Record<string, string>>): string {
  return String(value).replace(
    /\$\{(\w+)(?::([?-])([^}]*))?\}/g,
    (_match, name: string, operator: string, rest: string) =>
      variables[name] ?? (operator === '-' ? rest : ''),
  );
}

/** Gives the environment of a service of docker-compose.yml. */
export function environmentOf(
  { environment = {} }: Service,
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, interpolate(value, variables)]),
  );
}
