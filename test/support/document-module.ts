import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');

/** The example of a page in docs: its first block of JavaScript, as the module that a reader makes of it. */
export async function documentedModule<T>(page: string): Promise<T> {
  const text = readFileSync(join(DOCS, page), 'utf8');
  const code = /^```js\n([\s\S]*?)^```$/m.exec(text)?.[1];
  if (code === undefined) throw new Error(`docs/${page} has no block of JavaScript`);
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
