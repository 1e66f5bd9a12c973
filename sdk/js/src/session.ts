import { answeredRequest, destroy, flush, repeat } from "./controls.js";
import { ConnectionError } from "./errors.js";
import { confirmed, constrain, reconfigure, requestError, subscribe, unsubscribe } from "./interests.js";
import type { Message } from "./messages.js";
import { broken, close, credentials, lost, restart } from "./opening.js";
import { outcome, send } from "./outbox.js";
import { type Effect, type Env, type Event, type Link, type State, statusOf, type Timer } from "./state.js";
import { sameStatus } from "./status.js";
import { bind, conok, loop, opened, refused, retry, wake, watch } from "./stream.js";
import { Turn } from "./turn.js";

// The session is a pure state machine: step(state, event, env) -> [state, effects]. It holds no socket, timer or clock.
//
//           credentials         CONOK              silence          silence
//     asking ─────────► opening ───────► bound ◄───────────► (stale) ───────┐
//      ▲ │                ▲  │ other       │  END, connection broken        │
//      │ │ none           │  │ transport   ▼                                ▼
//      └─┴────────────────┴──┴───────── retrying ◄──────────────────────────┘        close, fatal code: closed
//
// A new session begins in `asking`, without a connection. A session to be recovered needs no credentials.
// A connection has a number. What arrives from any other than the present one is void, so that there is never more than
// one attempt in flight. LOOP continues the session on a new connection, or on the same WebSocket, and stays in `bound`.
// While a session is recovered, `opening` and `retrying` carry it with them.

/** step takes one event. It changes neither its arguments nor anything else. */
export function step(state: State, event: Event, env: Env): readonly [State, readonly Effect[]] {
  const turn = new Turn(state, env);
  if (state.link.kind !== "closed") take(turn, event);
  const { bandwidth } = turn.state;
  if (bandwidth !== undefined && bandwidth !== state.bandwidth) turn.perform({ type: "bandwidth", bandwidth });
  const status = statusOf(turn.state);
  if (!sameStatus(statusOf(state), status)) turn.perform({ type: "status", status });
  return [turn.state, turn.effects];
}

function take(turn: Turn, event: Event): void {
  const { link } = turn.state;
  switch (event.type) {
    case "start":
      return restart(turn);
    case "credentials":
      return credentials(turn, event.outcome);
    case "opened":
      return opened(turn, event.connection);
    case "message":
      if (isCurrent(link, event.connection)) message(turn, event.message);
      return;
    case "broken":
      if (isCurrent(link, event.connection)) broken(turn, event.cause, false);
      return;
    case "heard":
      if (link.kind === "bound" && link.stale) watch(turn, turn.env.now);
      return;
    case "timer":
      return timer(turn, event.timer);
    case "wake":
      return wake(turn, event.wake);
    case "subscribe":
      return subscribe(turn, event.id, event.interest);
    case "unsubscribe":
      return unsubscribe(turn, event.id);
    case "reconfigure":
      return reconfigure(turn, event.id, event.maxFrequency);
    case "constrain":
      return constrain(turn, event.maxBandwidth);
    case "send":
      return send(turn, event.id, event.message);
    case "answered":
      return answered(turn, event.messages);
    case "choose":
      if (event.choice === turn.state.choice) return;
      destroy(turn);
      turn.set({ choice: event.choice });
      return restart(turn);
    case "drop":
      return lost(turn, new ConnectionError("the connection was dropped on purpose"));
    case "close":
      destroy(turn);
      return close(turn, undefined);
  }
}

function message(turn: Turn, message: Message): void {
  switch (message.tag) {
    case "CONOK":
      return conok(turn, message);
    case "CONERR":
    case "END":
    case "ERROR":
      return refused(turn, message.tag, message.code, message.text);
    case "LOOP":
      return loop(turn, message.delay);
    case "SUBOK":
    case "SUBCMD":
      return confirmed(turn, message.id);
    case "REQOK":
      return void answeredRequest(turn, message.requestId);
    case "REQERR":
      return requestError(turn, message.requestId, message.code, message.text);
    case "MSGDONE":
    case "MSGFAIL":
      return outcome(turn, message);
    case "CONS":
      return turn.set({ bandwidth: message.bandwidth });
    default:
      return;
  }
}

/** Takes the answer to an HTTP control request. */
function answered(turn: Turn, messages: readonly Message[]): void {
  turn.disarm("control");
  for (const one of messages) {
    message(turn, one);
    if (turn.state.link.kind !== "bound") return;
  }
  repeat(turn);
}

function timer(turn: Turn, timer: Timer): void {
  const { link, pending } = turn.state;
  switch (timer) {
    case "attempt":
      if (link.kind === "opening") broken(turn, new ConnectionError(`no answer over ${link.transport} in time`), true);
      return;
    case "silence":
      return watch(turn, turn.env.heardAt);
    case "retry":
      return retry(turn);
    case "poll":
      return bind(turn);
    case "control":
      // Either the wait before a repetition is over, or the request under way takes too long.
      if (pending.length > 0) answered(turn, []);
      else flush(turn);
      return;
    case "recovery":
      return restart(turn);
  }
}

function isCurrent(link: Link, connection: number): boolean {
  return (link.kind === "opening" || link.kind === "bound") && link.connection === connection;
}
