import { unknownTo } from '../document-store/values.ts';

/** Names that the language itself looks for, or an assertion that prints the object. */
const ASKED_BY_OTHERS = new Set(['then', 'toJSON', 'constructor', 'inspect', 'asymmetricMatch']);

/** An object that refuses every name it does not have. */
export function strict<T extends object>(name: string, known: T): T {
  return new Proxy(known, {
    get: (target, property) => {
      if (property in target || typeof property === 'symbol' || ASKED_BY_OTHERS.has(property))
        return Reflect.get(target, property);
      throw unknownTo(`${name}.${property}`);
    },
  });
}

/** The options of a call, all of which must be known. */
export function knownOptions<T extends object>(
  call: string,
  options: T | undefined,
  known: readonly string[],
): T;
export function knownOptions(call: string, options: object = {}, known: readonly string[]): object {
  for (const name in options) if (!known.includes(name)) throw unknownTo(`the option ${name} of ${call}`);
  return options;
}
