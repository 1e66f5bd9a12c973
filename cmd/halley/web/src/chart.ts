import { Surface } from "./canvas.js";
import type { Point } from "./history.js";

/** The stretch of time shown, and the least of it while there is little to show, in milliseconds. */
const WINDOW = 5 * 60_000;
const LEAST = 30_000;

const LINE = "#7db7ff";
const AREA = ["rgba(95, 160, 245, 0.22)", "rgba(95, 160, 245, 0)"] as const;
const GRID = "rgba(148, 163, 184, 0.09)";
const TEXT = "#8692a3";
const FONT = '11px Inter, "Segoe UI", system-ui, sans-serif';
const MARGIN = { top: 10, right: 66, bottom: 22, left: 12 };
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Chart draws the prices of one instrument as a line. */
export class Chart {
  readonly #surface: Surface;
  /** Where the pointer is, in pixels from the left. */
  #pointer: number | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#surface = new Surface(canvas);
    canvas.addEventListener("pointermove", (event) => (this.#pointer = event.offsetX));
    canvas.addEventListener("pointerleave", () => (this.#pointer = undefined));
  }

  /** Draws the points up to `now`. `digits` is how exact the feed's prices are. */
  draw(points: readonly Point[], now: number, digits: number): void {
    const context = this.#surface.begin();
    const first = points[0];
    if (!context || !first) return;
    const { width, height } = this.#surface;
    const right = width - MARGIN.right;
    const bottom = height - MARGIN.bottom;
    const span = Math.min(WINDOW, Math.max(LEAST, now - first.time));
    const from = now - span;
    // The last point before the window says where its line comes in.
    const begin = Math.max(0, points.findIndex((point) => point.time >= from) - 1);
    const shown = points.slice(points.some((point) => point.time >= from) ? begin : points.length - 1);
    const [low, high] = range(shown, digits);
    const x = (time: number): number => MARGIN.left + (Math.max(0, time - from) / span) * (right - MARGIN.left);
    const y = (price: number): number => bottom - ((price - low) / (high - low)) * (bottom - MARGIN.top);

    context.font = FONT;
    context.textBaseline = "middle";
    this.#prices(context, low, high, y, right, digits, y(shown.at(-1)?.price ?? low));
    this.#times(context, from, span, x, bottom);

    const line = new Path2D();
    let before: Point | undefined;
    for (const point of shown) {
      // A price holds until the next one.
      if (before) line.lineTo(x(point.time), y(before.price));
      line.lineTo(x(point.time), y(point.price));
      before = point;
    }
    if (!before) return;
    line.lineTo(right, y(before.price));
    const area = new Path2D(line);
    area.lineTo(right, bottom);
    area.lineTo(x(shown[0]?.time ?? from), bottom);
    const fill = context.createLinearGradient(0, MARGIN.top, 0, bottom);
    fill.addColorStop(0, AREA[0]);
    fill.addColorStop(1, AREA[1]);
    context.fillStyle = fill;
    context.fill(area);
    context.strokeStyle = LINE;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.stroke(line);
    context.fillStyle = LINE;
    context.beginPath();
    context.arc(right, y(before.price), 2.5, 0, 2 * Math.PI);
    context.fill();
    this.#tag(context, right + 6, y(before.price), before.price.toFixed(digits), LINE, "#0b1017");
    this.#cross(context, shown, { x, y, right, bottom, from, span, digits });
  }

  #prices(context: CanvasRenderingContext2D, low: number, high: number, y: (price: number) => number, right: number, digits: number, tagged: number): void {
    const step = niceStep((high - low) / 4, digits);
    context.textAlign = "left";
    for (let price = Math.ceil(low / step) * step; price <= high; price += step) {
      const at = Math.round(y(price)) + 0.5;
      context.strokeStyle = GRID;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(MARGIN.left, at);
      context.lineTo(right, at);
      context.stroke();
      context.fillStyle = TEXT;
      // The tag of the present price stands here already.
      if (Math.abs(at - tagged) > 15) context.fillText(price.toFixed(digits), right + 11, at);
    }
  }

  #times(context: CanvasRenderingContext2D, from: number, span: number, x: (time: number) => number, bottom: number): void {
    const step = [5, 10, 15, 30, 60, 120, 300].map((s) => s * 1000).find((s) => span / s <= 4.5) ?? 300_000;
    context.textAlign = "center";
    context.fillStyle = TEXT;
    for (let time = Math.ceil(from / step) * step; time < from + span; time += step) {
      const at = x(time);
      if (at < MARGIN.left + 26 || at > x(from + span) - 20) continue;
      context.fillText(clock.format(time), at, bottom + 13);
      context.strokeStyle = GRID;
      context.beginPath();
      context.moveTo(Math.round(at) + 0.5, MARGIN.top);
      context.lineTo(Math.round(at) + 0.5, bottom);
      context.stroke();
    }
  }

  /** The price at the pointer. */
  #cross(context: CanvasRenderingContext2D, shown: readonly Point[], plot: Plot): void {
    const { x, y, right, bottom, from, span, digits } = plot;
    if (this.#pointer === undefined || this.#pointer < MARGIN.left || this.#pointer > right) return;
    const time = from + ((this.#pointer - MARGIN.left) / (right - MARGIN.left)) * span;
    const point = shown.findLast((one) => one.time <= time) ?? shown[0];
    if (!point) return;
    const at = Math.round(x(time)) + 0.5;
    context.strokeStyle = "rgba(200, 212, 228, 0.35)";
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(at, MARGIN.top);
    context.lineTo(at, bottom);
    context.moveTo(MARGIN.left, Math.round(y(point.price)) + 0.5);
    context.lineTo(right, Math.round(y(point.price)) + 0.5);
    context.stroke();
    context.setLineDash([]);
    this.#tag(context, right + 6, y(point.price), point.price.toFixed(digits), "#38455a", "#e6edf6");
    const label = clock.format(time);
    const width = context.measureText(label).width + 12;
    context.fillStyle = "#38455a";
    context.beginPath();
    context.roundRect(Math.min(Math.max(at - width / 2, 0), right - width), bottom + 4, width, 18, 3);
    context.fill();
    context.fillStyle = "#e6edf6";
    context.textAlign = "center";
    context.fillText(label, Math.min(Math.max(at, width / 2), right - width / 2), bottom + 13);
  }

  #tag(context: CanvasRenderingContext2D, left: number, at: number, text: string, back: string, front: string): void {
    context.fillStyle = back;
    context.beginPath();
    context.roundRect(left, at - 9, context.measureText(text).width + 10, 18, 3);
    context.fill();
    context.fillStyle = front;
    context.textAlign = "left";
    context.fillText(text, left + 5, at + 0.5);
  }
}

interface Plot {
  readonly x: (time: number) => number;
  readonly y: (price: number) => number;
  readonly right: number;
  readonly bottom: number;
  readonly from: number;
  readonly span: number;
  readonly digits: number;
}

/** The prices to show, with room above and below, and never so few that one step of the price looks like a cliff. */
function range(points: readonly Point[], digits: number): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (const { price } of points) {
    low = Math.min(low, price);
    high = Math.max(high, price);
  }
  const least = 6 * 10 ** -digits;
  const room = Math.max((high - low) * 0.12, (least - (high - low)) / 2);
  return [low - room, high + room];
}

/** A round step, no finer than the prices themselves. */
function niceStep(step: number, digits: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const round = [1, 2, 5, 10].find((n) => n * power >= step) ?? 10;
  return Math.max(round * power, 10 ** -digits);
}
