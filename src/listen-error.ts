import type { Config } from './config.ts';
import { StartError, systemCodeOf } from './start-error.ts';

/** Why the port could not be had, in words; every other error is given back unchanged. */
export function toListenError(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): unknown {
  const message = listenMessage(systemCodeOf(error), host, port);
  return message === null ? error : new StartError(message, { cause: error });
}

function listenMessage(code: string, host: string, port: number): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken. Stop what listens there, or set PORT to another one.`;
    case 'EACCES':
      return `Port ${port} on ${host} may not be opened by this user. Set PORT to 1024 or above.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST: ${host} is no address of this machine. Set it to 127.0.0.1, or to 0.0.0.0 for all.`;
    default:
      return null;
  }
}
