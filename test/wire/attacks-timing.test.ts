import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken } from '../../src/model/token.ts';
import { type Attacked, attacked, bodyOf, changedAt, withChecksum } from './attacked.ts';

const SAMPLES = 250;
const TRIES = 5;
/** Of a token, before its checksum. */
const RANDOM_LETTERS = 32;

let target: Attacked;
before(async () => {
  target = await attacked('SQLite');
});
after(() => target[Symbol.asyncDispose]());

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

/** How long each of two kinds of call took, in ms, made in turn so that both meet the same weather. */
async function measure(
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
): Promise<readonly [readonly number[], readonly number[]]> {
  const took: [number[], number[]] = [[], []];
  for (let i = 0; i < SAMPLES; i += 1)
    for (const [j, call] of (i % 2 === 0 ? [a, b] : [b, a]).entries()) {
      const startedMs = performance.now();
      await call();
      took[i % 2 === 0 ? j : 1 - j]?.push(performance.now() - startedMs);
    }
  return took;
}

/** Whether the middles of two samples lie closer together than half of one sample's own values do. */
function isNoise([a, b]: readonly [readonly number[], readonly number[]]): boolean {
  const spread = Math.min(...[a, b].map((sample) => quantile(sample, 0.75) - quantile(sample, 0.25)));
  return Math.abs(quantile(a, 0.5) - quantile(b, 0.5)) < spread;
}

/** A busy machine can disturb one series of calls; a real difference shows in every one. */
async function assertAlike(a: () => Promise<unknown>, b: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < TRIES; i += 1) if (isNoise(await measure(a, b))) return;
  assert.fail('one kind takes longer than the other');
}

/** A token that differs from a good one by a letter, seldom the same twice. */
function near(token: string): string {
  const at = 'kp_live_'.length + randomInt(RANDOM_LETTERS);
  const others = 'abcdefghijklmnopqrstuvwxyz'.replace(token.charAt(at), '');
  const letter = others.charAt(randomInt(others.length));
  return withChecksum(bodyOf(token).slice(0, at) + letter + bodyOf(token).slice(at + 1));
}

describe('how long a refusal takes', () => {
  const refusal = (token: () => string) => () => target.call('AuthService/WhoAmI', {}, { token: token() });
  const unknown = () => createToken('kp', 'live', randomBytes);

  it('does not tell a token that nobody has from one that is a letter away from a good one', async () => {
    const { token } = await target.issue();
    await assertAlike(
      refusal(unknown),
      refusal(() => near(token)),
    );
  });

  it('does not tell how much of a good token one begins with', async () => {
    const { token } = await target.issue();
    const wrongAt = (at: number) => withChecksum(changedAt(bodyOf(token), at));
    const first = wrongAt('kp_live_'.length);
    const last = wrongAt(-1);
    await assertAlike(
      refusal(() => first),
      refusal(() => last),
    );
  });

  it('does not tell the root token from what begins like it', async () => {
    const { adminToken } = target.served;
    await assertAlike(
      refusal(() => changedAt(adminToken, 0)),
      refusal(() => changedAt(adminToken, -1)),
    );
  });

  it('does not tell a backend that asks more either', async () => {
    const { token } = await target.issue();
    await assertAlike(
      () => target.verify(unknown()),
      () => target.verify(near(token)),
    );
  });
});
