import type { HalleyError, MessageError, SubscriptionError } from "./errors.js";
import type { Bandwidth, Message } from "./messages.js";
import type { TransportName, Wake } from "./platform.js";
import type { Control, Frequency, Interest, Outgoing, RequestName } from "./requests.js";
import type { Status } from "./status.js";

/** Settings are fixed for the life of a client. Times are in milliseconds. */
export interface Settings {
  readonly adapterSet: string | undefined;
  readonly available: readonly TransportName[];
  readonly connectTimeout: number;
  readonly keepAlive: number;
  readonly pollIdle: number;
  readonly contentLength: number;
  readonly recoveryTime: number;
  /** The formats of value diffs that can be read. */
  readonly diffs: string;
}

/** TransportChoice is one transport, or `"auto"`: the best that works. */
export type TransportChoice = "auto" | TransportName;

/** Session is what it takes to go on with a session, also on another connection. */
export interface Session {
  readonly id: string;
  readonly controlLink: string | undefined;
  /** Bytes that a request may have. */
  readonly requestLimit: number;
}

/** Recovery is a session whose connection has broken, and why. */
export interface Recovery {
  readonly session: Session;
  readonly cause: HalleyError;
}

/** Link is where the session stands. */
export type Link =
  /** Credentials for a new session are waited for. This is also where everything starts. */
  | { readonly kind: "asking" }
  | {
      readonly kind: "opening";
      readonly connection: number;
      readonly transport: TransportName;
      readonly writable: boolean;
      readonly recovery: Recovery | undefined;
    }
  | {
      readonly kind: "bound";
      readonly connection: number;
      readonly transport: TransportName;
      readonly session: Session;
      /** How long the server may be silent. */
      readonly silence: number;
      readonly since: number;
      readonly stale: boolean;
    }
  | { readonly kind: "retrying"; readonly delay: number; readonly cause: HalleyError; readonly recovery: Recovery | undefined }
  | { readonly kind: "closed"; readonly cause: HalleyError | undefined };

/** Wanted is a subscription as the session sees it. */
export interface Wanted {
  readonly interest: Interest;
  /** waiting: not asked for in this session; asked: the server was asked, perhaps in vain; active: it has confirmed. */
  readonly phase: "waiting" | "asked" | "active";
}

/** Sent is a request that was written and not answered. */
export interface Sent {
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
  /** User and password as they follow the other parameters of a new session; those that were had last. */
  readonly credentials: string;
  /** Failures since there was a steady connection. */
  readonly attempt: number;
  /** Counters: the latest number given. */
  readonly connections: number;
  readonly requests: number;
  readonly lastSession: string | undefined;
  /** The bandwidth to ask for, and what the server has told. */
  readonly maxBandwidth: number | "unlimited" | undefined;
  readonly bandwidth: Bandwidth | undefined;
  readonly wanted: ReadonlyMap<number, Wanted>;
  /** Messages without an outcome, and the latest number of each sequence in this session. */
  readonly outbox: ReadonlyMap<number, Outgoing>;
  readonly numbers: ReadonlyMap<string, number>;
  /** Requests that wait to be written, and those whose answer is due. Over HTTP the latter are one request's. */
  readonly queue: readonly Control[];
  readonly pending: readonly Sent[];
}

export type Event =
  | { readonly type: "start" | "drop" | "close" | "heard" }
  | { readonly type: "credentials"; readonly outcome: string | HalleyError }
  | { readonly type: "opened"; readonly connection: number }
  | { readonly type: "message"; readonly connection: number; readonly message: Message }
  | { readonly type: "broken"; readonly connection: number; readonly cause: HalleyError }
  | { readonly type: "timer"; readonly timer: Timer }
  | { readonly type: "wake"; readonly wake: Wake }
  | { readonly type: "choose"; readonly choice: TransportChoice }
  | { readonly type: "subscribe"; readonly id: number; readonly interest: Interest }
  | { readonly type: "unsubscribe"; readonly id: number }
  | { readonly type: "reconfigure"; readonly id: number; readonly maxFrequency: Frequency }
  | { readonly type: "constrain"; readonly maxBandwidth: number | "unlimited" }
  | { readonly type: "send"; readonly id: number; readonly message: Outgoing }
  /** The HTTP control request has ended, with what the server said, or with nothing. */
  | { readonly type: "answered"; readonly messages: readonly Message[] };

