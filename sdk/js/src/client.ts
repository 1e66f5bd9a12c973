import { browserPlatform } from "./browser.js";
import { Emitter } from "./emitter.js";
import { ConnectionError, HalleyError } from "./errors.js";
import { splitLines } from "./lines.js";
import { isUpdate, type Message, parseMessage, parseUpdateHead } from "./messages.js";
import { checkFrequency, type ConnectOptions, interestOf, type SubscribeOptions } from "./options.js";
import type { Cancel, Clock, Connection, Platform, Sink, Transport } from "./platform.js";
import { encodeParams, type Frequency, PROTOCOL } from "./requests.js";
import { type Effect, type Event, initialState, type State, statusOf, step, type Timer, type TransportChoice } from "./session.js";
import type { Status } from "./status.js";
import { LiveSubscription, type Subscription, type SubscriptionOwner, type TableSubscription } from "./subscription.js";

/** ClientEvents are what one can listen to on a client. */
export interface ClientEvents {
  /** The state has changed. */
  status: Status;
}

/** Client is the way to one server. It connects by itself, and again after every failure that is not fatal. */
export interface Client {
  /** Where the client stands now. */
  readonly status: Status;
  /**
   * Subscribes in COMMAND mode. May be called at any time after connect(): what the server cannot be told yet is told
   * as soon as it can be.
   */
  subscribe<const Field extends string, const Name extends string>(
    options: SubscribeOptions<Field, Name, "COMMAND"> & { readonly mode: "COMMAND" },
  ): TableSubscription<Field, Name>;
  /**
   * Subscribes in any other mode.
   *
   * @example
   * const quotes = client.subscribe({ items: ["ACME", "INIT"], fields: ["bid", "ask"], dataAdapter: "QUOTES" });
   * quotes.on("update", (u) => console.log(u.item, u.values.bid, u.changed.has("bid")));
   */
  subscribe<const Field extends string, const Name extends string, M extends "MERGE" | "DISTINCT" | "RAW" = "MERGE">(
    options: SubscribeOptions<Field, Name, M>,
  ): Subscription<Field, Name, M>;
  /** Adds a listener and returns what removes it. */
  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): () => void;
  /** Goes on with a new session over another transport. */
  setTransport(transport: TransportChoice): void;
  /** Breaks the connection as a failing network would. For tests and demonstrations. */
  drop(): void;
  /** Ends the session and all subscriptions. Idempotent. */
  close(): void;
}

/**
 * connect returns a client for the server at `url`, such as `https://quotes.example.com`, and starts to connect. It never
 * fails because of the network: listen to `status`. It throws a TypeError when the URL is none.
 *
 * @example
 * const client = connect(location.origin, { adapterSet: "DEMO" });
 * client.on("status", (s) => console.log(s.state));
 */
export function connect(url: string, options: ConnectOptions = {}): Client {
  const platform = browserPlatform({ webSocket: options.webSocket, withCredentials: options.withCredentials ?? false });
  return new LiveClient(url, options, platform);
}

/**
 * LiveClient runs the session: it feeds the state machine with what happens, and does what the machine decides. Update
 * lines go straight to their subscription, for they come by the thousand and concern nobody else.
 */
export class LiveClient implements Client, SubscriptionOwner {
  readonly clock: Clock;
  readonly #transport: Transport;
  readonly #base: URL;
  readonly #options: ConnectOptions;
  readonly #events = new Emitter<ClientEvents>();
  readonly #subscriptions = new Map<number, LiveSubscription>();
  readonly #timers = new Map<Timer, Cancel>();
  readonly #stopWakes: Cancel;
  #state: State;
  #heardAt = 0;
  #lastId = 0;
  /** Events that came while another was being dealt with. */
  #waiting: Event[] = [];
  #busy = false;
  #connection: Connection | undefined;
  #control: Connection | undefined;

