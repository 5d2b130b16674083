/** Names of fields that no log line shows, wherever somebody may have put them; nobody is meant to. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'token',
  'value',
  'secrets',
  'authorization',
  'x-api-key',
  'password',
  'encryptionKey',
  'encryptionKeysRetired',
  'adminToken',
  'rootToken',
  'fingerprintKey',
]);

const REDACTED = '(redacted)';
const DEPTH_MAX = 4;

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The same fields with secret ones blotted out, at any depth that is logged. Makes copies only of what it looks into. */
export function redactFields(fields: Readonly<Record<string, unknown>>, depth = 0): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (SECRET_FIELDS.has(name)) shown[name] = REDACTED;
    else if (isPlain(value)) shown[name] = depth < DEPTH_MAX ? redactFields(value, depth + 1) : REDACTED;
    else shown[name] = value;
  }
  return shown;
}
