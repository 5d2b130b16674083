import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ListUsageEventsRequestSchema } from '../../gen/keypool/v1/audit_messages_pb.ts';
import { CreateConsumerRequestSchema } from '../../gen/keypool/v1/consumer_messages_pb.ts';
import {
  BatchCreateKeysRequestSchema,
  CreateKeyRequestSchema,
  UpdateKeyRequestSchema,
} from '../../gen/keypool/v1/key_messages_pb.ts';
import { CalendarUnit } from '../../gen/keypool/v1/key_pb.ts';
import { DrawKeyRequestSchema } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { Outcome } from '../../gen/keypool/v1/outcome_pb.ts';
import { CreateTierRequestSchema } from '../../gen/keypool/v1/tier_messages_pb.ts';
import { type FieldViolation, KeypoolError } from '../../src/domain/errors.ts';
import { validateMessage } from '../../src/transport/validation.ts';

function violations<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): readonly FieldViolation[] {
  try {
    validateMessage(schema, create(schema, init));
    return [];
  } catch (error) {
    assert.ok(error instanceof KeypoolError);
    assert.equal(error.reason, 'INVALID_FIELD');
    return error.violations;
  }
}

const fields = (found: readonly FieldViolation[]) => found.map(({ field }) => field);

describe('the rules of the contract', () => {
  it('let a good request pass', () => {
    assert.deepEqual(violations(DrawKeyRequestSchema, { feature: 'scrape', units: 3 }), []);
  });

  it('name every field at fault as JSON does, with what to do', () => {
    const found = violations(DrawKeyRequestSchema, {
      feature: 'No Such',
      units: 0,
      tierId: '',
      requestId: '',
    });
    assert.deepEqual(fields(found), ['feature', 'units', 'tierId', 'requestId']);
    assert.equal(found[0]?.description, 'must match ^[a-z0-9_:-]{1,63}$');
  });

  it('tell addresses and prefixes from what only looks like them', () => {
    const good = ['192.0.2.7', '10.0.0.0/8', '::1', '2001:db8::/32', '0.0.0.0/0', '::ffff:192.0.2.7'];
    const bad = [
      '',
      '192.0.2',
      '192.0.2.256',
      '10.0.0.1/8',
      '10.0.0.0/33',
      'fe80::1%eth0',
      'localhost',
      '1.2.3.4 ',
    ];
    const allowedIps = [...good, ...bad];
    const found = violations(CreateConsumerRequestSchema, { consumer: { name: 'c', allowedIps } });
    assert.deepEqual(
      fields(found),
      bad.map((_, i) => `consumer.allowedIps[${good.length + i}]`),
    );
  });

  it('name what is wrong with rules and periods', () => {
    const failureRules = [
      { outcome: Outcome.OK },
      { outcome: Outcome.TIMEOUT, minCooldown: durationFromMs(5000), maxCooldown: durationFromMs(1000) },
    ];
    const tier = { id: 't', features: [{ name: 'f' }], failureRules, maxInFlight: 257 };
    assert.deepEqual(fields(violations(CreateTierRequestSchema, { tier })).sort(), [
      'tier.failureRules[0].outcome',
      'tier.failureRules[1]',
      'tier.maxInFlight',
    ]);
    const calendar = { unit: CalendarUnit.DAY };
    const budgets = [
      { limit: 1n, window: durationFromMs(1000), calendar },
      { limit: 1n, startTime: {} },
    ];
    const key = { tierId: 't', value: 'v', budgets, weight: 0 };
    assert.deepEqual(fields(violations(CreateKeyRequestSchema, { key })).sort(), [
      'key.budgets[0]',
      'key.budgets[1]',
      'key.weight',
    ]);
  });

  it('point at list items and map entries', () => {
    const limits = [{ limit: 5, window: durationFromMs(60_000) }, { limit: 5 }];
    const tier = { id: 't', features: [{ name: 'f', limits }] };
    assert.deepEqual(fields(violations(CreateTierRequestSchema, { tier })), [
      'tier.features[0].limits[1].window',
    ]);
    const key = { tierId: 't', value: 'v', metadata: { region: 'x'.repeat(2000) } };
    assert.deepEqual(fields(violations(CreateKeyRequestSchema, { key })), ['key.metadata["region"]']);
  });

  it('on a whole request point at the field they are about', () => {
    assert.deepEqual(fields(violations(CreateKeyRequestSchema, { key: {} })), ['key.tierId', 'key.value']);
    assert.deepEqual(fields(violations(UpdateKeyRequestSchema, { key: { id: 'k' } })), ['updateMask']);
    const backwards = { startTime: { seconds: 2n }, endTime: { seconds: 1n } };
    assert.deepEqual(fields(violations(ListUsageEventsRequestSchema, backwards)), ['endTime']);
  });

  it('on the items of a list point at the field of the item', () => {
    const keys = [
      { tierId: 't', value: 'v' },
      { tierId: 't', value: '' },
    ];
    const found = violations(BatchCreateKeysRequestSchema, { keys });
    assert.deepEqual(found, [{ field: 'keys[1].value', description: "give the key's value" }]);
  });

  it('tell a missing message as such', () => {
    assert.deepEqual(violations(CreateTierRequestSchema, {}), [
      { field: 'tier', description: 'must be given' },
    ]);
  });
});
