import { backoff } from "./backoff.js";
import { isFatal, NO_STREAMING, SESSION_GONE } from "./codes.js";
import { ConnectionError, type HalleyError, SessionError, SubscriptionError } from "./errors.js";
import type { Message } from "./messages.js";
import type { TransportName, Wake } from "./platform.js";
import type { Control, Frequency, Interest, StreamParams } from "./requests.js";
import { batches, bindSession, controlLine, createSession, destroyLine } from "./requests.js";
import { sameStatus, type Status } from "./status.js";

// The session is a pure state machine: step(state, event, env) -> [state, effects]. It holds no socket, timer or clock.
//
//             start            CONOK              silence          silence
//     idle ─────────► opening ───────► bound ◄───────────► (stale) ───────┐
//                       ▲  │ other       │  END, connection broken        │
//                       │  │ transport   ▼                                ▼
//                       └──┴───────── retrying ◄──────────────────────────┘        close, fatal code: closed
//
// A connection has a number. What arrives from any other than the present one is void, so that there is never more than
// one attempt in flight. LOOP continues the session on a new connection, or on the same WebSocket, and stays in `bound`.

/** Settings are fixed for the life of a client. Times are in milliseconds. */
export interface Settings {
  readonly adapterSet: string | undefined;
  readonly maxBandwidth: number | undefined;
  readonly available: readonly TransportName[];
  readonly connectTimeout: number;
  readonly keepAlive: number;
  readonly pollIdle: number;
  readonly contentLength: number | undefined;
}

/** TransportChoice is one transport, or `"auto"`: the best that works. */
export type TransportChoice = "auto" | TransportName;

/** Link is where the session stands. */
export type Link =
  | { readonly kind: "idle" }
  | { readonly kind: "opening"; readonly connection: number; readonly transport: TransportName; readonly writable: boolean }
  | {
      readonly kind: "bound";
      readonly connection: number;
      readonly transport: TransportName;
      readonly sessionId: string;
      readonly controlLink: string | undefined;
      readonly requestLimit: number;
      /** How long the server may be silent. */
      readonly silence: number;
      readonly since: number;
      readonly stale: boolean;
    }
  | { readonly kind: "retrying"; readonly delay: number; readonly cause: HalleyError }
  | { readonly kind: "closed"; readonly cause: HalleyError | undefined };

/** Wanted is a subscription as the session sees it. */
interface Wanted {
  readonly interest: Interest;
  /** waiting: not asked for in this session; asked: the request is under way; active: the server has confirmed it. */
  readonly phase: "waiting" | "asked" | "active";
  /** The latest requests about it in this session, for telling which one an error answers; "" before there is one. */
  readonly addId: string;
  readonly reconfId: string;
}

interface Sent {
  readonly requestId: string;
  readonly control: Control;
}

export interface State {
  readonly settings: Settings;
  readonly link: Link;
  readonly choice: TransportChoice;
  /** Where the next automatic attempt begins. */
  readonly start: TransportName;
  readonly socketHasWorked: boolean;
  /** Failures since there was a steady connection. */
  readonly attempt: number;
  /** Counters: the latest number given. */
  readonly connections: number;
  readonly requests: number;
  readonly lastSession: string | undefined;
  readonly wanted: ReadonlyMap<number, Wanted>;
  /** Requests that wait for the one HTTP control request that is under way. Unused on a WebSocket. */
  readonly queue: readonly Control[];
  readonly posted: readonly Sent[];
}

export type Event =
  | { readonly type: "start" | "drop" | "close" | "heard" }
  | { readonly type: "opened"; readonly connection: number }
  | { readonly type: "message"; readonly connection: number; readonly message: Message }
  | { readonly type: "broken"; readonly connection: number; readonly cause: HalleyError }
  | { readonly type: "timer"; readonly timer: Timer }
  | { readonly type: "wake"; readonly wake: Wake }
  | { readonly type: "choose"; readonly choice: TransportChoice }
  | { readonly type: "subscribe"; readonly id: number; readonly interest: Interest }
  | { readonly type: "unsubscribe"; readonly id: number }
  | { readonly type: "reconfigure"; readonly id: number; readonly maxFrequency: Frequency }
  /** The HTTP control request has ended, with what the server said, or with nothing. */
  | { readonly type: "answered"; readonly messages: readonly Message[] };

