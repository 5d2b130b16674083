import type { AuthService } from '../../../gen/keypool/v1/auth_service_pb.ts';
import { CallerKind } from '../../../gen/keypool/v1/caller_pb.ts';
import { type Caller, whoAmI } from '../../domain/who-am-i.ts';
import { callOf } from '../call.ts';
import { fromConsumer } from '../convert/consumer.ts';
import { fromCredits } from '../convert/credits.ts';
import type { Rpc } from './rpc.ts';

const KINDS: Readonly<Record<Caller['kind'], CallerKind>> = {
  root: CallerKind.ROOT,
  consumer: CallerKind.CONSUMER,
  subject: CallerKind.SUBJECT,
};

export const whoAmIRpc: Rpc<typeof AuthService.method.whoAmI> = () => (_request, handler) => {
  const call = callOf(handler);
  const { kind, consumer, subject, grantedTierIds, scopes } = whoAmI(call);
  return {
    kind: KINDS[kind],
    consumer: consumer === null ? undefined : fromConsumer(consumer),
    grantedTierIds: [...grantedTierIds],
    scopes: [...scopes],
    credits: fromCredits(call.credits ?? null),
    subject: subject?.subject ?? '',
    extra: subject === null ? undefined : { ...subject.extra },
  };
};