/** Timer names the timers; each runs at most once at a time, and arming it again replaces it. */
export type Timer = "attempt" | "silence" | "retry" | "poll" | "control" | "recovery";

export type Effect =
  /** Asks for credentials, which `credentials` reports. */
  | { readonly type: "ask" }
  | {
      readonly type: "open";
      readonly connection: number;
      readonly transport: TransportName;
      readonly request: "create_session" | "bind_session";
      readonly line: string;
      readonly controlLink: string | undefined;
      /** The connection takes up a session that was broken off: it has to say where it begins. */
      readonly recovers: boolean;
    }
  /** A WebSocket message. */
  | { readonly type: "write"; readonly text: string }
  /** An HTTP control request, whose end is reported by `answered` unless `last`. */
  | { readonly type: "post"; readonly session: Session; readonly request: RequestName; readonly body: string; readonly last: boolean }
  /** Ends the connection, and the HTTP control request under way. */
  | { readonly type: "shut" }
  | { readonly type: "arm"; readonly timer: Timer; readonly delay: number }
  | { readonly type: "disarm"; readonly timer: Timer }
  | { readonly type: "status"; readonly status: Status }
  | { readonly type: "bandwidth"; readonly bandwidth: Bandwidth }
  /** A new session has begun: what was known of each item on the wire is void. */
  | { readonly type: "renew" }
  | { readonly type: "refuse"; readonly id: number; readonly ended: boolean; readonly error: SubscriptionError }
  /** What became of a message. */
  | { readonly type: "settle"; readonly id: number; readonly outcome: string | MessageError };

/** Env is what step may know of the world. */
export interface Env {
  readonly now: number;
  /** When the server was last heard. */
  readonly heardAt: number;
  /** The data notifications received in this session. */
  readonly received: number;
  readonly random: number;
}

/** initialState is the state before `start`. */
export function initialState(settings: Settings, choice: TransportChoice, maxBandwidth: number | undefined): State {
  return {
    settings,
    choice,
    link: { kind: "asking" },
    start: settings.available[0] ?? "http-streaming",
    socketHasWorked: false,
    credentials: "",
    attempt: 0,
    connections: 0,
    requests: 0,
    lastSession: undefined,
    maxBandwidth,
    bandwidth: undefined,
    wanted: new Map(),
    outbox: new Map(),
    numbers: new Map(),
    queue: [],
    pending: [],
  };
}

/** statusOf says what the application sees of a state. */
export function statusOf(state: State): Status {
  const { link } = state;
  if ("recovery" in link && link.recovery) return { state: "recovering", sessionId: link.recovery.session.id, cause: link.recovery.cause };
  switch (link.kind) {
    case "asking":
      return { state: "connecting", transport: firstTransport(state) };
    case "opening":
      return { state: "connecting", transport: link.transport };
    case "bound":
      return { state: link.stale ? "stale" : "connected", transport: link.transport, sessionId: link.session.id };
    case "retrying":
      return { state: "retrying", attempt: state.attempt, delay: link.delay, cause: link.cause };
    case "closed":
      return { state: "closed", cause: link.cause };
  }
}

/** sessionOf is the session that there is, bound or to be recovered. */
export function sessionOf(link: Link): Session | undefined {
  return link.kind === "bound" ? link.session : "recovery" in link ? link.recovery?.session : undefined;
}

/** firstTransport is where the next attempt begins. */
export function firstTransport(state: State): TransportName {
  return state.choice === "auto" ? state.start : state.choice;
}