/** Timer names the timers; each runs at most once at a time, and arming it again replaces it. */
export type Timer = "attempt" | "silence" | "retry" | "poll" | "control";

export type Effect =
  | {
      readonly type: "open";
      readonly connection: number;
      readonly transport: TransportName;
      readonly request: "create_session" | "bind_session";
      readonly line: string;
      readonly controlLink: string | undefined;
    }
  /** WebSocket messages. */
  | { readonly type: "write"; readonly connection: number; readonly texts: readonly string[] }
  /** An HTTP control request, whose end is reported by `answered` unless `last`. */
  | { readonly type: "post"; readonly sessionId: string; readonly controlLink: string | undefined; readonly body: string; readonly last: boolean }
  /** Ends the connection, and the HTTP control request under way. */
  | { readonly type: "shut"; readonly connection: number }
  | { readonly type: "arm"; readonly timer: Timer; readonly delay: number }
  | { readonly type: "disarm"; readonly timer: Timer }
  | { readonly type: "status"; readonly status: Status }
  /** A new session has begun: what was known of each item on the wire is void. */
  | { readonly type: "renew" }
  | { readonly type: "refuse"; readonly id: number; readonly ended: boolean; readonly error: SubscriptionError };

/** Env is what step may know of the world. */
export interface Env {
  readonly now: number;
  /** When the server was last heard. */
  readonly heardAt: number;
  readonly random: number;
}

/** After the silence that the server may keep, the session is stale; after some more, lost. */
export const STALE_AFTER = 2_000;
export const LOST_AFTER = 3_000;
/** A session of this age has shown that the connection works: the next failure counts as the first. */
export const STEADY_AFTER = 10_000;
/** HTTP control requests that were not answered are repeated after this wait. */
const REPEAT_CONTROL = 1_000;
/** The request limit until the server has told its own. */
const REQUEST_LIMIT = 50_000;
/** For servers that promise no sign of life at all. */
const DEFAULT_SILENCE = 20_000;

/** initialState is the state before `start`. */
export function initialState(settings: Settings, choice: TransportChoice): State {
  return {
    settings,
    choice,
    link: { kind: "idle" },
    start: settings.available[0] ?? "http-streaming",
    socketHasWorked: false,
    attempt: 0,
    connections: 0,
    requests: 0,
    lastSession: undefined,
    wanted: new Map(),
    queue: [],
    posted: [],
  };
}

/** statusOf says what the application sees of a state. */
export function statusOf(state: State): Status {
  const { link } = state;
  switch (link.kind) {
    case "idle":
      return { state: "connecting", transport: firstTransport(state) };
    case "opening":
      return { state: "connecting", transport: link.transport };
    case "bound":
      return { state: link.stale ? "stale" : "connected", transport: link.transport, sessionId: link.sessionId };
    case "retrying":
      return { state: "retrying", attempt: state.attempt, delay: link.delay, cause: link.cause };
    case "closed":
      return { state: "closed", cause: link.cause };
  }
}

/** step takes one event. It changes neither its arguments nor anything else. */
export function step(state: State, event: Event, env: Env): readonly [State, readonly Effect[]] {
  const turn = new Turn(state, env);
  turn.take(event);
  const status = statusOf(turn.state);
  if (!sameStatus(statusOf(state), status)) turn.effects.push({ type: "status", status });
  return [turn.state, turn.effects];
}

function firstTransport(state: State): TransportName {
  return state.choice === "auto" ? state.start : state.choice;
}

/** Turn is the working copy of one step. */
class Turn {
  readonly effects: Effect[] = [];

  constructor(
    public state: State,
    private readonly env: Env,
  ) {}

