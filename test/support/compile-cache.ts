import { keepCompiledCode } from '../../src/compile-cache.ts';

/* Loaded before each test file: what one has compiled, the others need not. */
keepCompiledCode();
