import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import type * as WebClient from '../../src/client/web.ts';
import { type Keypool, startKeypool } from '../client/keypool.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startChromium } from './chromium.ts';
import { compileClient } from './compiled-client.ts';
import { startPageServer } from './page-server.ts';

declare global {
  /** In the page. */
  var keypool: typeof WebClient;
}

const CONTENT_TYPE = { connect: 'application/json', 'grpc-web': 'application/grpc-web+proto' } as const;
const HOUR_MS = 3_600_000;

describe('a page in Chromium, of another origin than Keypool', () => {
  const resources = new AsyncDisposableStack();
  let browser: BrowserContext;
  let origin: string;
  let server: Keypool;

  before(async () => {
    const folder = resources.use(await temporaryFolder());
    await compileClient(folder.file('client'));
    origin = resources.use(await startPageServer(folder.file('client'))).origin;
    server = resources.use(await startKeypool({ CORS_ORIGINS: origin }));
    browser = await startChromium(folder.file('profile'));
    resources.defer(() => browser.close());
  });
  after(() => resources.disposeAsync());

  async function openPage(): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(origin);
    await page.waitForFunction(() => 'keypool' in globalThis);
    return page;
  }

  for (const protocol of ['connect', 'grpc-web'] as const) {
    it(`draws a key by ${protocol}, and is told when to try again`, async () => {
      const { feature, value } = await server.addPool({ perHour: 1 });
      const page = await openPage();
      const answered = page.waitForResponse((response) => response.url().endsWith('/DrawKey'));
      const seen = await page.evaluate(drawTwice, {
        options: { baseUrl: server.url, token: server.token, protocol },
        feature,
      });
      const response = await answered;
      assert.equal(response.headers()['content-type'], CONTENT_TYPE[protocol]);
      assert.equal(seen.value, value);
      assert.equal(seen.refused?.reason, 'POOL_EXHAUSTED');
      assert.ok((seen.refused.retryAfterMs ?? 0) > HOUR_MS / 2);
      await page.close();
    });

    it(`reads its own identity and what was refused by ${protocol}`, async () => {
      const page = await openPage();
      const seen = await page.evaluate(
        async ({ options }) => {
          const { auth, keyPool } = keypool.createKeypoolClient(options);
          const { consumer } = await auth.whoAmI({});
          const refused = await keyPool.drawKey({ feature: 'Not A Name' }).catch(keypool.keypoolErrorOf);
          return {
            name: consumer?.name,
            fields: refused && 'violations' in refused ? refused.violations : [],
          };
        },
        { options: { baseUrl: server.url, token: server.token, protocol } },
      );
      assert.equal(seen.name, 'client test');
      assert.equal(seen.fields[0]?.field, 'feature');
      await page.close();
    });

    it(`cannot call a Keypool that does not list its origin, and is told so: ${protocol}`, async () => {
      await using stranger = await startKeypool({ CORS_ORIGINS: 'https://elsewhere.example' });
      const page = await openPage();
      const seen = await page.evaluate(
        async ({ options }) => {
          const { auth } = keypool.createKeypoolClient(options);
          const error = await auth.whoAmI({}).catch(keypool.ConnectError.from);
          return error instanceof keypool.ConnectError ? { code: error.code, text: error.message } : null;
        },
        { options: { baseUrl: stranger.url, token: stranger.token, protocol } },
      );
      assert.match(seen?.text ?? '', /\[unavailable\].*CORS_ORIGINS/);
      await page.close();
    });
  }
});

type DrawTwice = { readonly options: WebClient.KeypoolWebClientOptions; readonly feature: string };

/** Runs in the page. */
async function drawTwice({ options, feature }: DrawTwice) {
  const { keyPool } = keypool.createKeypoolClient(options);
  const { value } = await keyPool.drawKey({ feature });
  const error = await keyPool.drawKey({ feature }).then(
    () => null,
    (reason: unknown) => reason,
  );
  return { value, refused: keypool.keypoolErrorOf(error) };
}