  take(event: Event): void {
    const { link } = this.state;
    if (link.kind === "closed") return;
    switch (event.type) {
      case "start":
        return this.open(firstTransport(this.state));
      case "opened":
        return this.opened(event.connection);
      case "message":
        if (isCurrent(link, event.connection)) this.message(event.message);
        return;
      case "broken":
        if (isCurrent(link, event.connection)) this.broken(event.cause, false);
        return;
      case "heard":
        if (link.kind === "bound" && link.stale) this.watch(this.env.now);
        return;
      case "timer":
        return this.timer(event.timer);
      case "wake":
        return this.wake(event.wake);
      case "subscribe":
        this.want(event.id, { interest: event.interest, phase: "waiting", addId: "", reconfId: "" });
        return this.ask();
      case "unsubscribe":
        return this.unsubscribe(event.id);
      case "reconfigure":
        return this.reconfigure(event.id, event.maxFrequency);
      case "answered":
        return this.answered(event.messages);
      case "choose":
        if (event.choice === this.state.choice) return;
        this.destroy();
        this.set({ choice: event.choice });
        return this.open(firstTransport(this.state));
      case "drop":
        return this.lost(new ConnectionError("the connection was dropped on purpose"));
      case "close":
        this.destroy();
        return this.close(undefined);
    }
  }

  // ── opening ──

  private open(transport: TransportName): void {
    this.leave();
    const { settings, connections, lastSession } = this.state;
    const connection = connections + 1;
    this.set({ connections: connection, link: { kind: "opening", connection, transport, writable: false } });
    const create = { adapterSet: settings.adapterSet, maxBandwidth: settings.maxBandwidth, oldSession: lastSession };
    this.effects.push({
      type: "open",
      connection,
      transport,
      request: "create_session",
      // The first poll of a session is answered at once, so that requests need not wait for data.
      line: createSession(create, this.streamParams(transport, 0)),
      controlLink: undefined,
    });
    this.arm("attempt", settings.connectTimeout);
  }

  /** The WebSocket is open and the create request is on its way; control requests may follow at once. */
  private opened(connection: number): void {
    const { link } = this.state;
    if (link.kind !== "opening" || link.connection !== connection) return;
    this.set({ link: { ...link, writable: true } });
    this.ask();
  }

  private broken(cause: HalleyError, unanswered: boolean): void {
    const { link } = this.state;
    if (link.kind === "opening") {
      const next = this.fallback(link.transport, unanswered);
      if (next) return this.open(next);
      // All have failed, so none is to blame: begin with the best one again.
      this.set({ start: this.best() });
    }
    this.lost(cause);
  }

  /** The transport to try after one that did not open. HTTP that cannot be reached at all leaves nothing to try. */
  private fallback(transport: TransportName, unanswered: boolean): TransportName | undefined {
    const { choice, settings } = this.state;
    if (choice !== "auto") return undefined;
    const later = settings.available.slice(settings.available.indexOf(transport) + 1);
    if (transport === "websocket") return later[0];
    if (transport === "http-streaming" && unanswered) return later[0];
    return undefined;
  }

  // ── the session ──

  private message(message: Message): void {
    switch (message.tag) {
      case "CONOK":
        return this.conok(message);
      case "CONERR":
      case "END":
      case "ERROR":
        return this.refused(message.tag, message.code, message.text);
      case "LOOP":
        return this.loop(message.delay);
      case "SUBOK":
      case "SUBCMD":
        return this.confirmed(message.id);
      case "REQERR":
        return this.requestError(message.requestId, message.code, message.text);
      default:
        return;
    }
  }

