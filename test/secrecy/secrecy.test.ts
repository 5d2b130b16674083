import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { AdminService } from '../../src/client/exports.ts';
import { useServers } from '../support/load-servers.ts';
import { startMongod } from '../support/mongod.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { misuse } from './bad-input.ts';
import { type Contents, filesIn, mongodContents } from './database-contents.ts';
import { administer, administerOthers, draw, MARKER, readBack, verify } from './full-run.ts';
import { createRecorder, type Recorded } from './recorder.ts';
import { createSecrets, type Secrets } from './secrets.ts';

const DEADLINE_MS = 60_000;

type Storage = {
  readonly name: string;
  readonly open: () => Promise<{
    readonly databaseUrl: string;
    readonly contents: () => Promise<readonly Contents[]>;
    readonly close: () => Promise<void>;
  }>;
};

const STORAGES: readonly Storage[] = [
  {
    name: 'SQLite',
    open: async () => {
      const folder = await temporaryFolder();
      const databaseUrl = `sqlite:${folder.file('keypool.db')}`;
      return { databaseUrl, contents: () => filesIn(folder.path), close: folder.remove };
    },
  },
  {
    name: 'MongoDB',
    open: async () => {
      const mongod = await startMongod();
      const databaseUrl = mongod.databaseUri('keypool');
      return { databaseUrl, contents: () => mongodContents(mongod.uri), close: mongod.stop };
    },
  },
];

/** One server from its start to its end with logs at trace level, everything done with it that can be. */
async function wholeRun(t: TestContext, storage: Awaited<ReturnType<Storage['open']>>, secrets: Secrets) {
  const encryptionKey = randomBytes(32);
  secrets.note('encryption key', encryptionKey);
  secrets.note('encryption key as configured', encryptionKey.toString('hex'));
  const env = {
    LOG_LEVEL: 'trace',
    LOG_REQUESTS: 'true',
    ENCRYPTION_KEY: encryptionKey.toString('hex'),
  };
  const servers = useServers(t, storage, { env });
  secrets.note('admin token', servers.adminToken);
  const server = await servers.start();
  const recorder = createRecorder(server.url);
  t.after(recorder.close);
  const parts = { recorder, secrets, adminToken: servers.adminToken };
  const run = await administer(parts);
  await administerOthers(parts);
  await draw(parts, run);
  await verify(parts, run);
  await misuse(server.url, parts, run);
  await readBack(parts);
  const running = await storage.contents();
  recorder.close();
  const { code } = (await server.kill('SIGTERM')) ?? {};
  assert.equal(code, 0, server.output());
  const stored = [...running, ...(await storage.contents())];
  return { answers: recorder.answers, output: server.output(), stored };
}

function leakingContents(secrets: Secrets, pieces: readonly Contents[]): string[] {
  return pieces.flatMap(({ name, bytes }) => secrets.foundIn(bytes).map((secret) => `${secret} in ${name}`));
}

function leakingLines(secrets: Secrets, output: string): string[] {
  const lines = output.split('\n');
  return lines.flatMap((line) => secrets.foundIn(line).map((secret) => `${secret} in ${line.slice(0, 400)}`));
}

function leakingAnswers(secrets: Secrets, answers: readonly Recorded[]): string[] {
  return answers.flatMap(({ label, status, text, may }) =>
    secrets.foundIn(text, may).map((secret) => `${secret} in ${status} of ${label}: ${text.slice(-400)}`),
  );
}

describe('A run at trace level shows no secret', { concurrency: true, timeout: DEADLINE_MS }, () => {
  for (const { name, open } of STORAGES)
    it(`in output, answers or files: ${name}`, async (t) => {
      const secrets = createSecrets();
      const { answers, output, stored } = await wholeRun(t, await open(), secrets);

      const called = new Set(answers.filter(({ status }) => status === 200).map(({ label }) => label));
      const missed = AdminService.methods.filter((method) => !called.has(`AdminService/${method.name}`));
      assert.deepEqual(
        missed.map((method) => method.name),
        [],
      );
      assert.ok(
        answers.filter(({ may }) => may.length > 0).some(({ text }) => secrets.foundIn(text).length > 2),
      );
      assert.ok(stored.some(({ bytes }) => Buffer.from(bytes).includes(MARKER)));
      assert.match(output, /"method":"keypool.v1.KeyPoolService\/DrawKey"/);

      assert.deepEqual(
        [
          ...leakingLines(secrets, output),
          ...leakingAnswers(secrets, answers),
          ...leakingContents(secrets, stored),
        ],
        [],
      );
    });
});
