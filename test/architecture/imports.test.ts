import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wrongArrows } from './arrows.ts';
import { parseSourceFile, readSourceFiles } from './source-files.ts';

function wrongArrowsOf(path: string, text: string): string[] {
  return wrongArrows(parseSourceFile(path, text));
}

describe('imports', () => {
  it('go the way of the arrows in every file of src', () => {
    assert.deepEqual([...readSourceFiles().values()].flatMap(wrongArrows), []);
  });

  it('are refused from the domain to an adapter, however they are written', () => {
    const target = '../store/sqlite/open.ts';
    for (const statement of [
      `import { open } from '${target}';`,
      `import type { Open } from '${target}';`,
      `import {\n  one,\n  two,\n} from '${target}';`,
      `export * from '${target}';`,
      `import '${target}';`,
      `const open = await import('${target}');`,
    ]) {
      const arrows = wrongArrowsOf('src/domain/draw-key.ts', statement);
      assert.deepEqual(arrows, ['src/domain/draw-key.ts → src/store/sqlite/open.ts'], statement);
    }
  });

  it('are refused upwards, sideways and to generated code outside transport and client', () => {
    const refused = {
      'src/model/meter.ts': '../domain/context.ts',
      'src/domain/context.ts': '../transport/server.ts',
      'src/store/port.ts': './sqlite/open.ts',
      'src/store/sqlite/open.ts': '../mongodb/open.ts',
      'src/store/mongodb/open.ts': '../../domain/context.ts',
      'src/transport/server.ts': '../store/port.ts',
      'src/client/index.ts': '../model/tier.ts',
      'src/app.ts': '../gen/keypool/v1/tier_pb.ts',
      'src/elsewhere/tier.ts': '../model/tier.ts',
    };
    for (const [path, target] of Object.entries(refused)) {
      assert.equal(wrongArrowsOf(path, `import '${target}';`).length, 1, path);
    }
  });

  it('take a driver into its own adapter only, and no input or output into the model', () => {
    assert.deepEqual(wrongArrowsOf('src/store/mongodb/open.ts', "import 'mongodb';"), []);
    assert.deepEqual(wrongArrowsOf('src/app.ts', "import 'node:sqlite';"), ['src/app.ts → node:sqlite']);
    assert.deepEqual(wrongArrowsOf('src/model/a.ts', "import 'node:fs/promises';"), [
      'src/model/a.ts → node:fs/promises',
    ]);
  });

  it('are not looked for in comments', () => {
    const text = "// import '../transport/a.ts'\n/*\nimport '../transport/b.ts';\n*/";
    assert.deepEqual(wrongArrowsOf('src/model/a.ts', text), []);
  });
});
