import type { Client, Frequency, Status, TransportChoice } from "halley-client";
import { byId, Label, part } from "./dom.js";

const TRANSPORT_NAMES: Readonly<Record<string, string>> = {
  websocket: "WebSocket",
  "http-streaming": "HTTP streaming",
  "http-polling": "HTTP polling",
};

/** The stops of the slider, in updates per second and item. */
const RATES: readonly Frequency[] = [0.5, 1, 2, 3, 5, 10, "unlimited"];

/** An update older than this is marked, in milliseconds. */
const OLD = 5_000;
const REFRESH = 250;
/** The meters show the mean of so many refreshes. */
const MEAN_OF = 8;

/** StripEvents are what the strip asks the page to do. */
export interface StripEvents {
  readonly onFrequency: (frequency: Frequency) => void;
  /** Returns the cells written since the last call. */
  readonly takePainted: () => number;
}

/** StatusStrip shows how the page stands with its server, and lets one change that. */
export class StatusStrip {
  readonly #badge = part("connection");
  readonly #state = new Label(part("connection-state"));
  readonly #detail = new Label(part("connection-detail"));
  readonly #updates = new Label(part("updates"));
  readonly #painted = new Label(part("painted"));
  readonly #age = new Label(part("age"));
  readonly #updateRate = new Meter();
  readonly #paintRate = new Meter();
  readonly #events: StripEvents;
  #status: Status;
  #retryAt = 0;
  #updatedAt: number | undefined;
  #count = 0;

  constructor(client: Client, transport: TransportChoice, events: StripEvents) {
    this.#events = events;
    this.#status = client.status;
    client.on("status", (status) => this.#show(status));
    this.#show(client.status);
    this.#controls(client, transport);
    setInterval(() => this.#refresh(), REFRESH);
  }

  /** Counts an update. */
  updated(now: number): void {
    this.#count++;
    this.#updatedAt = now;
  }

  #show(status: Status): void {
    this.#status = status;
    this.#badge.dataset["state"] = status.state;
    this.#badge.dataset["transport"] = "transport" in status ? status.transport : "";
    // Values without a live connection are shown as what they are.
    document.body.dataset["state"] = status.state;
    if (status.state === "retrying") this.#retryAt = Date.now() + status.delay;
    const [state, detail] = textOf(status);
    this.#state.set(state);
    this.#detail.set(detail);
    this.#badge.title = "cause" in status && status.cause ? status.cause.message : "";
    byId("kill", HTMLButtonElement).disabled = status.state !== "connected" && status.state !== "stale";
  }

  #refresh(): void {
    this.#updateRate.add(this.#count);
    this.#count = 0;
    this.#paintRate.add(this.#events.takePainted());
    this.#updates.set(this.#updateRate.perSecond());
    this.#painted.set(this.#paintRate.perSecond());
    if (this.#updatedAt === undefined) {
      this.#age.set("–");
    } else {
      const age = Date.now() - this.#updatedAt;
      this.#age.set(age < 60_000 ? `${(age / 1000).toFixed(1)} s` : `${Math.floor(age / 60_000)} min`);
      this.#age.element.dataset["old"] = `${age > OLD}`;
    }
    if (this.#status.state === "retrying") {
      const left = Math.ceil((this.#retryAt - Date.now()) / 1000);
      this.#detail.set(left > 0 ? `in ${left} s` : "now");
    }
  }

  #controls(client: Client, transport: TransportChoice): void {
    const radios = [...part("transport").querySelectorAll<HTMLInputElement>("input")];
    for (const radio of radios) {
      radio.checked = radio.value === transport;
      radio.addEventListener("change", () => client.setTransport(radio.value as TransportChoice));
    }
    part("kill").addEventListener("click", () => client.drop());
    const slider = byId("frequency", HTMLInputElement);
    const value = new Label(part("frequency-value"));
    const rate = (): Frequency => RATES[slider.valueAsNumber] ?? "unlimited";
    const show = (): void => {
      const text = rate() === "unlimited" ? "unlimited" : `${rate()}/s`;
      value.set(text);
      slider.setAttribute("aria-valuetext", text);
    };
    slider.max = `${RATES.length - 1}`;
    slider.value = slider.max;
    show();
    slider.addEventListener("input", show);
    slider.addEventListener("change", () => this.#events.onFrequency(rate()));
  }
}

function textOf(status: Status): [state: string, detail: string] {
  switch (status.state) {
    case "connecting":
      return ["Connecting", TRANSPORT_NAMES[status.transport] ?? ""];
    case "connected":
      return ["Live", TRANSPORT_NAMES[status.transport] ?? ""];
    case "stale":
      return ["Stale", "server silent"];
    case "recovering":
      return ["Recovering", "the connection broke"];
    case "retrying":
      return ["Retrying", ""];
    case "closed":
      return ["Closed", status.cause ? status.cause.message : ""];
  }
}

/** Meter makes a rate of counts that come at equal intervals. */
class Meter {
  readonly #counts: number[] = [];

  add(count: number): void {
    this.#counts.push(count);
    if (this.#counts.length > MEAN_OF) this.#counts.shift();
  }

  perSecond(): string {
    const sum = this.#counts.reduce((total, count) => total + count, 0);
    return Math.round((sum * 1000) / (this.#counts.length * REFRESH)).toLocaleString("en-US");
  }
}
