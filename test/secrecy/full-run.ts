import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Recorder } from './recorder.ts';
import type { Secrets } from './secrets.ts';

/** Who and what a run is made with. */
export type RunParts = {
  readonly recorder: Recorder;
  readonly secrets: Secrets;
  readonly adminToken: string;
};

export type RunResult = {
  readonly keyId: string;
  readonly consumerId: string;
  readonly token: string;
};

const FEATURE = 'scrape';
const TIER = {
  id: 'basic',
  features: [{ name: FEATURE, limits: [{ limit: 50, window: '60s' }] }],
};
/** Stands in rows beside the secrets: what is not found there was not looked at. */
export const MARKER = 'seen-beside-the-secrets';

/** The secrets that a draw may answer with. */
export const MAY_BE_DRAWN: readonly string[] = ['one anew', 'two', 'three'].flatMap((name) =>
  ['value', 'account', 'password'].map((part) => `${part} of ${name}`),
);

/** Every RPC of AdminService, with keys and consumers that stay. */
export async function administer(parts: RunParts): Promise<RunResult> {
  const { recorder, secrets, adminToken } = parts;
  const admin = (method: string, body: unknown, may: readonly string[] = []) =>
    recorder.must(`AdminService/${method}`, adminToken, body, { may });
  await admin('CreateTier', { tier: TIER });
  await admin('CreateTier', { tier: { ...TIER, id: 'going' } });
  await admin('UpdateTier', { tier: { id: 'basic', description: MARKER }, updateMask: 'description' });
  await admin('GetTier', { id: 'basic' });
  await admin('ListTiers', {});
  await admin('DeleteTier', { id: 'going' });

  const keyOf = (name: string) => ({
    tierId: 'basic',
    name,
    value: secrets.make(`value of ${name}`),
    secrets: { account: secrets.make(`account of ${name}`), password: secrets.make(`password of ${name}`) },
    metadata: { note: MARKER },
    budgets: [{ limit: '1000' }],
  });
  const { key } = await admin('CreateKey', { key: keyOf('one') });
  const id = key?.id ?? '';
  await admin('BatchCreateKeys', { keys: [keyOf('two'), keyOf('three')] });
  const going = await admin('CreateKey', { key: keyOf('going') });
  await admin('DeleteKey', { id: going.key?.id });
  const { value, secrets: bound } = keyOf('one anew');
  await admin('UpdateKey', { key: { id, value, secrets: bound }, updateMask: 'value,secrets' });
  await admin('ResetKeyUsage', { id });
  await admin('ResealKeys', {});
  await admin('GetKey', { id });
  await admin('ListKeys', { tierId: 'basic' });
  await administerMany(parts);
  await administerGroups(parts, id);
  await administerWebhooks(parts);

  return { keyId: id, ...(await administerConsumers(parts)) };
}

/** Keys that come as text, as they should and not, and are changed together; none of them is to be drawn. */
async function administerMany({ recorder, secrets, adminToken }: RunParts): Promise<void> {
  const admin = (method: string, body: unknown) => recorder.must(`AdminService/${method}`, adminToken, body);
  const [value, account] = [secrets.make('value of imported'), secrets.make('account of imported')];
  const content = `value,secrets.account,state,metadata.note\n${value},${account},disabled,${MARKER}\n`;
  const csv = { tierId: 'basic', format: 'IMPORT_FORMAT_CSV', content };
  await admin('ImportKeys', { ...csv, dryRun: true });
  await admin('ImportKeys', csv);
  await admin('ImportKeys', csv);
  const broken = secrets.make('value of broken import');
  await admin('ImportKeys', { ...csv, content: `value,${broken}\n${broken},"${broken}` });
  const lines = [
    { value, [broken]: broken },
    { value: broken, weight: broken, expireTime: broken },
  ];
  const json = [...lines.map((line) => JSON.stringify(line)), `{"value": "${broken}`].join('\n');
  await admin('ImportKeys', { ...csv, format: 'IMPORT_FORMAT_JSON_LINES', content: json });
  const filter = { tierId: 'basic', state: 'KEY_STATE_DISABLED' };
  await admin('BatchUpdateKeys', {
    filter,
    state: 'KEY_STATE_DISABLED',
    stateReason: MARKER,
    tierId: 'basic',
  });
  await admin('ListKeys', { tierId: 'basic', orderBy: 'KEY_ORDER_REMAINING' });
}

