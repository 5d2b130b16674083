import { SealBrokenError, type SealedPlace, type Sealer, sealingKeyIdOf } from '../model/sealing.ts';

type Secrets = Readonly<Record<string, string>>;

/** Values shorter than this show no hint: it would give away too much of them. */
const HINTED_LENGTH_MIN = 12;
const HINT_LENGTH = 4;

function place(keyId: string, field: string): SealedPlace {
  return { table: 'keys', row: keyId, field };
}

/** The last characters of a value, to tell keys apart; empty for a short one. */
export function valueHintOf(value: string): string {
  const letters = Array.from(value);
  return letters.length < HINTED_LENGTH_MIN ? '' : letters.slice(-HINT_LENGTH).join('');
}

export function sealValue(sealer: Sealer, keyId: string, value: string): string {
  return sealer.seal(value, place(keyId, 'value'));
}

export function sealSecrets(sealer: Sealer, keyId: string, secrets: Secrets): Secrets {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, text]) => [name, sealer.seal(text, place(keyId, `secrets.${name}`))]),
  );
}

function opensTo(sealer: Sealer, stored: string, at: SealedPlace, plain: string): boolean {
  try {
    return sealer.open(stored, at) === plain;
  } catch (error) {
    // What does not open is worth writing anew, also with the same value.
    if (error instanceof SealBrokenError) return false;
    throw error;
  }
}

/** True when the stored value opens and is this one. */
export function isSameValue(sealer: Sealer, keyId: string, stored: string, value: string): boolean {
  return opensTo(sealer, stored, place(keyId, 'value'), value);
}

/** True when the stored secrets open and are these. */
export function areSameSecrets(sealer: Sealer, keyId: string, stored: Secrets, secrets: Secrets): boolean {
  const names = Object.keys(secrets);
  if (names.length !== Object.keys(stored).length) return false;
  return names.every((name) => {
    const sealed = stored[name];
    return (
      sealed !== undefined && opensTo(sealer, sealed, place(keyId, `secrets.${name}`), secrets[name] ?? '')
    );
  });
}

/** The same value and secrets under the current sealing key; null when they are. Throws SealBrokenError. */
export function resealed(
  sealer: Sealer,
  key: { readonly id: string; readonly value: string; readonly secrets: Secrets },
): { readonly value: string; readonly secrets: Secrets } | null {
  const texts = [key.value, ...Object.values(key.secrets)];
  if (texts.every((text) => sealingKeyIdOf(text) === sealer.keyId)) return null;
  const opened = Object.entries(key.secrets).map(([name, text]) => [
    name,
    sealer.open(text, place(key.id, `secrets.${name}`)),
  ]);
  return {
    value: sealValue(sealer, key.id, sealer.open(key.value, place(key.id, 'value'))),
    secrets: sealSecrets(sealer, key.id, Object.fromEntries(opened)),
  };
}
