import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { ListUsageEventsRequestSchema } from '../../gen/keypool/v1/audit_messages_pb.ts';
import {
  BatchCreateKeysRequestSchema,
  CreateKeyRequestSchema,
  UpdateKeyRequestSchema,
} from '../../gen/keypool/v1/key_messages_pb.ts';
import { DrawKeyRequestSchema } from '../../gen/keypool/v1/key_pool_service_pb.ts';
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
