import { answeredRequest, request } from "./controls.js";
import { SESSION_GONE } from "./codes.js";
import { SessionError, SubscriptionError } from "./errors.js";
import { lost } from "./opening.js";
import { refusedMessage } from "./outbox.js";
import type { Frequency, Interest } from "./requests.js";
import type { Wanted } from "./state.js";
import type { Turn } from "./turn.js";

// What the application wants of the server: subscriptions, and how fast updates may come.

export function subscribe(turn: Turn, id: number, interest: Interest): void {
  want(turn, id, { interest, phase: "waiting" });
  request(turn, { op: "add", id });
}

export function unsubscribe(turn: Turn, id: number): void {
  const one = turn.state.wanted.get(id);
  if (!one) return;
  want(turn, id, undefined);
  turn.set({ queue: turn.state.queue.filter((control) => control.id !== id) });
  // A request that was written once may have reached the server, even if nobody has answered it.
  if (one.phase !== "waiting") request(turn, { op: "delete", id });
}

export function reconfigure(turn: Turn, id: number, maxFrequency: Frequency): void {
  const one = turn.state.wanted.get(id);
  if (!one) return;
  want(turn, id, { ...one, interest: { ...one.interest, maxFrequency } });
  if (one.phase !== "waiting") change(turn, "reconf", id);
}

export function constrain(turn: Turn, maxBandwidth: number | "unlimited"): void {
  turn.set({ maxBandwidth });
  // A server that does not manage bandwidth does not want to be asked.
  if (turn.state.bandwidth !== "unmanaged") change(turn, "constrain", 0);
}

/** Requests are written with the values of then, so one in the queue is enough. */
function change(turn: Turn, op: "reconf" | "constrain", id: number): void {
  if (!turn.state.queue.some((control) => control.op === op && control.id === id)) request(turn, { op, id });
}

/** confirmed says that the server has accepted a subscription. */
export function confirmed(turn: Turn, id: number): void {
  const { wanted, queue, pending } = turn.state;
  const one = wanted.get(id);
  if (one) return want(turn, id, { ...one, phase: "active" });
  // HTTP requests may overtake each other: a subscription that was ended may come to life afterwards.
  const ending = [...queue, ...pending.map(({ control }) => control)].some((control) => control.id === id);
  if (!ending) request(turn, { op: "delete", id });
}

/** requestError deals with REQERR. */
export function requestError(turn: Turn, requestId: string, code: number, text: string): void {
  const control = answeredRequest(turn, requestId);
  const { link, wanted, queue } = turn.state;
  if (SESSION_GONE.has(code)) {
    // A server that wants the session created first is asked again when it is.
    if (link.kind === "opening" && control) turn.set({ queue: [...queue, control] });
    else if (link.kind === "bound") lost(turn, new SessionError(code, text, false));
    return;
  }
  if (!control) return;
  const { op, id } = control;
  if (op === "msg") return refusedMessage(turn, id, code, text);
  if (!wanted.has(id) || (op !== "add" && op !== "reconf")) return;
  const ended = op === "add";
  if (ended) want(turn, id, undefined);
  turn.perform({ type: "refuse", id, ended, error: new SubscriptionError(code, text) });
}

function want(turn: Turn, id: number, wanted: Wanted | undefined): void {
  const map = new Map(turn.state.wanted);
  if (wanted) map.set(id, wanted);
  else map.delete(id);
  turn.set({ wanted: map });
}
