import { backoff } from "./backoff.js";
import { requeue } from "./controls.js";
import { ConnectionError, type HalleyError } from "./errors.js";
import { abort } from "./outbox.js";
import type { TransportName } from "./platform.js";
import { bindSession, createSession, type StreamParams } from "./requests.js";
import { firstTransport, type Recovery, sessionOf } from "./state.js";
import { bestTransport, type Turn } from "./turn.js";

// Connections begin and end here. A new session needs credentials first: the transports that are tried for it share them,
// and the time that they have to open begins only then. A connection that breaks is followed by another one, which takes
// the session up where it was broken off. When the server does not know it any more, or time is over, a new session begins.

/** A session bound for so many milliseconds has shown that the connection works: the next failure counts as the first. */
export const STEADY_AFTER = 10_000;

/** open makes a connection, for the session to be recovered or, with the credentials that there are, for a new one. */
export function open(turn: Turn, transport: TransportName, recovery: Recovery | undefined): void {
  detach(turn);
  // What a transport that has failed was told is told again over this one.
  if (!recovery) forget(turn);
  const { settings, connections, lastSession, maxBandwidth, credentials } = turn.state;
  const connection = connections + 1;
  turn.set({ connections: connection, link: { kind: "opening", connection, transport, writable: false, recovery } });
  // The first poll is answered at once, so that requests need not wait for data.
  const stream = streamParams(turn, transport, 0);
  turn.perform({
    type: "open",
    connection,
    transport,
    request: recovery ? "bind_session" : "create_session",
    line: recovery
      ? bindSession(recovery.session.id, stream, turn.env.received)
      : createSession({ adapterSet: settings.adapterSet, maxBandwidth, oldSession: lastSession, diffs: settings.diffs }, stream) + credentials,
    controlLink: recovery?.session.controlLink,
    recovers: recovery !== undefined,
  });
  turn.arm("attempt", settings.connectTimeout);
}

/** restart gives up the session, and begins a new one as soon as there are credentials for it. */
export function restart(turn: Turn): void {
  detach(turn);
  forget(turn);
  turn.set({ link: { kind: "asking" } });
  turn.perform({ type: "ask" });
}

/** credentials takes the application's answer. That there are none is no transport's fault: another one would not help. */
export function credentials(turn: Turn, outcome: string | HalleyError): void {
  if (turn.state.link.kind !== "asking") return;
  if (typeof outcome !== "string") return lost(turn, outcome);
  turn.set({ credentials: outcome });
  open(turn, firstTransport(turn.state), undefined);
}

/** broken says that the connection has failed: a transport that does not open is followed by the next one. */
export function broken(turn: Turn, cause: HalleyError, unanswered: boolean): void {
  const { link } = turn.state;
  if (link.kind === "opening") {
    const next = fallback(turn, link.transport, unanswered);
    if (next) return open(turn, next, link.recovery);
    // All have failed, so none is to blame: begin with the best one again.
    turn.set({ start: bestTransport(turn) });
  }
  lost(turn, cause);
}

/** fallback is the transport to try after one that did not open. HTTP that cannot be reached at all leaves nothing to try. */
export function fallback(turn: Turn, transport: TransportName, unanswered: boolean): TransportName | undefined {
  const { choice, settings } = turn.state;
  if (choice !== "auto") return undefined;
  const later = settings.available.slice(settings.available.indexOf(transport) + 1);
  if (transport === "websocket") return later[0];
  if (transport === "http-streaming" && unanswered) return later[0];
  return undefined;
}

/** lost waits for the next attempt. The session is kept if nothing but its connection has failed. */
export function lost(turn: Turn, cause: HalleyError): void {
  const { link } = turn.state;
  if (link.kind === "retrying" || link.kind === "closed") return;
  const steady = link.kind === "bound" && turn.env.now - link.since >= STEADY_AFTER;
  const attempt = steady ? 0 : turn.state.attempt;
  const recovery = cause instanceof ConnectionError ? recoveryOf(turn, cause) : undefined;
  detach(turn);
  if (!recovery) forget(turn);
  const delay = backoff(attempt, turn.env.random);
  turn.set({ attempt: attempt + 1, link: { kind: "retrying", delay, cause, recovery } });
  turn.arm("retry", delay);
}

/** close ends the client. */
export function close(turn: Turn, cause: HalleyError | undefined): void {
  detach(turn);
  abort(turn);
  turn.disarm("recovery");
  turn.set({ link: { kind: "closed", cause } });
}

/** streamParams says how notifications shall come over a transport. */
export function streamParams(turn: Turn, transport: TransportName, pollIdle = turn.state.settings.pollIdle): StreamParams {
  const { keepAlive, contentLength } = turn.state.settings;
  if (transport === "http-polling") return { kind: "poll", idle: pollIdle };
  return { kind: "stream", keepAlive, contentLength: transport === "websocket" ? undefined : contentLength };
}

/** The recovery under way, or one that begins because the connection of a session has broken. */
function recoveryOf(turn: Turn, cause: HalleyError): Recovery | undefined {
  const { link, settings } = turn.state;
  if (link.kind === "opening") return link.recovery;
  if (link.kind !== "bound" || settings.recoveryTime <= 0) return undefined;
  turn.arm("recovery", settings.recoveryTime);
  return { session: link.session, cause };
}

/** Gives up the connection. What it has not answered is asked again on the next one. */
function detach(turn: Turn): void {
  const { link } = turn.state;
  if (link.kind === "opening" || link.kind === "bound") turn.perform({ type: "shut" });
  turn.disarm("attempt", "silence", "retry", "poll", "control");
  requeue(turn);
}

/** Gives up the session: all subscriptions are to be asked for anew, and what was said in it is void. */
function forget(turn: Turn): void {
  turn.disarm("recovery");
  if (sessionOf(turn.state.link)) abort(turn);
  const { wanted, outbox } = turn.state;
  turn.set({
    wanted: new Map([...wanted].map(([id, { interest }]) => [id, { interest, phase: "waiting" }])),
    queue: [...[...wanted.keys()].map((id) => ({ op: "add" as const, id })), ...[...outbox.keys()].map((id) => ({ op: "msg" as const, id }))],
    numbers: new Map(),
    bandwidth: undefined,
  });
}
