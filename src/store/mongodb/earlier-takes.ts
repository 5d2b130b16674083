import { type Expression, ifNull } from './expressions.ts';

/** Takes before the last one that a row still tells of, the newest first: a look after several finds its own among them. */
export const EARLIER_MAX = 4;

/** They, as a pipeline that takes finds them. */
export const EARLIER: Expression = {
  $slice: [
    { $concatArrays: [[{ take: '$took.take', at: '$took.at' }], ifNull('$earlier', [])] },
    EARLIER_MAX,
  ],
};
