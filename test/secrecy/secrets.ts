import { randomBytes } from 'node:crypto';

/** Secrets of one run by a name to tell them apart; none may be found where it does not belong. */
export type Secrets = {
  /** Makes a secret: text with more than 160 random bits. */
  readonly make: (name: string) => string;
  /** Notes one that was made elsewhere, as text or as bytes. */
  readonly note: (name: string, secret: string | Uint8Array) => void;
  /** Names of the secrets that occur in some form, but for those that may. */
  readonly foundIn: (text: string | Uint8Array, may?: readonly string[]) => readonly string[];
};

export function createSecrets(): Secrets {
  const forms = new Map<string, readonly Buffer[]>();
  const note = (name: string, secret: string | Uint8Array) => {
    forms.set(name, formsOf(Buffer.from(secret)));
  };
  return {
    note,
    make: (name) => {
      const secret = `upstream-value-${randomBytes(24).toString('hex')}`;
      note(name, secret);
      return secret;
    },
    foundIn: (text, may = []) => {
      const haystack = Buffer.from(text);
      return [...forms]
        .filter(([name]) => !may.includes(name))
        .filter(([, own]) => own.some((form) => haystack.includes(form)))
        .map(([name]) => name);
    },
  };
}

/** The bytes themselves, hex of either case, and base64 of either alphabet, wherever in a longer text it starts. */
function formsOf(secret: Buffer): Buffer[] {
  const hex = secret.toString('hex');
  const base64 = [0, 1, 2].map((offset) => base64Core(secret, offset));
  const base64Url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  const texts = new Set([hex, hex.toUpperCase(), ...base64, ...base64Url]);
  return [secret, ...[...texts].map((text) => Buffer.from(text, 'latin1'))];
}

/** Those letters of a base64 text that depend on the secret alone when `offset` bytes stand before it. */
function base64Core(secret: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), secret])
    .toString('base64')
    .replaceAll('=', '');
  const first = Math.ceil((offset * 8) / 6);
  const wholeLetters = Math.floor(((offset + secret.length) * 8) / 6);
  return text.slice(first, wholeLetters);
}