  constructor(url: string, options: ConnectOptions, platform: Platform) {
    this.#base = serverUrl(url);
    this.#options = options;
    this.#transport = platform.transport;
    this.clock = platform.clock;
    const settings = {
      adapterSet: options.adapterSet,
      maxBandwidth: options.maxBandwidth,
      available: platform.transport.available,
      connectTimeout: options.connectTimeout ?? 4_000,
      keepAlive: options.keepAlive ?? 5_000,
      pollIdle: options.pollIdle ?? 10_000,
      contentLength: options.contentLength ?? 20_000_000,
    };
    this.#state = initialState(settings, options.transport ?? "auto");
    this.#stopWakes = platform.onWake((wake) => this.#take({ type: "wake", wake }));
    this.#take({ type: "start" });
  }

  get status(): Status {
    return statusOf(this.#state);
  }

  // The overloads of Client tell callers the exact types.
  subscribe(options: SubscribeOptions): LiveSubscription & Subscription<string, string, never> {
    const interest = interestOf(options);
    const id = ++this.#lastId;
    const subscription = new LiveSubscription(id, interest, this);
    if (this.#state.link.kind === "closed") {
      subscription.end();
    } else {
      this.#subscriptions.set(id, subscription);
      this.#take({ type: "subscribe", id, interest });
    }
    return subscription as LiveSubscription & Subscription<string, string, never>;
  }

  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  setTransport(choice: TransportChoice): void {
    this.#take({ type: "choose", choice });
  }

  drop(): void {
    this.#take({ type: "drop" });
  }

  close(): void {
    this.#take({ type: "close" });
  }

  // ── for subscriptions ──

  unsubscribe(id: number): void {
    this.#subscriptions.delete(id);
    this.#take({ type: "unsubscribe", id });
  }

  reconfigure(id: number, maxFrequency: Frequency): void {
    checkFrequency(maxFrequency);
    this.#take({ type: "reconfigure", id, maxFrequency });
  }

  // ── the machine ──

  #take(event: Event): void {
    this.#waiting.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        const env = { now: this.clock.now(), heardAt: this.#heardAt, random: this.clock.random() };
        const [state, effects] = step(this.#state, next, env);
        this.#state = state;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#busy = false;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "open":
        void this.#open(effect);
        return;
      case "write":
        for (const text of effect.texts) this.#connection?.send(text);
        return;
      case "post":
        return this.#post(effect);
      case "shut":
        this.#connection?.close();
        this.#control?.close();
        this.#connection = this.#control = undefined;
        return;
      case "arm":
        this.#timers.get(effect.timer)?.();
        this.#timers.set(effect.timer, this.clock.after(effect.delay, () => this.#take({ type: "timer", timer: effect.timer })));
        return;
      case "disarm":
        this.#timers.get(effect.timer)?.();
        this.#timers.delete(effect.timer);
        return;
      case "status":
        if (effect.status.state === "closed") this.#closed();
        return this.#events.emit("status", effect.status);
      case "renew":
        for (const subscription of this.#subscriptions.values()) subscription.renew();
        return;
      case "refuse": {
        const subscription = this.#subscriptions.get(effect.id);
        if (effect.ended) this.#subscriptions.delete(effect.id);
        return subscription?.refuse(effect.error, effect.ended);
      }
    }
  }

  #closed(): void {
    this.#stopWakes();
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
  }

  // ── connections ──

