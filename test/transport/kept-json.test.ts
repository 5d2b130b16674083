import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, toJsonString } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { VerifyCode, VerifyTokenResponseSchema } from '../../gen/keypool/v1/auth_messages_pb.ts';
import { ConsumerSchema } from '../../gen/keypool/v1/consumer_pb.ts';
import { CreditsSchema } from '../../gen/keypool/v1/credits_pb.ts';
import { jsonWriter, keepJson } from '../../src/transport/kept-json.ts';

const write = jsonWriter(VerifyTokenResponseSchema);
const text = fc.string({ unit: 'binary', maxLength: 20 });
const texts = fc.array(text, { maxLength: 3 });
const time = fc.nat().map(timestampFromMs);

const consumers = fc
  .record({
    id: text,
    name: text,
    scopes: texts,
    creditsPerMinute: fc.option(fc.nat(), { nil: undefined }),
    createTime: time,
  })
  .map((fields) => create(ConsumerSchema, fields));
const credits = fc
  .record({ limit: fc.nat(), cost: fc.nat(), remaining: fc.nat(), resetTime: time })
  .map((fields) => create(CreditsSchema, fields));
const optional = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });

const answers = fc.record({
  code: fc.constantFrom(VerifyCode.UNSPECIFIED, VerifyCode.VALID, VerifyCode.CREDITS_EXHAUSTED),
  consumer: optional(consumers),
  credits: optional(credits),
  retryTime: optional(time),
  subject: text,
  scopes: texts,
  extra: optional(fc.dictionary(text, fc.oneof(text, fc.boolean(), fc.constant(null)))),
});

describe('JSON of answers with messages that are kept', () => {
  it('is what the library writes, the first time and every other', () => {
    fc.assert(
      fc.property(answers, fc.boolean(), fc.boolean(), (fields, keepsConsumer, keepsCredits) => {
        const answer = create(VerifyTokenResponseSchema, fields);
        const expected = toJsonString(VerifyTokenResponseSchema, answer);
        if (keepsConsumer && answer.consumer !== undefined) keepJson(answer.consumer);
        if (keepsCredits && answer.credits !== undefined) keepJson(answer.credits);
        for (let i = 0; i < 3; i += 1) assert.equal(write(answer), expected);
      }),
    );
  });

  it('leaves the message as it was', () => {
    const consumer = keepJson(create(ConsumerSchema, { id: 'a' }));
    const answer = create(VerifyTokenResponseSchema, { consumer });
    write(answer);
    assert.equal(answer.consumer, consumer);
  });
});
