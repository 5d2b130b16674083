import type { AuthService } from '../../../gen/keypool/v1/auth_service_pb.ts';
import { exchangeToken } from '../../domain/exchange-token.ts';
import { callOf } from '../call.ts';
import { timestampFrom } from '../convert/time.ts';
import type { Rpc } from './rpc.ts';

export const exchangeTokenRpc: Rpc<typeof AuthService.method.exchangeToken> =
  (context) => async (_request, handler) => {
    const { token, expireAt } = await exchangeToken(context, callOf(handler));
    return { accessToken: token, tokenType: 'Bearer', expireTime: timestampFrom(expireAt) };
  };
