import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadlineMs } from '../../src/transport/http/deadline.ts';

describe('the time a call may take', () => {
  it('is what the caller says in its protocol', () => {
    assert.equal(deadlineMs('connect', new Headers({ 'connect-timeout-ms': '250' }), 30_000), 250);
    assert.equal(deadlineMs('connect-stream', new Headers({ 'connect-timeout-ms': '250' }), 30_000), 250);
    assert.equal(deadlineMs('grpc', new Headers({ 'grpc-timeout': '2S' }), 30_000), 2000);
    assert.equal(deadlineMs('grpc-web', new Headers({ 'grpc-timeout': '250m' }), 30_000), 250);
  });

  it('is the longest allowed where the caller says nothing', () => {
    assert.equal(deadlineMs('grpc', new Headers(), 30_000), 30_000);
  });

  it('is never longer than allowed, and no timer is asked to hold more than it can', () => {
    const headers = new Headers({ 'grpc-timeout': '99999999H' });
    assert.equal(deadlineMs('grpc', headers, 30_000), 30_000);
    assert.equal(headers.has('grpc-timeout'), false);
  });

  it('is left to the protocol to refuse when it is malformed', () => {
    const headers = new Headers({ 'connect-timeout-ms': 'soon' });
    assert.equal(deadlineMs('connect', headers, 30_000), 30_000);
    assert.equal(headers.get('connect-timeout-ms'), 'soon');
  });
});