  private conok(message: Extract<Message, { tag: "CONOK" }>): void {
    const { link, settings, socketHasWorked } = this.state;
    if (link.kind !== "opening" && link.kind !== "bound") return;
    const { transport, connection } = link;
    const { sessionId, requestLimit } = message;
    const polling = transport === "http-polling";
    const silence = polling ? Math.max(settings.pollIdle, message.keepAlive) : message.keepAlive || DEFAULT_SILENCE;
    const fresh = link.kind === "opening";
    const since = fresh ? this.env.now : link.since;
    const controlLink = message.controlLink ?? (fresh ? undefined : link.controlLink);
    this.set({
      link: { kind: "bound", connection, transport, sessionId, controlLink, requestLimit, silence, since, stale: false },
      lastSession: sessionId,
    });
    this.disarm("attempt");
    this.arm("silence", silence + STALE_AFTER);
    if (!fresh) return;
    // Where a WebSocket has worked once, it is tried first again; else what works now is kept.
    const worked = socketHasWorked || transport === "websocket";
    this.set({ socketHasWorked: worked, start: worked ? this.best() : transport });
    this.effects.push({ type: "renew" });
    this.ask();
  }

  private refused(tag: "CONERR" | "END" | "ERROR", code: number, text: string): void {
    const { link } = this.state;
    if (link.kind === "opening" && tag === "CONERR" && code === NO_STREAMING) {
      const next = this.fallback(link.transport, true);
      if (next) return this.open(next);
    }
    const error = new SessionError(code, text, isFatal(tag, code));
    if (error.fatal) this.close(error);
    else this.lost(error);
  }

  private loop(delay: number): void {
    const { link, connections } = this.state;
    if (link.kind !== "bound") return;
    this.arm("silence", link.silence + delay + STALE_AFTER);
    if (link.transport === "websocket") {
      return this.write([`bind_session\r\n${bindSession(link.sessionId, this.streamParams(link.transport))}`]);
    }
    // The old response ends by itself; as its number is no longer the present one, nobody minds.
    this.set({ connections: connections + 1, link: { ...link, connection: connections + 1 } });
    if (delay > 0) this.arm("poll", delay);
    else this.bind();
  }

  private bind(): void {
    const { link } = this.state;
    if (link.kind !== "bound") return;
    const { connection, transport, sessionId, controlLink } = link;
    const line = bindSession(sessionId, this.streamParams(transport));
    this.effects.push({ type: "open", connection, transport, request: "bind_session", line, controlLink });
  }

  private streamParams(transport: TransportName, pollIdle = this.state.settings.pollIdle): StreamParams {
    const { keepAlive, contentLength } = this.state.settings;
    if (transport === "http-polling") return { kind: "poll", idle: pollIdle };
    return { kind: "stream", keepAlive, contentLength: transport === "websocket" ? undefined : contentLength };
  }

  // ── liveness ──

  /** Looks how long the server has been silent. */
  private watch(heardAt: number): void {
    const { link } = this.state;
    if (link.kind !== "bound") return;
    const silent = this.env.now - heardAt;
    const allowed = link.silence + STALE_AFTER;
    if (silent < allowed) {
      this.set({ link: { ...link, stale: false } });
      this.arm("silence", allowed - silent);
    } else if (!link.stale) {
      // After a sleep of the machine this comes late, perhaps with text still to be read. So wait in any case.
      this.set({ link: { ...link, stale: true } });
      this.arm("silence", LOST_AFTER);
    } else {
      this.lost(new ConnectionError(`no sign of life for ${Math.round(silent / 1000)} s`));
    }
  }

  private wake(wake: Wake): void {
    const { link } = this.state;
    // Another network may let through what the last one did not.
    if (wake === "online") this.set({ start: this.best() });
    if (link.kind === "retrying") this.open(firstTransport(this.state));
    else if (link.kind === "bound") this.watch(this.env.heardAt);
  }

  private timer(timer: Timer): void {
    const { link } = this.state;
    switch (timer) {
      case "attempt":
        if (link.kind === "opening") this.broken(new ConnectionError(`no answer over ${link.transport} in time`), true);
        return;
      case "silence":
        return this.watch(this.env.heardAt);
      case "retry":
        if (link.kind === "retrying") this.open(firstTransport(this.state));
        return;
      case "poll":
        return this.bind();
      case "control":
        // Either the wait before a repetition is over, or the request under way takes too long.
        if (this.state.posted.length > 0) this.answered([]);
        else this.post();
        return;
    }
  }

  // ── subscriptions ──

