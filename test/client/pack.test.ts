import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { exampleBlocks } from './examples.ts';
import { type Keypool, startKeypool } from './keypool.ts';
import { installPacked, type Project } from './packed-project.ts';

const DRAW = `
  const { KEYPOOL = '', TOKEN = '', FEATURE = '' } = process.env;
  const client = createKeypoolClient({ baseUrl: KEYPOOL, token: TOKEN });
  const drawn: DrawKeyResponse = await client.keyPool.drawKey({ feature: FEATURE });
  try {
    await client.keyPool.drawKey({ feature: FEATURE });
  } catch (error) {
    const retryAfterMs: number | null | undefined = keypoolErrorOf(error)?.retryAfterMs;
    const limited: boolean = error instanceof ConnectError && error.code === Code.ResourceExhausted;
    console.log(JSON.stringify({ value: drawn.value, limited, waits: Number(retryAfterMs) > 0 }));
  }
  // @ts-expect-error a field that the contract has not
  void (() => client.keyPool.drawKey({ features: FEATURE }));
`;
const IMPORTED = 'Code, ConnectError, createKeypoolClient, type DrawKeyResponse, keypoolErrorOf';
const ENTRIES = ['keypool/client', 'keypool/client/web'];
const programOf = (entry: string) => `import { ${IMPORTED} } from '${entry}';\n${DRAW}`;

describe('the packed client in an empty project', () => {
  let folder: TemporaryFolder;
  let keypool: Keypool;
  let project: Project;
  before(async () => {
    folder = await temporaryFolder();
    [keypool, project] = await Promise.all([startKeypool(), installPacked(folder.path)]);
  });
  after(async () => {
    await keypool?.stop();
    await folder?.remove();
  });

  it('is JavaScript and its declarations, with README and LICENSE', () => {
    const files = globSync('**/*', { cwd: project.installed, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(project.installed.length + 1));
    const compiled = files.filter((file) => /^dist\/(?:src\/client|gen)\/.+\.(?:js|d\.ts)$/.test(file));
    assert.deepEqual(files.filter((file) => !compiled.includes(file)).sort(), [
      'LICENSE',
      'README.md',
      'package.json',
    ]);
    assert.equal(compiled.length % 2, 0);
  });

  it('needs Node for keypool/client alone', () => {
    const needNode = globSync('dist/**/*.js', { cwd: project.installed }).filter((file) =>
      /from\s*["'](?:node:|@connectrpc\/connect-node)/.test(
        readFileSync(join(project.installed, file), 'utf8'),
      ),
    );
    assert.deepEqual(needNode, ['dist/src/client/node.js']);
  });

  for (const entry of ENTRIES) {
    it(`draws by ${entry} on the oldest Node at hand, in a program that ends by itself`, async () => {
      const { feature, value } = await keypool.addPool({ perHour: 1 });
      const file = entry.replaceAll('/', '-');
      project.write(`${file}.ts`, programOf(entry));
      await project.compile('nodenext', [`${file}.ts`]);
      const env = { KEYPOOL: keypool.url, TOKEN: keypool.token, FEATURE: feature };
      const output = await project.run(`${file}.js`, env);
      assert.deepEqual(JSON.parse(output), { value, limited: true, waits: true });
    });
  }

  it('type-checks for Node and for bundlers, library declarations too, and so do the examples', async () => {
    const blocks = exampleBlocks();
    assert.ok(blocks.length > 0);
    const files = [...ENTRIES.map(programOf), ...blocks].map((text, index) => {
      project.write(`checked-${index}.ts`, `${text}\nexport {};\n`);
      return `checked-${index}.ts`;
    });
    for (const module of ['nodenext', 'bundler'] as const) await project.compile(module, files);
  });
});
