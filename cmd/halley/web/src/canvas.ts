/** Surface is a canvas whose pixels are those of the screen. */
export class Surface {
  readonly #context: CanvasRenderingContext2D;
  width = 0;
  height = 0;

  constructor(readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("this browser draws nothing");
    this.#context = context;
  }

  /** Clears the canvas, at the size it has on the page now. Returns nothing when there is no room to draw. */
  begin(): CanvasRenderingContext2D | undefined {
    const { canvas } = this;
    const ratio = devicePixelRatio;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    if (this.width === 0 || this.height === 0) return undefined;
    const width = Math.round(this.width * ratio);
    const height = Math.round(this.height * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#context.clearRect(0, 0, this.width, this.height);
    return this.#context;
  }
}
