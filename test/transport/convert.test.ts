import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { DurationSchema, FieldMaskSchema, TimestampSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { TierSchema } from '../../gen/keypool/v1/tier_pb.ts';
import { KeypoolError } from '../../src/domain/errors.ts';
import { PLAIN_POLICY } from '../../src/model/tier-policy.ts';
import { fromAdminEvent } from '../../src/transport/convert/admin-event.ts';
import { maskedChanges } from '../../src/transport/convert/field-mask.ts';
import { fromTier, toFeatures } from '../../src/transport/convert/tier.ts';
import {
  durationFromMs,
  msFromDuration,
  msFromTimestamp,
  timestampFrom,
} from '../../src/transport/convert/time.ts';

const MOMENT_MAX_MS = 253_402_300_799_999;

describe('times', () => {
  it('go out and come in as the same milliseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MOMENT_MAX_MS }), (ms) => {
        assert.equal(msFromTimestamp(timestampFrom(ms)), ms);
        assert.equal(msFromDuration(durationFromMs(ms)), ms);
      }),
    );
  });

  it('lose what is finer than a millisecond, never gain', () => {
    const finer = { seconds: 5n, nanos: 1_999_999 };
    assert.equal(msFromTimestamp(create(TimestampSchema, finer)), 5001);
    assert.equal(msFromDuration(create(DurationSchema, finer)), 5001);
  });
});

describe('a tier', () => {
  it('goes out and comes in with the same features', () => {
    const limit = fc.record(
      {
        limit: fc.integer({ min: 1, max: 1e9 }),
        windowMs: fc.integer({ min: 100, max: 366 * 86_400_000 }),
        algorithm: fc.constantFrom('sliding' as const, 'fixed' as const),
        guardMs: fc.option(fc.integer({ min: 50, max: 3_600_000 })),
      },
      { noNullPrototype: true },
    );
    const feature = fc.record(
      {
        name: fc.constantFrom('a', 'b:c'),
        limits: fc.array(limit, { maxLength: 4 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(feature), (features) => {
        const tier = {
          id: 't',
          description: 'd',
          features,
          policy: PLAIN_POLICY,
          revision: 3,
          createdAt: 1,
          updatedAt: 2,
        };
        const message = create(TierSchema, fromTier(tier));
        assert.deepEqual(toFeatures(message.features), features);
        assert.equal(message.etag, '3');
      }),
    );
  });
});

describe('an update mask', () => {
  const read = { name: () => ({ name: 'n' }), expire_time: () => ({ expireAt: null }) };
  const changes = (paths: string[]) =>
    maskedChanges<{ name: string; expireAt: null }>(create(FieldMaskSchema, { paths }), read);

  it('takes over the fields it names and no other', () => {
    assert.deepEqual(changes(['expire_time']), { expireAt: null });
    assert.deepEqual(changes([]), {});
  });

  it('is refused when it names what cannot be changed', () => {
    for (const path of ['id', 'used', 'toString', '__proto__', ''])
      assert.throws(
        () => changes(['name', path]),
        (error) => error instanceof KeypoolError && error.violations[0]?.field === 'updateMask',
        path,
      );
  });
});

describe('an admin event', () => {
  it('shows old and new values as JSON, and nothing where there was nothing', () => {
    const event = fromAdminEvent({
      id: 'e',
      at: 1,
      actor: { kind: 'consumer', id: 'c1', name: 'Ada' },
      action: 'UpdateTier',
      resourceType: 'tier',
      resourceId: 't',
      changes: [{ field: 'description', before: null, after: '"new"' }],
      requestId: 'r',
      peerAddress: '192.0.2.7',
    });
    assert.equal(event.actor?.name, 'Ada');
    assert.equal(event.changes?.[0]?.oldValue, undefined);
    const { newValue } = event.changes?.[0] ?? {};
    assert.ok(newValue !== undefined && 'kind' in newValue);
    assert.deepEqual(newValue.kind, { case: 'stringValue', value: 'new' });
  });
});
