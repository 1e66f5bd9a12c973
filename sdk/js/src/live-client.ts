import type { Client, ClientEvents } from "./client.js";
import { askCredentials } from "./credentials.js";
import type { JsonPatch } from "./diff.js";
import { Emitter } from "./emitter.js";
import { asHalleyError, MessageError } from "./errors.js";
import { splitLines } from "./lines.js";
import { type Bandwidth, isData, isUpdate, parseAnswer, parseMessage, parseUpdateHead } from "./messages.js";
import { checkBandwidth, checkFrequency, type ConnectOptions, interestOf, outgoingOf, type SendOptions, type SubscribeOptions } from "./options.js";
import type { Cancel, Clock, Connection, Platform, Sink, Transport } from "./platform.js";
import { Progress } from "./progress.js";
import { type Frequency, PROTOCOL } from "./requests.js";
import { step } from "./session.js";
import { type Effect, type Event, initialState, type State, statusOf, type Timer, type TransportChoice } from "./state.js";
import type { Status } from "./status.js";
import { LiveSubscription, type Subscription, type SubscriptionOwner } from "./subscription.js";
import { linkedUrl, requestUrl, serverUrl, socketUrl } from "./urls.js";

/**
 * LiveClient runs the session: it feeds the state machine with what happens, and does what the machine decides. Update
 * lines go straight to their subscription, for they come by the thousand and concern nobody else.
 */
export class LiveClient implements Client, SubscriptionOwner {
  readonly clock: Clock;
  readonly jsonPatch: JsonPatch | undefined;
  readonly #transport: Transport;
  readonly #base: URL;
  readonly #options: ConnectOptions;
  readonly #events = new Emitter<ClientEvents>();
  readonly #subscriptions = new Map<number, LiveSubscription>();
  readonly #settlers = new Map<number, (outcome: string | MessageError) => void>();
  readonly #progress = new Progress();
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
  /** Gives up the question for credentials that is not answered yet. */
  #asking: Cancel | undefined;

  constructor(url: string, options: ConnectOptions, platform: Platform) {
    this.#base = serverUrl(url);
    this.#options = options;
    this.#transport = platform.transport;
    this.clock = platform.clock;
    this.jsonPatch = options.jsonPatch;
    checkBandwidth(options.maxBandwidth);
    const settings = {
      adapterSet: options.adapterSet,
      available: platform.transport.available,
      connectTimeout: options.connectTimeout ?? 4_000,
      keepAlive: options.keepAlive ?? 5_000,
      pollIdle: options.pollIdle ?? 10_000,
      contentLength: options.contentLength ?? 20_000_000,
      recoveryTime: options.recoveryTime ?? 15_000,
      diffs: options.jsonPatch ? "T,P" : "T",
    };
    this.#state = initialState(settings, options.transport ?? "auto", options.maxBandwidth);
    this.#stopWakes = platform.onWake((wake) => this.#take({ type: "wake", wake }));
    this.#take({ type: "start" });
  }

  get status(): Status {
    return statusOf(this.#state);
  }

  get bandwidth(): Bandwidth | undefined {
    return this.#state.bandwidth;
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

  async send(text: string, options: SendOptions = {}): Promise<string> {
    const message = outgoingOf(text, options);
    if (this.#state.link.kind === "closed") throw new MessageError("aborted", 0, "the client is closed");
    const id = ++this.#lastId;
    const settled = new Promise<string | MessageError>((resolve) => this.#settlers.set(id, resolve));
    this.#take({ type: "send", id, message });
    const outcome = await settled;
    if (outcome instanceof MessageError) throw outcome;
    return outcome;
  }

  setMaxBandwidth(maxBandwidth: number | "unlimited"): void {
    checkBandwidth(maxBandwidth);
    this.#take({ type: "constrain", maxBandwidth });
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
        const env = { now: this.clock.now(), heardAt: this.#heardAt, received: this.#progress.received, random: this.clock.random() };
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
      case "ask":
        return this.#ask();
      case "open":
        return this.#open(effect);
      case "write":
        return this.#connection?.send(effect.text);
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
      case "bandwidth":
        return this.#events.emit("bandwidth", effect.bandwidth);
      case "settle":
        this.#settlers.get(effect.id)?.(effect.outcome);
        this.#settlers.delete(effect.id);
        return;
      case "renew":
        this.#progress.reset();
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
    this.#asking?.();
    for (const subscription of this.#subscriptions.values()) subscription.end();
    this.#subscriptions.clear();
  }

  // ── connections ──

  #ask(): void {
    // An answer that is due to an earlier attempt is as fresh as any.
    this.#asking ??= askCredentials(this.#options, this.clock, (outcome) => {
      this.#asking = undefined;
      this.#take({ type: "credentials", outcome });
    });
  }

  #open(effect: Extract<Effect, { type: "open" }>): void {
    const { connection, transport, request, line, controlLink } = effect;
    const isCurrent = (): boolean => "connection" in this.#state.link && this.#state.link.connection === connection;
    const fail = (cause: unknown): void => this.#take({ type: "broken", connection, cause: asHalleyError(cause) });
    try {
      if (effect.recovers) this.#progress.expect();
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
        // The last line of a response may come without its end. Data without it may be half a line, and is recovered.
        if (cause === undefined && /^(LOOP|END|CONERR),/.test(rest)) read("\r\n");
        if (isCurrent()) fail(cause ?? new Error("the server ended the connection"));
      },
    };
  }

  #line(connection: number, line: string): void {
    if (isUpdate(line)) {
      if (!this.#progress.take()) return;
      const { id, item, start } = parseUpdateHead(line);
      // An update may still come for a subscription that has just been ended.
      this.#subscriptions.get(id)?.update(item, line, start);
      return;
    }
    const message = parseMessage(line);
    if (!message || (isData(message) && !this.#progress.take())) return;
    if (message.tag === "PROG") return this.#progress.resume(message.count);
    this.#take({ type: "message", connection, message });
    if ("id" in message) this.#subscriptions.get(message.id)?.message(message);
  }

  /** Posts a control request and collects the answer. */
  #post(effect: Extract<Effect, { type: "post" }>): void {
    const { session, request, body, last } = effect;
    const url = `${requestUrl(linkedUrl(this.#base, session.controlLink), request)}&LS_session=${session.id}`;
    let answer = "";
    const ended = (): void => {
      if (last) return;
      this.#control = undefined;
      this.#take({ type: "answered", messages: parseAnswer(answer) });
    };
    const control = this.#transport.post(url, body, { opened: () => undefined, text: (chunk) => (answer += chunk), ended });
    if (last) return;
    this.#control?.close();
    this.#control = control;
  }
}