/** Every RPC about quota groups, with a key that joins one and leaves it. */
async function administerGroups({ recorder, adminToken }: RunParts, keyId: string): Promise<void> {
  const admin = (method: string, body: unknown) => recorder.must(`AdminService/${method}`, adminToken, body);
  const quotaGroup = { id: 'account', description: MARKER, limits: [{ limit: 100, window: '60s' }] };
  await admin('CreateQuotaGroup', { quotaGroup });
  for (const quotaGroupId of ['account', '']) {
    await admin('UpdateKey', { key: { id: keyId, quotaGroupId }, updateMask: 'quotaGroupId' });
    await admin('GetQuotaGroup', { id: 'account' });
  }
  await admin('UpdateQuotaGroup', { quotaGroup: { ...quotaGroup, limits: [] }, updateMask: 'limits' });
  await admin('ListQuotaGroups', {});
  await admin('DeleteQuotaGroup', { id: 'account' });
}

/** Every RPC about webhooks and alerts; one webhook stays, which nobody answers. */
async function administerWebhooks({ recorder, secrets, adminToken }: RunParts): Promise<void> {
  const admin = (method: string, body: unknown, may: readonly string[] = []) =>
    recorder.must(`AdminService/${method}`, adminToken, body, { may });
  const ids: string[] = [];
  for (const name of ['stays', 'goes']) {
    const may = [`secret of webhook ${name}`];
    const webhook = { url: `https://${name}.invalid/`, description: MARKER };
    const made = await admin('CreateWebhook', { webhook }, may);
    secrets.note(`secret of webhook ${name}`, made.secret ?? '');
    ids.push(made.webhook?.id ?? '');
  }
  const [id = '', going = ''] = ids;
  const rotated = await admin('UpdateWebhook', { webhook: { id }, rotateSecret: true }, [
    'new secret of webhook',
  ]);
  secrets.note('new secret of webhook', rotated.secret ?? '');
  await admin('TestWebhook', { id });
  await admin('GetWebhook', { id });
  await admin('ListWebhooks', {});
  await admin('DeleteWebhook', { id: going });
  await admin('ListAlerts', {});
}

/** Every RPC about consumers; gives one that stays. */
async function administerConsumers({ recorder, secrets, adminToken }: RunParts) {
  const admin = (method: string, body: unknown, may: readonly string[] = []) =>
    recorder.must(`AdminService/${method}`, adminToken, body, { may });
  const consumers = [];
  for (const name of ['stays', 'reads', 'goes']) {
    const scopes = name === 'reads' ? ['admin.read'] : [];
    const may = [`token of ${name}`];
    const made = await admin('CreateConsumer', { consumer: { name, scopes, description: MARKER } }, may);
    const token = made.token ?? '';
    secrets.note(`token of ${name}`, token);
    consumers.push({ id: made.consumer?.id ?? '', token });
  }
  const [stays, reads, goes] = consumers;
  assert.ok(stays && reads && goes);
  for (const { id: consumerId } of consumers) await admin('GrantTier', { consumerId, tierId: 'basic' });
  await admin('RevokeGrant', { consumerId: reads.id, tierId: 'basic' });
  const update = { id: stays.id, owner: MARKER };
  await admin('UpdateConsumer', { consumer: update, updateMask: 'owner' });
  await admin('GetConsumer', { id: stays.id });
  await recorder.must('AdminService/ListConsumers', reads.token, {});
  const renewed = await admin('RegenerateToken', { id: goes.id, gracePeriod: '60s' }, ['new token of goes']);
  secrets.note('new token of goes', renewed.token ?? '');
  await recorder.must('AuthService/WhoAmI', renewed.token ?? '', {});
  await admin('RevokeConsumer', { id: goes.id, reason: MARKER });
  await recorder.post('KeyPoolService/DrawKey', goes.token, { feature: FEATURE });
  await admin('DeleteConsumer', { id: goes.id });
  await recorder.post('KeyPoolService/DrawKey', goes.token, { feature: FEATURE });
  return { consumerId: stays.id, token: stays.token };
}

/** Every RPC about owners and subjects. */
export async function administerOthers({ recorder, adminToken }: RunParts): Promise<void> {
  const admin = (method: string, body: unknown) => recorder.must(`AdminService/${method}`, adminToken, body);
  await admin('SetOwnerCredits', { owner: MARKER, creditsPerMinute: 1_000_000 });
  await admin('ListOwnerCredits', {});
  await admin('DeleteOwnerCredits', { owner: MARKER });
  await admin('DenySubject', { subject: MARKER, reason: MARKER });
  await admin('ListDeniedSubjects', {});
  await admin('AllowSubject', { subject: MARKER });
}

