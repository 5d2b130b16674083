import type { TakeRequest } from '../../model/take.ts';
import { needsMoreThanMeters } from '../../model/tier-policy.ts';
import { type Expression, ifNull, literal } from './expressions.ts';
import { fitsRoom, type ReadRow, type Room, roomOf, roomyFilter, roomyPipeline } from './roomy-take.ts';
import type { RowShape } from './take-decision.ts';
import { STORE_NOW, takeFilter, takePipeline, type UpdatePipeline } from './take-pipeline.ts';

/** A take that the server works out: for a row as it was read, or for any. */
export type PipelineForm =
  | { readonly kind: 'roomy'; readonly room: Room }
  | { readonly kind: 'shaped'; readonly shape: RowShape };

/** How a take is put. `decided`: it is worked out here, from the row as it is read for it. */
export type TakeForm = PipelineForm | { readonly kind: 'decided' };

/** Holds whatever a row is of which the pipelines know all. */
export const GENERAL_FORM: PipelineForm = { kind: 'shaped', shape: 'any' };

const DECIDED: TakeForm = { kind: 'decided' };

/** The shortest form that a row allows. `row`: as it was read, if it was; `now`: the store's moment as known here (ms). */
export function takeForm(row: ReadRow | undefined, request: TakeRequest, now: number): TakeForm {
  if (row?.smart === true || needsMoreThanMeters(request.policy)) return DECIDED;
  if (row === undefined) return GENERAL_FORM;
  const room = roomOf(row, request, now);
  if (room !== null && fitsRoom(room, request)) return { kind: 'roomy', room };
  if (row.expireAt !== null) return GENERAL_FORM;
  const plain = row.budgets.length === 0 && row.open.length === 0;
  return { kind: 'shaped', shape: plain ? 'plain' : 'budgeted' };
}

/** The conditions on a row for which {@link formPipeline} holds. */
export function formFilter(form: PipelineForm, request: TakeRequest): object {
  const asRead = form.kind === 'roomy' ? roomyFilter(form.room, request) : takeFilter(request, form.shape);
  return { smart: { $exists: false }, ...asRead };
}

/** Takes before the last one that a row still tells of. */
export const EARLIER_MAX = 4;
/** A look after several takes finds its own also where others have taken since. */
const EARLIER: Expression = {
  $slice: [
    { $concatArrays: [[{ take: '$took.take', at: '$took.at' }], ifNull('$earlier', [])] },
    EARLIER_MAX,
  ],
};

/** `by`: the process that takes, noted in the row. `shared`: others draw from the queue too. */
export function formPipeline(
  form: PipelineForm,
  request: TakeRequest,
  { by, shared }: { readonly by: string; readonly shared: boolean },
): UpdatePipeline {
  const pipeline =
    form.kind === 'roomy'
      ? roomyPipeline(form.room, request, STORE_NOW)
      : takePipeline(request, form.shape, STORE_NOW);
  const noted = { takenBy: literal(by), ...(shared ? { earlier: EARLIER } : {}) };
  return pipeline.with(-1, { $set: { ...pipeline.at(-1)?.$set, ...noted } });
}
