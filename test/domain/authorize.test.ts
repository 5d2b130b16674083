import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAdmin, requireAdmin } from '../../src/domain/authorize.ts';
import type { Identity } from '../../src/domain/context.ts';
import { KeypoolError } from '../../src/domain/errors.ts';
import { identityByToken } from '../../src/domain/identity.ts';
import { consumerOf } from '../support/store-rows.ts';

function withScopes(...scopes: readonly string[]): Identity {
  return identityByToken(consumerOf({ scopes }));
}

function passes(identity: Identity, access: 'read' | 'write'): boolean {
  try {
    requireAdmin(identity, access);
    return true;
  } catch (error) {
    assert.ok(error instanceof KeypoolError);
    assert.equal(error.reason, 'ADMIN_REQUIRED');
    return false;
  }
}

describe('the admin calls', () => {
  it('are open to the root token and the scope admin', () => {
    for (const identity of [{ kind: 'root' } as const, withScopes('admin')]) {
      assert.ok(isAdmin(identity));
      assert.ok(passes(identity, 'read'));
      assert.ok(passes(identity, 'write'));
    }
  });

  it('are open to the scope admin.read where they only read', () => {
    const identity = withScopes('reports', 'admin.read');
    assert.deepEqual([passes(identity, 'read'), passes(identity, 'write')], [true, false]);
    assert.equal(isAdmin(identity), false);
  });

  it('are closed to everybody else, and to scopes that only look alike', () => {
    const identity = withScopes('admin.write', 'admin.*', 'administrator');
    assert.deepEqual([passes(identity, 'read'), passes(identity, 'write')], [false, false]);
  });
});
