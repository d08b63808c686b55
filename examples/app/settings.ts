/** What this service needs besides the settings of hosted-link and of Temporal, which it has in common with the workers. */
export interface AppSettings {
  /** APP_URL: the origin at which browsers see this service, such as `https://app.example.com`. */
  url: URL;
  /** APP_PORT, default 3000: where it listens, on 127.0.0.1. TLS ends before it. */
  port: number;
  /** APP_COOKIE_SECRET: signs the cookies. At least 32 characters. */
  cookieSecret: string;
  /** APP_DATABASE_URL: this service's own PostgreSQL. */
  databaseUrl: string;
  /** APP_DATABASE_CONNECTIONS, default 10: the most connections to it. */
  databaseConnections: number;
}

const MIN_SECRET_LENGTH = 32;

/** @throws Error naming the variable, never its value */
export function readAppSettings(env: NodeJS.ProcessEnv): AppSettings {
  const { APP_URL: url = '', APP_PORT: port = '3000', APP_DATABASE_CONNECTIONS: connections = '10' } = env;
  if (!URL.canParse(url) || new URL(url).origin !== url)
    throw new Error('APP_URL: not an origin; write it as https://app.example.com');
  if (!/^\d{1,5}$/.test(port)) throw new Error('APP_PORT: not a port');
  if (!/^[1-9]\d{0,3}$/.test(connections))
    throw new Error('APP_DATABASE_CONNECTIONS: not a number from 1 on');
  const cookieSecret = required(env, 'APP_COOKIE_SECRET');
  if (cookieSecret.length < MIN_SECRET_LENGTH)
    throw new Error(`APP_COOKIE_SECRET: too short; give at least ${MIN_SECRET_LENGTH} random characters`);
  return {
    url: new URL(url),
    port: Number(port),
    cookieSecret,
    databaseUrl: required(env, 'APP_DATABASE_URL'),
    databaseConnections: Number(connections),
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name}: missing`);
  return value;
}
