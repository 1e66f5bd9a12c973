import { Surface } from "./canvas.js";

/** How many points a trend has; with one a second, the last minute. */
const POINTS = 60;
const UP = "#4cc38a";
const DOWN = "#f2777a";
const FLAT = "#8a95a5";

/** Sparkline is the recent course of a price in the width of a cell. */
export class Sparkline {
  readonly canvas = document.createElement("canvas");
  readonly #surface = new Surface(this.canvas);
  readonly #points: number[] = [];
  #latest: number | undefined;

  add(price: number): void {
    this.#latest = price;
  }

  /** Takes the latest price for a point and draws. */
  draw(): void {
    if (this.#latest === undefined) return;
    this.#points.push(this.#latest);
    if (this.#points.length > POINTS) this.#points.shift();
    const context = this.#surface.begin();
    const first = this.#points[0];
    if (!context || first === undefined || this.#points.length < 2) return;
    const { width, height } = this.#surface;
    const low = Math.min(...this.#points);
    const range = Math.max(...this.#points) - low || 1;
    const step = (width - 4) / (POINTS - 1);
    const start = width - 3 - step * (this.#points.length - 1);
    const y = (price: number): number => height - 3 - ((price - low) / range) * (height - 6);
    context.strokeStyle = this.#latest > first ? UP : this.#latest < first ? DOWN : FLAT;
    context.globalAlpha = 0.85;
    context.lineWidth = 1.25;
    context.lineJoin = "round";
    context.beginPath();
    this.#points.forEach((price, i) => context.lineTo(start + i * step, y(price)));
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = context.strokeStyle;
    context.beginPath();
    context.arc(start + (this.#points.length - 1) * step, y(this.#latest), 1.8, 0, 2 * Math.PI);
    context.fill();
  }
}
