import { keepCompiledCode, writeCompiledCode } from './compile-cache.ts';

keepCompiledCode();
await import('./serve.ts');
writeCompiledCode();
