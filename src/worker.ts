/*
 * One of several processes that share a port: the first process starts it and hands it connections.
 */
import { keepCompiledCode, writeCompiledCode } from './compile-cache.ts';
import { keepGarbageYoung } from './young-garbage.ts';

keepGarbageYoung();
keepCompiledCode();
await import('./serve-handed.ts');
writeCompiledCode();