  async #open(effect: Extract<Effect, { type: "open" }>): Promise<void> {
    const { connection, transport, request, controlLink } = effect;
    const isCurrent = (): boolean => "connection" in this.#state.link && this.#state.link.connection === connection;
    const fail = (cause: unknown): void => this.#take({ type: "broken", connection, cause: asHalleyError(cause) });
    try {
      const line = request === "create_session" ? `${effect.line}${await this.#credentials()}` : effect.line;
      if (!isCurrent()) return;
      const base = linkedUrl(this.#base, controlLink);
      const sink = this.#sink(connection, isCurrent, fail, () => {
        if (!isCurrent()) return;
        this.#connection?.send("wsok");
        this.#connection?.send(`${request}\r\n${line}`);
        this.#take({ type: "opened", connection });
      });
      if (transport === "websocket") {
        this.#connection = this.#transport.socket(socketUrl(base), `${PROTOCOL}.lightstreamer.com`, sink);
      } else {
        this.#connection = this.#transport.post(requestUrl(base, request), line, sink);
      }
    } catch (cause) {
      fail(cause);
    }
  }

  async #credentials(): Promise<string> {
    const { user, password } = this.#options;
    // Awaiting costs a turn even for what is there at once, and lets the first subscriptions go along with the session.
    const word = await (typeof password === "function" ? password() : password);
    const params = encodeParams({ LS_user: user, LS_password: word });
    return params === "" ? "" : `&${params}`;
  }

  #sink(connection: number, isCurrent: () => boolean, fail: (cause: unknown) => void, opened: () => void): Sink {
    let rest = "";
    const read = (chunk: string): void => {
      if (!isCurrent()) return;
      this.#heardAt = this.clock.now();
      this.#take({ type: "heard" });
      const split = splitLines(rest, chunk);
      rest = split.rest;
      try {
        for (const line of split.lines) {
          // LOOP hands over to the next connection; nothing after it counts.
          if (!isCurrent()) return;
          this.#line(connection, line);
        }
      } catch (cause) {
        fail(cause);
      }
    };
    return {
      opened,
      text: read,
      ended: (cause) => {
        // The last line of a response may come without its end.
        if (cause === undefined && rest !== "") read("\r\n");
        if (isCurrent()) fail(cause ?? new Error("the server ended the connection"));
      },
    };
  }

  #line(connection: number, line: string): void {
    if (isUpdate(line)) {
      const { id, item, start } = parseUpdateHead(line);
      // An update may still come for a subscription that has just been ended.
      this.#subscriptions.get(id)?.update(item, line, start);
      return;
    }
    const message = parseMessage(line);
    if (!message) return;
    this.#take({ type: "message", connection, message });
    if ("id" in message) this.#subscriptions.get(message.id)?.message(message);
  }

  /** Posts a control request and collects the answer. */
  #post(effect: Extract<Effect, { type: "post" }>): void {
    const url = `${requestUrl(linkedUrl(this.#base, effect.controlLink), "control")}&LS_session=${effect.sessionId}`;
    let answer = "";
    const ended = (): void => {
      if (effect.last) return;
      this.#control = undefined;
      this.#take({ type: "answered", messages: answerOf(answer) });
    };
    const control = this.#transport.post(url, effect.body, { opened: () => undefined, text: (chunk) => (answer += chunk), ended });
    if (effect.last) return;
    this.#control?.close();
    this.#control = control;
  }
}

/** What can be read of the answer to a control request; the rest counts as not answered. */
function answerOf(text: string): Message[] {
  try {
    return splitLines("", `${text}\r\n`).lines.map(parseMessage).filter((message) => message !== undefined);
  } catch {
    return [];
  }
}

function asHalleyError(cause: unknown): HalleyError {
  if (cause instanceof HalleyError) return cause;
  return new ConnectionError(cause instanceof Error ? cause.message : String(cause), cause);
}

function serverUrl(url: string): URL {
  const parsed = new URL(url);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") throw new TypeError(`not an http or https URL: ${url}`);
  return parsed;
}

/** linkedUrl completes the address that the server has named for later requests with scheme and port of the first one. */
function linkedUrl(base: URL, controlLink: string | undefined): URL {
  if (controlLink === undefined) return base;
  if (controlLink.includes("://")) return new URL(controlLink);
  const url = new URL(`${base.protocol}//${controlLink}`);
  if (!/:\d+$/.test(controlLink)) url.port = base.port;
  return url;
}

function requestUrl(base: URL, request: string): string {
  return `${prefix(base)}/${request}.txt?LS_protocol=${PROTOCOL}`;
}

function socketUrl(base: URL): string {
  return prefix(base).replace(/^http/, "ws");
}

function prefix(base: URL): string {
  return `${base.origin}${base.pathname.replace(/\/+$/, "")}/lightstreamer`;
}

