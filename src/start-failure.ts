import { ConfigError } from './config.ts';
import { KeypoolError } from './domain/errors.ts';
import { StartError } from './start-error.ts';
import { StoreError, StoreOpenError } from './store/errors.ts';

/** Why the process did not start, as one message for people. What nobody foresaw comes with its stack. */
export function startFailureText(error: unknown): string {
  const foreseen =
    error instanceof StartError || error instanceof StoreOpenError || error instanceof ConfigError;
  if (foreseen) return error.message;
  if (error instanceof KeypoolError || error instanceof StoreError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
