import { request } from "./controls.js";
import { MessageError } from "./errors.js";
import type { Message } from "./messages.js";
import type { Outgoing } from "./requests.js";
import type { Turn } from "./turn.js";

// Messages to the server, from the moment they are sent until their outcome is known. A message belongs to one session:
// to the present one, or to the next when there is none. It is written again, under the number it has, until the server
// has said that it has come.

/** The number was there before: the outcome has come, or will. */
const REPEATED: ReadonlySet<number> = new Set([32, 33]);
/** The message did not come in time for its turn; with the second code, others before it neither. */
const SKIPPED = 38;
const SKIPPED_ALL = 39;

export function send(turn: Turn, id: number, message: Outgoing): void {
  turn.set({ outbox: new Map(turn.state.outbox).set(id, message) });
  request(turn, { op: "msg", id });
}

/** outcome deals with MSGDONE and MSGFAIL. */
export function outcome(turn: Turn, message: Extract<Message, { tag: "MSGDONE" | "MSGFAIL" }>): void {
  const { tag, sequence, number, text } = message;
  const code = tag === "MSGDONE" ? 0 : message.code;
  // The text is a number there: so many messages in a row, up to this one.
  const first = code === SKIPPED_ALL ? number - Number(text) + 1 : number;
  for (const [id, one] of turn.state.outbox) {
    if ((one.sequence ?? "*") !== sequence || one.number < Math.max(first, 1) || one.number > number) continue;
    settle(turn, id, tag === "MSGDONE" ? text : failure(code, text));
  }
}

/** refusedMessage deals with REQERR. */
export function refusedMessage(turn: Turn, id: number, code: number, text: string): void {
  if (!REPEATED.has(code)) settle(turn, id, failure(code, text));
}

/** abort gives up all messages: with its session, what became of them is lost. */
export function abort(turn: Turn): void {
  for (const id of turn.state.outbox.keys()) settle(turn, id, new MessageError("aborted", 0, "the session is lost, and with it the outcome of the message"));
}

function failure(code: number, text: string): MessageError {
  if (code <= 0) return new MessageError("denied", code, text);
  if (code === SKIPPED || code === SKIPPED_ALL) return new MessageError("discarded", code, "the message came too late for its place in the sequence");
  return new MessageError("failed", code, text);
}

function settle(turn: Turn, id: number, outcome: string | MessageError): void {
  const outbox = new Map(turn.state.outbox);
  if (!outbox.delete(id)) return;
  // An outcome may overtake the answer to the request over HTTP: nothing is left to repeat then.
  turn.set({ outbox, queue: turn.state.queue.filter((control) => control.id !== id) });
  turn.perform({ type: "settle", id, outcome });
}
