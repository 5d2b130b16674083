import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { errorToJson } from '@connectrpc/connect/protocol-connect';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { CODE_OF_REASON, KeypoolError, type Reason } from '../../src/domain/errors.ts';
import { StoreError } from '../../src/store/errors.ts';
import { toConnectError, toKeypoolError } from '../../src/transport/errors.ts';

const SECRET = 'mongodb://user:upstream-value-1@db';

describe('what a caller gets', () => {
  it('has the code of its reason, ErrorInfo and the request id, for every reason', () => {
    for (const reason of Object.keys(CODE_OF_REASON) as Reason[]) {
      const error = toConnectError(new KeypoolError(reason, 'Do this.', { metadata: { a: 'b' } }), 'req-1');
      assert.equal(
        Code[error.code]?.replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase(),
        CODE_OF_REASON[reason],
      );
      const [info] = error.findDetails(ErrorInfoSchema);
      assert.equal(info?.reason, reason);
      assert.equal(info?.domain, 'keypool');
      assert.deepEqual(info?.metadata, { a: 'b', request_id: 'req-1' });
      assert.equal(error.metadata.has('www-authenticate'), error.code === Code.Unauthenticated);
    }
  });

  it('is told when to try again, exactly and in whole seconds', () => {
    const error = toConnectError(new KeypoolError('POOL_EXHAUSTED', 'Wait.', { retryAfterMs: 1200 }), 'r');
    const [retry] = error.findDetails(RetryInfoSchema);
    assert.equal(retry?.retryDelay?.seconds, 1n);
    assert.equal(retry?.retryDelay?.nanos, 200_000_000);
    assert.equal(error.metadata.get('retry-after'), '2');
  });

  it('is told each field that was refused', () => {
    const violations = [
      { field: 'units', description: 'must be at least 1' },
      { field: 'tierId', description: 'must be given' },
    ];
    const error = toConnectError(new KeypoolError('INVALID_FIELD', 'x', { violations }), 'r');
    const [bad] = error.findDetails(BadRequestSchema);
    assert.deepEqual(
      bad?.fieldViolations.map(({ field, description }) => ({ field, description })),
      violations,
    );
  });
});

describe('what was thrown', () => {
  it('is told by its reason where that is meant for callers', () => {
    assert.equal(toKeypoolError(new StoreError('unavailable', SECRET)).reason, 'STORE_UNAVAILABLE');
    assert.equal(toKeypoolError(new ConnectError(SECRET, Code.DeadlineExceeded)).reason, 'DEADLINE_EXCEEDED');
    assert.equal(toKeypoolError(new ConnectError(SECRET, Code.Canceled)).reason, 'CANCELED');
    assert.equal(toKeypoolError(AbortSignal.abort().reason).reason, 'CANCELED');
  });

  it('stays inside with its words where it is not', () => {
    const thrown = [
      new Error(SECRET),
      new StoreError('exists', SECRET),
      new StoreError('unavailable', SECRET),
      new ConnectError(SECRET, Code.InvalidArgument),
      SECRET,
      undefined,
    ];
    for (const cause of thrown) {
      const error = toConnectError(toKeypoolError(cause), 'r');
      assert.ok(error.code === Code.Internal || error.code === Code.Unavailable);
      const shown = JSON.stringify([errorToJson(error, undefined), [...error.metadata]]);
      assert.ok(!shown.includes(SECRET), shown);
    }
  });
});