/** Draws from every key, by name and retried, and the other calls of a consumer. */
export async function draw(parts: RunParts, { token }: RunResult): Promise<void> {
  const { recorder } = parts;
  const may = MAY_BE_DRAWN;
  for (let i = 0; i < 6; i++) {
    const body = { feature: FEATURE, units: 1 + (i % 2), ...(i < 3 ? { requestId: 'request-1' } : {}) };
    await recorder.post('KeyPoolService/DrawKey', token, body, { may });
    await recorder.must('KeyPoolService/DrawKey', token, { feature: FEATURE }, { may });
  }
  await recorder.must('KeyPoolService/GetAvailability', token, { feature: FEATURE });
  await report(parts, token, may);
  await recorder.must('AuthService/WhoAmI', token, {});
}

/** Draws, and reports how that ended; a key that is quarantined by it gets its trial. */
async function report(
  { recorder, adminToken }: RunParts,
  token: string,
  may: readonly string[],
): Promise<void> {
  const drawn = async () =>
    (await recorder.must('KeyPoolService/DrawKey', token, { feature: FEATURE }, { may })).drawId ?? '';
  const first = { drawId: await drawn(), outcome: 'OUTCOME_OK', units: 2, message: MARKER };
  await recorder.must('KeyPoolService/ReportOutcome', token, first);
  await recorder.post('KeyPoolService/ReportOutcome', token, { ...first, outcome: 'OUTCOME_TIMEOUT' });
  const reports = [{ drawId: await drawn(), outcome: 'OUTCOME_RATE_LIMITED', retryAfter: '0.001s' }];
  await recorder.must('KeyPoolService/BatchReportOutcomes', token, { reports });
  const last = await recorder.must('KeyPoolService/DrawKey', token, { feature: FEATURE }, { may });
  const refused = { drawId: last.drawId, outcome: 'OUTCOME_UNAUTHORIZED', message: MARKER };
  await recorder.must('KeyPoolService/ReportOutcome', token, refused);
  await recorder.must('AdminService/TrialKey', adminToken, { id: last.keyId });
}

/** What a backend asks and reports about its clients: a consumer with its token, a JWT for that, and whoever else. */
export async function verify({ recorder, secrets, adminToken }: RunParts, run: RunResult): Promise<void> {
  const backend = { name: 'backend', scopes: ['tokens.verify', 'usage.write'] };
  const made = await recorder.must(
    'AdminService/CreateConsumer',
    adminToken,
    { consumer: backend },
    { may: ['token of backend'] },
  );
  const token = made.token ?? '';
  secrets.note('token of backend', token);
  const jwt = { may: ['JWT of stays'] };
  const { accessToken = '' } = await recorder.must('AuthService/ExchangeToken', run.token, {}, jwt);
  secrets.note('JWT of stays', accessToken);
  await recorder.must('AuthService/WhoAmI', accessToken, {});
  for (const asked of [run.token, accessToken, adminToken, `${run.token}x`, `${accessToken}x`, token]) {
    const requestId = `verify-${asked.length}`;
    const body = { token: asked, ipAddress: '192.0.2.7', resource: MARKER };
    await recorder.must('AuthService/VerifyToken', token, body);
    await recorder.post('AuthService/VerifyToken', token, { ...body, requestId });
    await recorder.post('AuthService/VerifyToken', run.token, body);
    await recorder.post('AuthService/VerifyToken', token, { ...body, ipAddress: asked });
    await recorder.post('AuthService/VerifyToken', token, { ...body, token: [asked] });
  }
  const events = [{ id: 'one', consumerId: run.consumerId, endpoint: MARKER, statusCode: 200 }];
  await recorder.must('AuthService/BatchRecordUsage', token, { events });
  const rotation = { reason: MARKER, revokePrevious: true };
  await recorder.must('AdminService/RotateSigningKey', adminToken, rotation);
  await recorder.post('AuthService/WhoAmI', accessToken, {});
  await recorder.post('AuthService/BatchRecordUsage', run.token, { events });
}

/** What only reads, once all has happened. */
export async function readBack({ recorder, adminToken }: RunParts): Promise<void> {
  for (const method of [
    'ListUsageEvents',
    'GetUsageSummary',
    'ListAdminEvents',
    'GetStatus',
    'ListKeys',
    'ListConsumers',
  ])
    await recorder.must(`AdminService/${method}`, adminToken, {});
  for (const path of ['/health', '/livez', '/readyz']) await recorder.get(path);
}

/** Bytes on the port that are no request of HTTP. */
export async function sendGarbage(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  socket.end(`${text}\r\n\r\n`);
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}
