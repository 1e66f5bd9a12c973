import type { WebSocketConstructor } from "./browser.js";
import type { JsonPatch } from "./diff.js";
import type { Frequency, Interest, Mode, Outgoing } from "./requests.js";
import type { TransportChoice } from "./state.js";

/** ConnectOptions are read once, by connect(). Times are in milliseconds. */
export interface ConnectOptions {
  /** Adapter set of the server. Default: the server's own, `DEFAULT`. */
  readonly adapterSet?: string | undefined;
  /** Name of the user. Default: none. */
  readonly user?: string | undefined;
  /** Password or token. A function is asked before every new session, so that it can fetch a fresh one, for which it may
   * take up to 30 s. Default: none. */
  readonly password?: string | (() => string | Promise<string>) | undefined;
  /** Default: `"auto"`, that is a WebSocket, or else HTTP streaming, or else HTTP polling. */
  readonly transport?: TransportChoice | undefined;
  /** Limit of the server's sending rate in kilobits per second; setMaxBandwidth changes it. Default: none. */
  readonly maxBandwidth?: number | undefined;
  /** How long a transport may take to open before the next one is tried. The time in which the password is fetched does
   * not count. Default: 4000. */
  readonly connectTimeout?: number | undefined;
  /** How long a session whose connection broke may be tried to be recovered, before a new one begins. 0: not at all.
   * Default: 15000. */
  readonly recoveryTime?: number | undefined;
  /** How often the server shall give a sign of life when it has nothing to say. Silence of 2 s more makes the connection
   * stale, 3 s after that it is given up. The server may choose another time. Default: 5000. */
  readonly keepAlive?: number | undefined;
  /** How long the server may hold a poll that has nothing to deliver. Default: 10000. */
  readonly pollIdle?: number | undefined;
  /** Bytes after which an HTTP stream is continued in a new response, as browsers keep all of it. Default: 20,000,000. */
  readonly contentLength?: number | undefined;
  /** Reads values that the server tells as patches of JSON documents: `jsonPatch` from `halley-client/json-patch`. Without
   * it the server sends such values in full. Default: none. */
  readonly jsonPatch?: JsonPatch | undefined;
  /** Whether HTTP requests to another origin carry cookies. Default: false. */
  readonly withCredentials?: boolean | undefined;
  /** The WebSocket class. Default: the global one; Node before version 22 has none and takes that of the `ws` package. */
  readonly webSocket?: WebSocketConstructor | undefined;
}

/** SubscribeOptions say what to subscribe to. */
export interface SubscribeOptions<Field extends string = string, Name extends string = string, M extends Mode = Mode> {
  /** Names of the items, without blanks. */
  readonly items: readonly Name[];
  /** Names of the fields, without blanks. In COMMAND mode `key` and `command` have to be among them. */
  readonly fields: readonly Field[];
  /** MERGE: each item has one current state. DISTINCT: each update is an event. COMMAND: each item is a table of rows with
   * a key. RAW: each update as the feed sent it. Default: MERGE. */
  readonly mode?: M | undefined;
  /** Data Adapter of the adapter set. Default: the server's own, `DEFAULT`. */
  readonly dataAdapter?: string | undefined;
  /** Selector, whose meaning is the Data Adapter's. Default: none. */
  readonly selector?: string | undefined;
  /** Whether to get the present state first; for DISTINCT also the number of past events. Default: true, except for RAW. */
  readonly snapshot?: boolean | number | undefined;
  /** Updates per second and item at most. Default: `"unlimited"`. */
  readonly maxFrequency?: Frequency | undefined;
  /** How many updates of an item may wait on the server. Default: the mode's own. */
  readonly bufferSize?: number | "unlimited" | undefined;
}

/** SendOptions say how a message is to be handled. */
export interface SendOptions {
  /** Messages of one sequence are handled one after the other, in the order in which they were sent. The name is of
   * letters, digits and underscores. Default: none, the message is handled as it comes. */
  readonly sequence?: string | undefined;
  /** How long the server may wait for messages of the sequence that are missing before this one, in milliseconds.
   * Default: the server's own. */
  readonly maxWait?: number | undefined;
}

/** outgoingOf checks what is to be sent. */
export function outgoingOf(text: string, { sequence, maxWait }: SendOptions): Outgoing {
  // This name is the protocol's own.
  if (sequence !== undefined && (!/^\w+$/.test(sequence) || sequence === "UNORDERED_MESSAGES")) throw new TypeError(`no name of a sequence: "${sequence}"`);
  if (maxWait !== undefined && !(sequence !== undefined && maxWait >= 0)) throw new TypeError("maxWait is for a sequence, and 0 or more");
  // A text with half a character cannot be written, and had better fail here.
  encodeURIComponent(text);
  return { text, sequence, maxWait, number: 0 };
}

/** checkBandwidth refuses numbers that are no bandwidth. */
export function checkBandwidth(maxBandwidth: number | "unlimited" | undefined): void {
  if (typeof maxBandwidth === "number" && !(maxBandwidth > 0 && maxBandwidth < Infinity)) {
    throw new TypeError(`maxBandwidth has to be above 0, not ${maxBandwidth}`);
  }
}

/** interestOf checks the options of a subscription. Mistakes in them are mistakes of the program, hence a TypeError. */
export function interestOf(options: SubscribeOptions): Interest {
  const { items, fields, mode = "MERGE", dataAdapter, selector, snapshot = mode !== "RAW", maxFrequency, bufferSize } = options;
  checkNames("items", items);
  checkNames("fields", fields);
  if (mode === "COMMAND" && !(fields.includes("key") && fields.includes("command"))) {
    throw new TypeError(`fields of a COMMAND subscription need "key" and "command"`);
  }
  if (typeof snapshot === "number" && mode !== "DISTINCT") throw new TypeError("a number of past events needs the mode DISTINCT");
  checkFrequency(maxFrequency);
  return { items: [...items], fields: [...fields], mode, dataAdapter, selector, snapshot, maxFrequency, bufferSize };
}

/** checkFrequency refuses numbers that are no frequency. */
export function checkFrequency(maxFrequency: Frequency | undefined): void {
  if (typeof maxFrequency === "number" && !(maxFrequency > 0 && maxFrequency < Infinity)) {
    throw new TypeError(`maxFrequency has to be above 0, not ${maxFrequency}`);
  }
}

function checkNames(what: "items" | "fields", names: readonly string[]): void {
  if (names.length === 0) throw new TypeError(`${what} is empty`);
  const seen = new Set<string>();
  for (const name of names) {
    // Names travel as one text, separated by blanks. "__proto__" cannot be the name of a property.
    if (name === "" || name.includes(" ") || name === "__proto__") throw new TypeError(`${what} has a bad name: "${name}"`);
    if (seen.has(name)) throw new TypeError(`${what} names "${name}" twice`);
    seen.add(name);
  }
}
