import { LRUCache } from 'lru-cache';
import { looksSealed, type SealedPlace, type Sealer } from '../model/sealing.ts';

/** Opens sealed texts, and keeps what they opened to: a hot key's value is drawn far more often than it changes. */
export interface OpenedValues {
  /** Opens the text, or gives plaintext as it is. Throws SealBrokenError; what does not open is not kept. */
  readonly open: (stored: string, place: SealedPlace) => string;
  /** Forgets what a text opened to. */
  readonly forget: (stored: string) => void;
}

/** How much is kept: so many texts, and so many bytes of them and of what they opened to. */
export interface OpenedValuesBounds {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

const BOUNDS: OpenedValuesBounds = { entriesMax: 20_000, bytesMax: 32 * 1024 * 1024 };

/** What an entry takes beside its texts: roughly, and rather more. */
const ENTRY_BYTES = 256;
/** A character of a JavaScript string takes one byte or two. */
const CHARACTER_BYTES = 2;

interface Opened {
  /** The row and field of the table that it opens for. */
  readonly row: string;
  readonly field: string;
  readonly table: string;
  readonly plain: string;
}

/**
 * What a sealed text opens to never changes, so nothing here grows old. Found by the text, which is another each time
 * that something is sealed, and given for the place alone that the text was opened for: elsewhere it must not open.
 */
export function createOpenedValues(sealer: Sealer, bounds: OpenedValuesBounds = BOUNDS): OpenedValues {
  const kept = new LRUCache<string, Opened>({
    max: bounds.entriesMax,
    maxSize: bounds.bytesMax,
    sizeCalculation: ({ row, plain }, stored) =>
      ENTRY_BYTES + CHARACTER_BYTES * (stored.length + plain.length + row.length),
  });
  return {
    open: (stored, place) => {
      if (!looksSealed(stored)) return sealer.open(stored, place);
      const { row, field, table } = place;
      const known = kept.get(stored);
      if (known?.row === row && known.field === field && known.table === table) return known.plain;
      const plain = sealer.open(stored, place);
      kept.set(stored, { row, field, table, plain });
      return plain;
    },
    forget: (stored) => {
      kept.delete(stored);
    },
  };
}
