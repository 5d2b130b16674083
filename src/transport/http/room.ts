/** Counts calls under way, and lets no more than `max` in. */
export interface Room {
  /** Takes a place; false when there is none. */
  readonly enter: () => boolean;
  readonly leave: () => void;
}

export function createRoom(max: number): Room {
  let inside = 0;
  return {
    enter: () => {
      if (inside >= max) return false;
      inside += 1;
      return true;
    },
    leave: () => {
      inside -= 1;
    },
  };
}
