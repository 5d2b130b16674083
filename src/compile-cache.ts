import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Where nobody else can write: what is there is run. */
const FOLDER = fileURLToPath(new URL('../node_modules/.cache/keypool', import.meta.url));

/**
 * Modules imported from now on are compiled, and their types stripped, once and not at each start. Where the folder
 * cannot be written nothing is kept, and all works the same.
 */
export function keepCompiledCode(): void {
  enableCompileCache(FOLDER);
}

/** Writes now what was compiled since, as a process that is killed would not. */
export function writeCompiledCode(): void {
  flushCompileCache();
}
