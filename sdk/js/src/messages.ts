import { ProtocolError } from "./errors.js";
import { splitLines } from "./lines.js";
import { decodeText } from "./values.js";

/** Message is one line from the server, except for the updates themselves, which have a reader of their own. */
export type Message =
  | { readonly tag: "WSOK" }
  | {
      readonly tag: "CONOK";
      readonly sessionId: string;
      readonly requestLimit: number;
      readonly keepAlive: number;
      /** Address for later requests, undefined when it stays the same. */
      readonly controlLink: string | undefined;
    }
  | { readonly tag: "CONERR" | "END" | "ERROR"; readonly code: number; readonly text: string }
  | { readonly tag: "LOOP"; readonly delay: number }
  | { readonly tag: "REQOK"; readonly requestId: string }
  /** The bandwidth in force. */
  | { readonly tag: "CONS"; readonly bandwidth: Bandwidth }
  /** The number of data notifications before the next one. */
  | { readonly tag: "PROG"; readonly count: number }
  | { readonly tag: "REQERR"; readonly requestId: string; readonly code: number; readonly text: string }
  | MessageOutcome
  | SubscriptionMessage;

/** Bandwidth is a limit in kilobits per second, `"unlimited"`, or `"unmanaged"`: unlimited, and not to be changed. */
export type Bandwidth = number | "unlimited" | "unmanaged";

/** MessageOutcome is what became of a message that the client has sent. */
export type MessageOutcome =
  | { readonly tag: "MSGDONE"; readonly sequence: string; readonly number: number; readonly text: string }
  | { readonly tag: "MSGFAIL"; readonly sequence: string; readonly number: number; readonly code: number; readonly text: string };

/** SubscriptionMessage is a line that concerns one subscription. */
export type SubscriptionMessage =
  | { readonly tag: "SUBOK"; readonly id: number; readonly items: number; readonly fields: number }
  | {
      readonly tag: "SUBCMD";
      readonly id: number;
      readonly items: number;
      readonly fields: number;
      /** Position of the key and of the command in the schema, from 1. */
      readonly key: number;
      readonly command: number;
    }
  | { readonly tag: "UNSUB"; readonly id: number }
  | { readonly tag: "EOS" | "CS"; readonly id: number; readonly item: number }
  | { readonly tag: "OV"; readonly id: number; readonly item: number; readonly lost: number }
  | { readonly tag: "CONF"; readonly id: number; readonly maxFrequency: number | "unlimited"; readonly filtered: boolean };

/**
 * parseMessage reads a line, or returns undefined for one that tells this client nothing: PROBE, SYNC, NOOP and the like,
 * and every tag that later versions of the protocol may bring.
 */
export function parseMessage(line: string): Message | undefined {
  const args = line.split(",");
  const tag = args[0];

  const text = (i: number): string => {
    const value = args[i];
    if (value === undefined) throw new ProtocolError(`${tag} has too few arguments`, line);
    return value;
  };
  const number = (i: number, form = /^\d{1,15}$/): number => {
    const value = text(i);
    if (!form.test(value)) throw new ProtocolError(`${tag} has no number where one is due`, line);
    return Number(value);
  };
  // Subscriptions, items and fields are counted from 1.
  const position = (i: number): number => number(i, /^[1-9]\d{0,14}$/);
  const code = (i: number): number => number(i, /^-?\d{1,15}$/);
  const decimal = (i: number): number => number(i, /^\d+(\.\d+)?$/);
  // The last argument of a line may hold commas.
  const tail = (i: number): string => decodeText(text(i) && args.slice(i).join(","));

  switch (tag) {
    case "WSOK":
      return { tag };
    case "CONOK": {
      const link = text(4);
      return { tag, sessionId: text(1), requestLimit: number(2), keepAlive: number(3), controlLink: link === "*" ? undefined : link };
    }
    case "CONERR":
    case "END":
    case "ERROR":
      return { tag, code: code(1), text: tail(2) };
    case "LOOP":
      return { tag, delay: number(1) };
    case "REQOK":
      return { tag, requestId: args[1] ?? "" };
    case "REQERR":
      return { tag, requestId: text(1), code: code(2), text: tail(3) };
    case "CONS": {
      const word = args[1];
      return { tag, bandwidth: word === "unlimited" || word === "unmanaged" ? word : decimal(1) };
    }
    case "PROG":
      return { tag, count: number(1) };
    case "MSGDONE":
      return { tag, sequence: text(1), number: position(2), text: args[3] === undefined ? "" : tail(3) };
    case "MSGFAIL":
      return { tag, sequence: text(1), number: position(2), code: code(3), text: tail(4) };
    case "SUBOK":
      return { tag, id: position(1), items: number(2), fields: number(3) };
    case "SUBCMD":
      return { tag, id: position(1), items: number(2), fields: number(3), key: position(4), command: position(5) };
    case "UNSUB":
      return { tag, id: position(1) };
    case "EOS":
    case "CS":
      return { tag, id: position(1), item: position(2) };
    case "OV":
      return { tag, id: position(1), item: position(2), lost: number(3) };
    case "CONF": {
      const maxFrequency = text(2) === "unlimited" ? "unlimited" : decimal(2);
      const filtered = text(3) === "filtered";
      if (!filtered && text(3) !== "unfiltered") throw new ProtocolError("CONF says neither filtered nor unfiltered", line);
      return { tag, id: position(1), maxFrequency, filtered };
    }
    default:
      return undefined;
  }
}

/** parseAnswer reads what can be read of the answer to an HTTP request; the rest counts as not answered. */
export function parseAnswer(text: string): Message[] {
  try {
    return splitLines("", `${text}\r\n`).lines.map(parseMessage).filter((message) => message !== undefined);
  } catch {
    return [];
  }
}

/** isData says whether a message is counted for recovery, as updates are. */
export function isData(message: Message): message is SubscriptionMessage | MessageOutcome {
  return "id" in message || "sequence" in message;
}

/** UpdateHead is the beginning of an update line: for which subscription and item it is, and where its values start. */
export interface UpdateHead {
  readonly id: number;
  /** Position of the item in the subscription, from 1. */
  readonly item: number;
  readonly start: number;
}

/** isUpdate tells the one line that comes by the thousand from all others. */
export function isUpdate(line: string): boolean {
  return line.charCodeAt(0) === 0x55 && line.charCodeAt(1) === 0x2c;
}

/** parseUpdateHead reads `U,<subscription>,<item>,`. */
export function parseUpdateHead(line: string): UpdateHead {
  const second = line.indexOf(",", 2);
  const third = second < 0 ? -1 : line.indexOf(",", second + 1);
  if (third < 0) throw new ProtocolError("an update has too few arguments", line);
  const id = Number(line.slice(2, second));
  const item = Number(line.slice(second + 1, third));
  if (!(Number.isSafeInteger(id) && Number.isSafeInteger(item) && id > 0 && item > 0)) {
    throw new ProtocolError("an update has no number where one is due", line);
  }
  return { id, item, start: third + 1 };
}
