import type { Change } from "./item.js";
import type { Mode } from "./requests.js";

/** Events of DISTINCT and RAW items that a frame may hold. Past it the oldest are lost, and told. */
export const FRAME_LIMIT = 1_000;

/**
 * Frame gathers changes between two paints. Where only the latest state counts (MERGE, COMMAND) it holds one change per
 * item or key, merged, so that its size is bounded by what there is to show and not by the speed of the feed.
 */
export class Frame {
  #merged = new Map<string, Change>();
  #events: Change[] = [];
  #dropped = new Map<number, number>();

  constructor(private readonly mode: Mode) {}

  add(change: Change): void {
    if (this.mode === "MERGE" || this.mode === "COMMAND") return this.#merge(change);
    this.#events.push(change);
    if (this.#events.length <= FRAME_LIMIT) return;
    const oldest = this.#events.shift();
    if (oldest) this.#dropped.set(oldest.item, (this.#dropped.get(oldest.item) ?? 0) + 1);
  }

  /** Forgets an item, whose rows have just been cleared. */
  clear(item: number): void {
    for (const [id, change] of this.#merged) if (change.item === item) this.#merged.delete(id);
    this.#events = this.#events.filter((change) => change.item !== item);
  }

  /** Gives away what was gathered, and how many events of which items were dropped. */
  take(): { changes: readonly Change[]; dropped: ReadonlyMap<number, number> } {
    const taken = { changes: [...this.#merged.values(), ...this.#events], dropped: this.#dropped };
    this.#merged = new Map();
    this.#events = [];
    this.#dropped = new Map();
    return taken;
  }

  #merge(next: Change): void {
    const id = next.key === undefined ? `${next.item}` : `${next.item} ${next.key}`;
    const before = this.#merged.get(id);
    const merged = before ? mergeChanges(before, next) : next;
    if (merged) this.#merged.set(id, merged);
    else this.#merged.delete(id);
  }
}

/** mergeChanges makes one change of two in a row, or none when together they have no effect. */
export function mergeChanges(first: Change, second: Change): Change | undefined {
  const snapshot = first.snapshot && second.snapshot;
  // Added and deleted again since the last paint: nobody has seen it.
  if (first.command === "ADD" && second.command === "DELETE") return undefined;
  const command = first.command === "ADD" ? "ADD" : first.command === "DELETE" && second.command === "ADD" ? "UPDATE" : second.command;
  const changed = union(first.changed, second.changed);
  return { ...second, changed, snapshot, command };
}

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return [...new Set([...a, ...b])];
}