  private want(id: number, wanted: Wanted | undefined): void {
    const map = new Map(this.state.wanted);
    if (wanted) map.set(id, wanted);
    else map.delete(id);
    this.set({ wanted: map });
  }

  /** Sends the requests for all subscriptions that wait, if there is anybody to send them to. */
  private ask(): void {
    const { link, wanted } = this.state;
    if (link.kind !== "bound" && !(link.kind === "opening" && link.writable)) return;
    const asked = new Map(wanted);
    const controls: Control[] = [];
    for (const [id, one] of wanted) {
      if (one.phase !== "waiting") continue;
      asked.set(id, { ...one, phase: "asked" });
      controls.push({ op: "add", id });
    }
    if (controls.length === 0) return;
    this.set({ wanted: asked });
    this.request(controls);
  }

  private unsubscribe(id: number): void {
    const one = this.state.wanted.get(id);
    if (!one) return;
    this.want(id, undefined);
    this.set({ queue: this.state.queue.filter((control) => control.id !== id) });
    // A request that was written once may have reached the server, even if nobody has answered it.
    if (one.addId !== "") this.request([{ op: "delete", id }]);
  }

  private reconfigure(id: number, maxFrequency: Frequency): void {
    const one = this.state.wanted.get(id);
    if (!one) return;
    this.want(id, { ...one, interest: { ...one.interest, maxFrequency } });
    // A request still in the queue is written with the new frequency.
    const queued = this.state.queue.some((control) => control.id === id && control.op === "add");
    if (one.phase !== "waiting" && !queued) this.request([{ op: "reconf", id, maxFrequency }]);
  }

  private confirmed(id: number): void {
    const { link, wanted, queue, posted } = this.state;
    const one = wanted.get(id);
    if (one) {
      if (one.phase !== "active") this.want(id, { ...one, phase: "active" });
      return;
    }
    // HTTP requests may overtake each other: a subscription that was ended may come to life afterwards.
    const ending = [...queue, ...posted.map(({ control }) => control)].some((control) => control.id === id);
    if (link.kind === "bound" && link.transport !== "websocket" && !ending) this.request([{ op: "delete", id }]);
  }

  private requestError(requestId: string, code: number, text: string): void {
    for (const [id, one] of this.state.wanted) {
      if (one.addId === requestId && one.phase === "asked") {
        // A server that wants the session created first is asked again when it is.
        if (this.state.link.kind === "opening" && SESSION_GONE.has(code)) return this.want(id, { ...one, phase: "waiting" });
        if (SESSION_GONE.has(code)) break;
        this.want(id, undefined);
        this.effects.push({ type: "refuse", id, ended: true, error: new SubscriptionError(code, text) });
        return;
      }
      if (one.reconfId === requestId && !SESSION_GONE.has(code)) {
        this.effects.push({ type: "refuse", id, ended: false, error: new SubscriptionError(code, text) });
        return;
      }
    }
    if (SESSION_GONE.has(code) && this.state.link.kind === "bound") this.lost(new SessionError(code, text, false));
  }

  // ── control requests: at once on a WebSocket, one at a time over HTTP ──

  private request(controls: readonly Control[]): void {
    const { link } = this.state;
    if (link.kind === "bound" && link.transport !== "websocket") {
      this.set({ queue: [...this.state.queue, ...controls] });
      return this.post();
    }
    const limit = link.kind === "bound" ? link.requestLimit : REQUEST_LIMIT;
    const lines = controls.map((control) => this.number(control, false).line);
    this.write(batches(lines, limit - "control\r\n".length).map((body) => `control\r\n${body}`));
  }

  private post(): void {
    const { link, queue, posted } = this.state;
    if (link.kind !== "bound" || queue.length === 0 || posted.length > 0) return;
    const sent: Sent[] = [];
    const lines: string[] = [];
    let size = 0;
    for (const control of queue) {
      const { line, requestId } = this.number(control, true);
      size += line.length + 2;
      if (lines.length > 0 && size > link.requestLimit) break;
      lines.push(line);
      sent.push({ requestId, control });
    }
    this.set({ queue: queue.slice(sent.length), posted: sent });
    this.effects.push({ type: "post", sessionId: link.sessionId, controlLink: link.controlLink, body: lines.join("\r\n"), last: false });
    this.arm("control", this.state.settings.connectTimeout);
  }

