/** Points of an item are kept at most this close, and this long. */
const SPACING = 200;
const KEPT = 15 * 60_000;

/** Point is a price at a time. */
export interface Point {
  readonly time: number;
  readonly price: number;
}

/** History keeps the prices of every item since the page was opened. */
export class History {
  readonly #points = new Map<string, Point[]>();

  add(item: string, time: number, price: number): void {
    const points = this.#points.get(item) ?? [];
    if (points.length === 0) this.#points.set(item, points);
    const last = points.at(-1);
    // Within the spacing the newest price takes the place of the one before.
    if (last && time - last.time < SPACING) points[points.length - 1] = { time: last.time, price };
    else points.push({ time, price });
    const first = points[0];
    if (first && time - first.time > KEPT + 60_000) {
      points.splice(0, points.findIndex((point) => time - point.time <= KEPT));
    }
  }

  /** Returns the points of an item, oldest first. */
  of(item: string): readonly Point[] {
    return this.#points.get(item) ?? [];
  }
}
