import { MAY_BE_DRAWN, type RunParts, type RunResult, sendGarbage } from './full-run.ts';

const LARGE_BYTES = 5 * 1024 * 1024;
const VALUE_BYTES_MAX = 16_384;

/** Calls that are refused while there is a secret in them: in the credential, the body, the path, or on the port. */
export async function misuse(url: string, parts: RunParts, run: RunResult): Promise<void> {
  await badCredentials(parts, run);
  await badBodies(parts, run);
  await badPaths(parts, run);
  const { secrets, recorder } = parts;
  const garbage = secrets.make('garbage on the port');
  for (const text of [`GARBAGE ${garbage}`, `GET /${garbage} HTTP/1.1\r\n${garbage}\u0000: x`, garbage])
    await recordGarbage(url, text, recorder);
}

async function badCredentials({ recorder, secrets, adminToken }: RunParts, { token }: RunResult) {
  const unknown = secrets.make('unknown token');
  const mistyped = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
  secrets.note('mistyped token', mistyped);
  const cases: Record<string, string>[] = [
    { authorization: `Bearer ${unknown}` },
    { authorization: `Bearer ${mistyped}` },
    { authorization: `Bearer  ${adminToken} ${unknown}` },
    { authorization: `Basic ${Buffer.from(`admin:${unknown}`).toString('base64')}` },
    { authorization: unknown },
    { 'x-api-key': unknown },
    { 'x-api-key': `${mistyped}, ${token}` },
    { 'x-api-key': unknown, authorization: `Bearer ${token}` },
    { cookie: `token=${token}`, 'x-forwarded-for': unknown },
  ];
  for (const headers of cases)
    for (const method of ['KeyPoolService/DrawKey', 'AdminService/ListKeys'])
      await recorder.post(method, '', {}, { headers });
  await recorder.post('AdminService/ListKeys', token, {});
}

async function badBodies({ recorder, secrets, adminToken }: RunParts, { token, keyId }: RunResult) {
  const secret = secrets.make('misplaced secret');
  const key = { tierId: 'basic', value: secret };
  const bodies: readonly unknown[] = [
    `{"key": {"tierId": "basic", "value": "${secret}"`,
    `${secret}`,
    `["${secret}"]`,
    { key: { ...key, value: [secret] } },
    { key: { ...key, value: { secret } } },
    { key: { ...key, secrets: secret } },
    { key: { ...key, secrets: { account: [secret] } } },
    { key: { ...key, secrets: { '': secret } } },
    { key: { ...key, apiSecret: secret } },
    { key: { ...key, token: secret, password: secret } },
    { key, secret },
    { key: { ...key, tierId: 'no-such-tier' } },
    { key: { ...key, budgets: [{ limit: secret }] } },
    { key: { ...key, expireTime: secret } },
    { key: { ...key, state: secret } },
    { key: { ...key, value: `enc:gcm:${secret}` } },
    { key: { ...key, secrets: { account: `enc:gcm:${secret}` } } },
    { key: { ...key, value: secret.padEnd(VALUE_BYTES_MAX + 1, secret) } },
    { key: { ...key, value: secret.padEnd(LARGE_BYTES, secret) } },
  ];
  for (const body of bodies) await recorder.post('AdminService/CreateKey', adminToken, body);
  // A field's name is told to the one who sent it, and to nobody else.
  const misnamed = secrets.make('misnamed field');
  const may = ['misnamed field'];
  await recorder.post('AdminService/CreateKey', adminToken, { key: { ...key, [misnamed]: 'x' } }, { may });
  await recorder.post('KeyPoolService/DrawKey', token, { feature: 'scrape', [misnamed]: 'x' }, { may });
  const mask = { updateMask: `value,${secret}` };
  await recorder.post('AdminService/UpdateKey', adminToken, { key: { id: keyId, value: secret }, ...mask });
  const twice = { keys: [key, key] };
  await recorder.post('AdminService/BatchCreateKeys', adminToken, twice);
  await recorder.post('AdminService/BatchCreateKeys', adminToken, { keys: [{ ...key, value: '' }, key] });
  await recorder.post('AdminService/ListKeys', adminToken, { pageToken: secret });
  for (const body of [
    `{"feature": "scrape", "token": "${token}"`,
    { feature: 'scrape', token },
    { feature: token },
  ])
    await recorder.post('KeyPoolService/DrawKey', token, body);
  for (const type of [
    'text/plain',
    'application/proto',
    'application/grpc',
    'application/grpc-web+proto',
    secret,
  ])
    await recorder.post('AdminService/CreateKey', adminToken, { key }, { headers: { 'content-type': type } });
}

async function badPaths({ recorder, adminToken }: RunParts, { token }: RunResult) {
  // Whoever has drawn is answered, whatever else stands in the address.
  const may = MAY_BE_DRAWN;
  for (const secret of [token, adminToken]) {
    for (const path of [
      `/${secret}`,
      `/keypool.v1.KeyPoolService/${secret}`,
      `/keypool.v1.${secret}/DrawKey`,
      `/keypool.v1.KeyPoolService/DrawKey?token=${secret}`,
      `/health?token=${secret}`,
    ]) {
      await recorder.post(path, token, { feature: 'scrape' }, path.includes('?') ? { may } : {});
      await recorder.get(path);
    }
  }
}

async function recordGarbage(url: string, text: string, recorder: RunParts['recorder']) {
  const answer = await sendGarbage(url, text);
  if (answer.length > 0) recorder.keep('garbage', answer);
}
