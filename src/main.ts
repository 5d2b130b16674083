import { keepCompiledCode, writeCompiledCode } from './compile-cache.ts';
import { keepGarbageYoung } from './young-garbage.ts';

keepGarbageYoung();
keepCompiledCode();
await import('./serve.ts');
writeCompiledCode();
