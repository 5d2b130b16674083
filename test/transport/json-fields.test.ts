import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { CreateKeyRequestSchema, UpdateKeyRequestSchema } from '../../gen/keypool/v1/key_messages_pb.ts';
import { CreateTierRequestSchema } from '../../gen/keypool/v1/tier_messages_pb.ts';
import { refusedJsonFields } from '../../src/transport/json-fields.ts';

const fieldsOf = (json: JsonValue) =>
  refusedJsonFields(CreateTierRequestSchema, json).map(({ field }) => field);

describe('fields of a JSON request that do not fit', () => {
  it('are told all at once with their paths', () => {
    const tier: JsonValue = {
      id: 5,
      featuers: [],
      features: [
        { name: 'a' },
        { name: 'b', limits: [{ limit: '1e3' }, { limit: {}, window: 60, algorithm: 'FAST' }] },
      ],
    };
    assert.deepEqual(fieldsOf({ tier }), [
      'tier.id',
      'tier.featuers',
      'tier.features[1].limits[1].limit',
      'tier.features[1].limits[1].window',
      'tier.features[1].limits[1].algorithm',
    ]);
  });

  it('are told with what to write instead', () => {
    const told = (json: JsonValue) => refusedJsonFields(UpdateKeyRequestSchema, json)[0]?.description ?? '';
    assert.match(told({ key: { expireTime: 'tomorrow' } }), /RFC 3339/);
    assert.match(told({ key: { budgets: [{ window: '1h' }] } }), /"60s"/);
    assert.match(told({ updateMask: { paths: ['name'] } }), /lowerCamelCase/);
    assert.match(told({ key: { state: 'ON' } }), /KEY_STATE_ACTIVE, KEY_STATE_DISABLED/);
    assert.match(told({ key: { budgets: [{ limit: '99999999999999999999' }] } }), /int64/);
    assert.match(told({ key: { metadata: { a: 1 } } }), /in an object/);
    assert.match(told({ key: [] }), /object/);
    assert.match(told({ nmae: 1 }), /no field of keypool\.v1\.UpdateKeyRequest/);
  });

  it('never show what was written, for it may be a secret', () => {
    const secret = 'upstream-value-1';
    const json = {
      key: { value: [secret], secrets: { a: [secret] }, tierId: { secret }, expireTime: secret },
    };
    assert.ok(!JSON.stringify(refusedJsonFields(CreateKeyRequestSchema, json)).includes(secret));
  });

  it('are none exactly where the request can be decoded', () => {
    const part = fc.oneof(fc.jsonValue(), fc.constantFrom('60s', 'a', 1, [], {}, null));
    const limit = fc.record({ limit: part, window: part, x: part }, { requiredKeys: [] });
    const feature = fc.record({ name: part, limits: fc.oneof(fc.array(limit), part) }, { requiredKeys: [] });
    const tier = fc.record({ id: part, features: fc.oneof(fc.array(feature), part) }, { requiredKeys: [] });
    const request = fc.record({ tier: fc.oneof(tier, part) }, { requiredKeys: [] });
    fc.assert(
      fc.property(request, (generated) => {
        const json: JsonValue = JSON.parse(JSON.stringify(generated));
        let decodes = true;
        try {
          fromJson(CreateTierRequestSchema, json, { ignoreUnknownFields: false });
        } catch {
          decodes = false;
        }
        assert.equal(fieldsOf(json).length === 0, decodes, JSON.stringify(json));
      }),
    );
  });
});
