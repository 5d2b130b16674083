import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthService } from '../../gen/keypool/v1/auth_service_pb.ts';
import { DEFAULT_CREDIT_SETTINGS } from '../../src/domain/credit-settings.ts';
import type { Reason } from '../../src/domain/errors.ts';
import { admit } from '../../src/transport/request-gate.ts';
import { createRequestInfo } from '../../src/transport/request-info.ts';
import { openAsking } from '../domain/open-asking.ts';
import { openDomain } from '../domain/open-domain.ts';
import { refused } from '../domain/refusals.ts';

describe('a request that another path takes over while it is being charged', () => {
  it('is charged once', async (t) => {
    const credits = { ...DEFAULT_CREDIT_SETTINGS, creditsPerMinute: 100 };
    const { context } = await openDomain(t, { credits });
    const fail = async () => {
      const info = createRequestInfo('request-1', '192.0.2.1');
      const tried = () => admit(context, AuthService.method.whoAmI, info, 'nonsense');
      const both = await Promise.allSettled([tried(), tried()]);
      assert.deepEqual(
        both.map(({ status }) => status),
        ['rejected', 'rejected'],
      );
      return info.charge?.credits?.remaining;
    };
    assert.deepEqual([await fail(), await fail()], [90, 80]);
  });
});

it('a token that is not looked at for want of credits costs none, and its call is told where they stand', async (t) => {
  const credits = { ...DEFAULT_CREDIT_SETTINGS, creditsPerMinute: 25 };
  const { context, asked, answers } = await openAsking(t, {}, credits);
  const held = Promise.withResolvers<null>();
  answers.set('held', held.promise);
  const come = async (token: string, reason: Reason) => {
    const info = createRequestInfo('request-1', '192.0.2.1');
    await refused(admit(context, AuthService.method.whoAmI, info, token), reason);
    return info.charge?.credits?.remaining;
  };
  assert.deepEqual([await come('a', 'TOKEN_INVALID'), await come('b', 'TOKEN_INVALID')], [15, 5]);
  assert.equal(await come('c', 'CREDITS_EXHAUSTED'), 5);
  const underWay = come('held', 'CREDITS_EXHAUSTED');
  for (const token of ['d', 'e']) assert.equal(await come(token, 'CREDITS_EXHAUSTED'), 5);
  assert.deepEqual(asked, ['a', 'b', 'c', 'held']);
  held.resolve(null);
  assert.equal(await underWay, 5);
});
