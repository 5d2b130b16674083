import { create } from '@bufbuild/protobuf';
import { type Credits, CreditsSchema } from '../../../gen/keypool/v1/credits_pb.ts';
import type { CreditStanding } from '../../model/credit.ts';
import { timestampFrom } from './time.ts';

/** Where credits stand; absent where nothing limits the caller. */
export function fromCredits(standing: CreditStanding | null | undefined): Credits | undefined {
  if (standing === null || standing === undefined) return undefined;
  const { limit, cost, remaining, resetAt } = standing;
  return create(CreditsSchema, { limit, cost, remaining, resetTime: timestampFrom(resetAt) });
}
