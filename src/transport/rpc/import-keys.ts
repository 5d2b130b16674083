import type { AdminService } from '../../../gen/keypool/v1/admin_service_pb.ts';
import { importKeys } from '../../domain/import-keys.ts';
import { callOf } from '../call.ts';
import { toImportLines } from '../convert/import.ts';
import { fromKey } from '../convert/key.ts';
import type { Rpc } from './rpc.ts';

export const importKeysRpc: Rpc<typeof AdminService.method.importKeys> =
  (context) => async (request, handler) => {
    const { tierId, dryRun } = request;
    const input = { tierId, dryRun, lines: () => toImportLines(request) };
    const imported = await importKeys(context, callOf(handler), input);
    return {
      importedCount: imported.count,
      keys: imported.keys.map(fromKey),
      problems: imported.problems.map((problem) => ({ ...problem })),
      problemsCapped: imported.problemsCapped,
    };
  };
