import { InputError } from '../domain/input-error';

/** What a server's `listen` failed with: an {@link InputError} naming `port` or `host` where it is the caller's to mend, else `error`. */
export function listenError(error: unknown, host: string, port: number): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE')
    return new InputError(
      'port',
      `${port} is in use on ${host}`,
      'stop the other program or take another port',
    );
  if (code === 'EACCES')
    return new InputError('port', `${port} may not be listened on`, 'take one above 1023');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new InputError('host', 'not an address of this machine', 'take 127.0.0.1');
  return error;
}