  private answered(messages: readonly Message[]): void {
    const { posted } = this.state;
    if (posted.length === 0) return;
    this.set({ posted: [] });
    this.disarm("control");
    for (const message of messages) {
      this.message(message);
      if (this.state.link.kind !== "bound") return;
    }
    const answered = new Set(messages.map((message) => ("requestId" in message ? message.requestId : "")));
    const open = posted.filter(({ requestId, control }) => !answered.has(requestId) && (control.op !== "add" || this.isAsked(control.id)));
    if (open.length === 0) return this.post();
    this.set({ queue: [...open.map(({ control }) => control), ...this.state.queue] });
    this.arm("control", REPEAT_CONTROL);
  }

  private isAsked(id: number): boolean {
    return this.state.wanted.get(id)?.phase === "asked";
  }

  /** Gives a control request its number and writes it. */
  private number(control: Control, ack: boolean): { requestId: string; line: string } {
    const requestId = String(this.state.requests + 1);
    this.set({ requests: this.state.requests + 1 });
    const one = this.state.wanted.get(control.id);
    if (one && control.op === "add") this.want(control.id, { ...one, addId: requestId });
    if (one && control.op === "reconf") this.want(control.id, { ...one, reconfId: requestId });
    return { requestId, line: controlLine(requestId, control, one?.interest, ack) };
  }

  private write(texts: readonly string[]): void {
    const { link } = this.state;
    if (link.kind === "opening" || link.kind === "bound") this.effects.push({ type: "write", connection: link.connection, texts });
  }

  // ── endings ──

  /** Tells the server, as far as it can still be told, that the session is not needed any more. */
  private destroy(): void {
    const { link, requests } = this.state;
    if (link.kind !== "bound") return;
    const line = destroyLine(String(requests + 1));
    this.set({ requests: requests + 1, lastSession: undefined });
    if (link.transport === "websocket") this.write([`control\r\n${line}`]);
    else this.effects.push({ type: "post", sessionId: link.sessionId, controlLink: link.controlLink, body: line, last: true });
  }

  private lost(cause: HalleyError): void {
    const { link } = this.state;
    if (link.kind === "idle" || link.kind === "retrying") return;
    const steady = link.kind === "bound" && this.env.now - link.since >= STEADY_AFTER;
    const attempt = steady ? 0 : this.state.attempt;
    this.leave();
    const delay = backoff(attempt, this.env.random);
    this.set({ attempt: attempt + 1, link: { kind: "retrying", delay, cause } });
    this.arm("retry", delay);
  }

  private close(cause: HalleyError | undefined): void {
    this.leave();
    this.set({ link: { kind: "closed", cause } });
  }

  /** Gives up the present connection, with all that belongs to it. */
  private leave(): void {
    const { link } = this.state;
    if (link.kind === "opening" || link.kind === "bound") this.effects.push({ type: "shut", connection: link.connection });
    for (const timer of ["attempt", "silence", "retry", "poll", "control"] as const) this.disarm(timer);
    const wanted = new Map<number, Wanted>();
    for (const [id, one] of this.state.wanted) wanted.set(id, { ...one, phase: "waiting", addId: "", reconfId: "" });
    this.set({ wanted, queue: [], posted: [] });
  }

  // ── small things ──

  private best(): TransportName {
    return this.state.settings.available[0] ?? "http-streaming";
  }

  private set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
  }

  private arm(timer: Timer, delay: number): void {
    this.effects.push({ type: "arm", timer, delay });
  }

  private disarm(timer: Timer): void {
    this.effects.push({ type: "disarm", timer });
  }
}

function isCurrent(link: Link, connection: number): boolean {
  return (link.kind === "opening" || link.kind === "bound") && link.connection === connection;
}
