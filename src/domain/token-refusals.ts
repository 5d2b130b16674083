import { KeypoolError } from './errors.ts';

export function tokenMissing(): KeypoolError {
  return new KeypoolError(
    'TOKEN_MISSING',
    'Send a token: as "Authorization: Bearer <token>", or in the header X-API-Key.',
  );
}

export function tokenInvalid(cause?: unknown): KeypoolError {
  return new KeypoolError('TOKEN_INVALID', 'The token is not known. Check that it was copied whole.', {
    cause,
  });
}

export function tokenExpired(): KeypoolError {
  return new KeypoolError('TOKEN_EXPIRED', 'This token has expired. Get a new one.');
}

/** For a JWT whose token was replaced or withdrawn since. */
export function tokenReplaced(): KeypoolError {
  return new KeypoolError(
    'TOKEN_REVOKED',
    'The token that this one was exchanged for is no longer accepted. Exchange the present one.',
  );
}

export function subjectDenied(): KeypoolError {
  return new KeypoolError('TOKEN_REVOKED', 'An admin has denied the subject of this token.');
}
