import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createWebhookClient, type WebhookClientOptions } from '../../src/alerts/webhook-client.ts';
import { selfSigned } from '../client/self-signed.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';

const NEVER = new AbortController().signal;

function client(options: Partial<WebhookClientOptions> = {}) {
  return createWebhookClient({ allowHttp: true, allowPrivate: true, timeoutMs: 2000, ...options });
}

function requestTo(url: string) {
  return { url, headers: { 'webhook-id': 'one' }, body: '{"type":"webhook.test"}' };
}

describe('a webhook', () => {
  it('gets what is sent, and has delivered it with any status from 200 to 299', async () => {
    await using receiver = await startWebhookReceiver();
    for (const status of [200, 201, 204, 299]) {
      receiver.answerWith(status);
      assert.equal(await client().send(requestTo(receiver.url), NEVER), null);
    }
    const [first] = receiver.received;
    assert.equal(first?.body, '{"type":"webhook.test"}');
    assert.deepEqual(
      [first?.path, first?.headers['webhook-id'], first?.headers['content-type']],
      ['/alerts', 'one', 'application/json'],
    );
  });

  it('that answers otherwise has not, and is not asked why', async () => {
    await using receiver = await startWebhookReceiver();
    for (const status of [400, 410, 500]) {
      receiver.answerWith((response) => void response.writeHead(status).end('a reason of its own'));
      assert.equal(await client().send(requestTo(receiver.url), NEVER), `HTTP status ${status}`);
    }
  });

  it('cannot send it elsewhere', async () => {
    await using receiver = await startWebhookReceiver();
    await using elsewhere = await startWebhookReceiver();
    for (const status of [301, 302, 307, 308]) {
      receiver.answerWith((response) => void response.writeHead(status, { location: elsewhere.url }).end());
      const problem = await client().send(requestTo(receiver.url), NEVER);
      assert.equal(problem, `HTTP status ${status}: redirects are not followed`);
    }
    assert.equal(elsewhere.received.length, 0);
  });

  it('that is slow, down or no server is given up', async () => {
    await using receiver = await startWebhookReceiver();
    receiver.answerWith(() => {});
    const hasty = client({ timeoutMs: 100 });
    assert.equal(await hasty.send(requestTo(receiver.url), NEVER), 'no answer within 100 ms');
    await receiver.goDown();
    assert.equal(await client().send(requestTo(receiver.url), NEVER), 'no connection (ECONNREFUSED)');
    const unknown = client({ resolveAll: async () => [] });
    assert.equal(await unknown.send(requestTo('http://nobody.example/'), NEVER), 'a name without an address');
  });

  it('that turns to another protocol has answered, and is done with', async () => {
    await using receiver = await startWebhookReceiver();
    for (const [status, problem] of [
      ['101 Switching Protocols', 'HTTP status 101'],
      ['200 OK', null],
    ] as const) {
      receiver.answerWith(({ socket }) => {
        socket?.write(`HTTP/1.1 ${status}\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n`);
      });
      assert.equal(await client().send(requestTo(receiver.url), AbortSignal.timeout(5000)), problem);
    }
  });

  it('is left at once when the service stops', async () => {
    await using receiver = await startWebhookReceiver();
    receiver.answerWith(() => {});
    const stop = new AbortController();
    const sending = client({ timeoutMs: 60_000 }).send(requestTo(receiver.url), stop.signal);
    await receiver.got(1);
    stop.abort();
    assert.equal(typeof (await sending), 'string');
  });

  it('is not reached over http, or unless its certificate is good, where that is not said', async () => {
    await using receiver = await startWebhookReceiver();
    const strict = client({ allowHttp: false });
    assert.match(strict.problemWith(receiver.url) ?? '', /https/);
    assert.match((await strict.send(requestTo(receiver.url), NEVER)) ?? '', /https/);
    assert.equal(strict.problemWith('https://receiver.example/alerts?x=1'), null);
    for (const url of ['', 'x', 'ftp://a.example', 'https://u:p@a.example/', 'https://a.example/#x'])
      assert.notEqual(client().problemWith(url), null, url);
    assert.equal(receiver.received.length, 0);
    let asked = 0;
    const server = createServer(selfSigned(), (_, response) => {
      asked += 1;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const problem = await client().send(requestTo(`https://127.0.0.1:${port}/`), NEVER);
    assert.match(problem ?? '', /^no connection \(.*SELF_SIGNED/);
    assert.equal(asked, 0);
    server.close();
  });
});

const ALWAYS_REFUSED = [
  '169.254.169.254',
  '168.63.129.16',
  '[fe80::1]',
  '0.0.0.0',
  '[::]',
  '[fd00:ec2::23]',
  '[fd20:ce::254]',
  '224.0.0.1',
  '[::ffff:169.254.169.254]',
  '[::169.254.169.254]',
  '[64:ff9b::a9fe:a9fe]',
  '[2002:a9fe:a9fe::]',
];
const PRIVATE = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[fd12::1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
];

describe('an address of a webhook', () => {
  it('that is private is refused unless it is allowed; link-local and metadata always', () => {
    const strict = client({ allowPrivate: false });
    for (const host of [...PRIVATE, ...ALWAYS_REFUSED])
      assert.notEqual(strict.problemWith(`https://${host}/`), null, host);
    for (const host of ALWAYS_REFUSED) assert.notEqual(client().problemWith(`https://${host}/`), null, host);
    for (const host of PRIVATE) assert.equal(client().problemWith(`https://${host}/`), null, host);
    for (const host of ['192.0.2.1', '8.8.8.8', '[2606:4700::1111]', 'receiver.example'])
      assert.equal(strict.problemWith(`https://${host}/`), null, host);
  });

  it('is looked at where a name leads to it, and only what was looked at is connected with', async () => {
    await using receiver = await startWebhookReceiver();
    const { port } = new URL(receiver.url);
    let asked = 0;
    // The first answer is public, a second one would not be.
    const resolveAll = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }];
    };
    const allowed = client({ resolveAll });
    assert.equal(await allowed.send(requestTo(`http://rebinding.example:${port}/`), NEVER), null);
    assert.equal(asked, 1);
    assert.match((await allowed.send(requestTo(`http://rebinding.example:${port}/`), NEVER)) ?? '', /never/);
    asked = 0;
    const strict = client({ resolveAll, allowPrivate: false });
    const problem = await strict.send(requestTo(`http://rebinding.example:${port}/`), NEVER);
    assert.match(problem ?? '', /not public/);
    const mixed = client({
      resolveAll: async () => [
        { address: '169.254.169.254', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    });
    assert.equal(await mixed.send(requestTo(`http://mixed.example:${port}/`), NEVER), null);
    assert.equal(receiver.received.length, 2);
  });
});
