import { create } from '@bufbuild/protobuf';
import {
  type OwnerCredits as OwnerCreditsMessage,
  OwnerCreditsSchema,
} from '../../../gen/keypool/v1/owner_credits_messages_pb.ts';
import type { OwnerCredits } from '../../model/credit.ts';
import { timestampFrom } from './time.ts';

export function fromOwnerCredits({ owner, creditsPerMinute, updatedAt }: OwnerCredits): OwnerCreditsMessage {
  return create(OwnerCreditsSchema, { owner, creditsPerMinute, updateTime: timestampFrom(updatedAt) });
}
