/** More changed cells than this in one frame are shown without flashes: nobody can follow them, and painting them costs. */
const MOST = 200;

const CLASSES = ["flash-up-0", "flash-up-1", "flash-down-0", "flash-down-1"] as const;

/**
 * Flasher lets cells light up. A cell has at most one flash running; each of two equal animations takes its turn, as
 * changing from one to the other is what starts an animation again.
 */
export class Flasher {
  readonly #turn = new WeakMap<HTMLElement, number>();
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");
  #cells: [cell: HTMLElement, up: boolean][] = [];

  /** Notes a cell that has changed in this frame. */
  add(cell: HTMLElement, up: boolean): void {
    this.#cells.push([cell, up]);
  }

  /** Starts the flashes of this frame. */
  flush(): void {
    const cells = this.#cells;
    this.#cells = [];
    if (cells.length > MOST || this.#still.matches) return;
    for (const [cell, up] of cells) {
      const turn = 1 - (this.#turn.get(cell) ?? 0);
      this.#turn.set(cell, turn);
      cell.classList.remove(...CLASSES);
      cell.classList.add(`flash-${up ? "up" : "down"}-${turn}`);
    }
  }
}
