import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type Message, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { DrawKeyResponseSchema } from '../../gen/keypool/v1/key_pool_service_pb.ts';
import { TierSchema } from '../../gen/keypool/v1/tier_pb.ts';
import { flatMessageWriter, NO_ROOM } from '../../src/transport/short-path/flat-message.ts';

const write = flatMessageWriter(DrawKeyResponseSchema) ?? assert.fail('the answer to a draw is flat');

function written(message: Message, room: number): Uint8Array | null {
  const into = Buffer.alloc(room);
  const end = write(into, 3, message);
  return end === NO_ROOM ? null : into.subarray(3, end);
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'binary-ascii', maxLength: 200 }),
  fc.constantFrom(
    '',
    'x'.repeat(64),
    'x'.repeat(65),
    'ü'.repeat(64),
    'x'.repeat(127),
    'x'.repeat(128),
    '\ud800',
  ),
);
const texts = fc.dictionary(text, text, { maxKeys: 4 });
const draws = fc
  .record({
    drawId: text,
    keyId: text,
    keyName: text,
    tierId: text,
    value: fc.oneof(text, fc.string({ unit: 'binary', minLength: 1000, maxLength: 3000 })),
    secrets: texts,
    metadata: texts,
    units: fc.oneof(fc.nat(), fc.constantFrom(0, 1, 127, 128, 2 ** 31 - 1)),
    expireTime: fc.option(
      fc.record({ seconds: fc.bigInt(-(2n ** 40n), 2n ** 40n), nanos: fc.nat(999_999_999) }),
      {
        nil: undefined,
      },
    ),
  })
  .map((fields) => create(DrawKeyResponseSchema, fields));

describe('a flat message', () => {
  it('is written as the library writes it', () => {
    fc.assert(
      fc.property(draws, (message) => {
        const expected = toBinary(DrawKeyResponseSchema, message);
        assert.deepEqual(written(message, 1_000_000), Buffer.from(expected));
      }),
      { numRuns: 1000 },
    );
  });

  it('that does not fit is not written, and nothing beyond the room is', () => {
    fc.assert(
      fc.property(draws, fc.nat(2000), (message, room) => {
        const bytes = written(message, room + 3);
        if (bytes !== null) assert.deepEqual(bytes, Buffer.from(toBinary(DrawKeyResponseSchema, message)));
      }),
      { numRuns: 1000 },
    );
  });

  it('with what only the library writes is left to it', () => {
    assert.equal(written(create(DrawKeyResponseSchema, { units: -1 }), 1000), null);
    assert.equal(flatMessageWriter(TierSchema), null);
  });
});
