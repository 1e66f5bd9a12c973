import { isFatal, NO_STREAMING } from "./codes.js";
import { flush } from "./controls.js";
import { ConnectionError, SessionError } from "./errors.js";
import type { Message } from "./messages.js";
import { close, fallback, lost, open, restart, streamParams } from "./opening.js";
import type { Wake } from "./platform.js";
import { bindSession } from "./requests.js";
import { firstTransport, sessionOf } from "./state.js";
import { bestTransport, type Turn } from "./turn.js";

// The session as its connection tells of it: that it is bound, refused, goes on elsewhere, or is silent.

/** After the silence that the server may keep, the session is stale; after some more, its connection is lost. Milliseconds. */
export const STALE_AFTER = 2_000;
export const LOST_AFTER = 3_000;
/** For servers that promise no sign of life at all. */
const DEFAULT_SILENCE = 20_000;

/** opened says that the WebSocket is open and the create or bind request on its way. */
export function opened(turn: Turn, connection: number): void {
  const { link } = turn.state;
  // Requests may follow a new session at once. Those of a broken one wait for the server's word that it goes on.
  if (link.kind !== "opening" || link.connection !== connection || link.recovery) return;
  turn.set({ link: { ...link, writable: true } });
  flush(turn);
}

export function conok(turn: Turn, message: Extract<Message, { tag: "CONOK" }>): void {
  const { link, settings, socketHasWorked } = turn.state;
  if (link.kind !== "opening" && link.kind !== "bound") return;
  const { transport, connection } = link;
  const { sessionId: id, requestLimit } = message;
  const before = sessionOf(link);
  const session = { id, requestLimit, controlLink: message.controlLink ?? before?.controlLink };
  const polling = transport === "http-polling";
  const silence = polling ? Math.max(settings.pollIdle, message.keepAlive) : message.keepAlive || DEFAULT_SILENCE;
  const since = link.kind === "bound" ? link.since : turn.env.now;
  turn.set({ link: { kind: "bound", connection, transport, session, silence, since, stale: false }, lastSession: id });
  turn.disarm("attempt", "recovery");
  turn.arm("silence", silence + STALE_AFTER);
  if (link.kind === "bound") return;
  // Where a WebSocket has worked once, it is tried first again; else what works now is kept.
  const worked = socketHasWorked || transport === "websocket";
  turn.set({ socketHasWorked: worked, start: worked ? bestTransport(turn) : transport });
  if (!before) turn.perform({ type: "renew" });
  flush(turn);
}

/** refused deals with CONERR, END and ERROR. */
export function refused(turn: Turn, tag: "CONERR" | "END" | "ERROR", code: number, text: string): void {
  const { link } = turn.state;
  if (link.kind === "opening" && tag === "CONERR") {
    const next = code === NO_STREAMING ? fallback(turn, link.transport, true) : undefined;
    if (next) return open(turn, next, link.recovery);
    // The server cannot go on with the session, whatever the reason; a new one may work.
    if (link.recovery) return restart(turn);
  }
  const error = new SessionError(code, text, isFatal(tag, code));
  if (error.fatal) close(turn, error);
  else lost(turn, error);
}

/** loop goes on with the session: on the same WebSocket, or in another HTTP response. */
export function loop(turn: Turn, delay: number): void {
  const { link, connections } = turn.state;
  if (link.kind !== "bound") return;
  turn.arm("silence", link.silence + delay + STALE_AFTER);
  if (link.transport === "websocket") {
    return turn.perform({ type: "write", text: `bind_session\r\n${bindSession(link.session.id, streamParams(turn, link.transport))}` });
  }
  // The old response ends by itself; as its number is no longer the present one, nobody minds.
  turn.set({ connections: connections + 1, link: { ...link, connection: connections + 1 } });
  if (delay > 0) turn.arm("poll", delay);
  else bind(turn);
}

export function bind(turn: Turn): void {
  const { link } = turn.state;
  if (link.kind !== "bound") return;
  const { connection, transport, session } = link;
  const line = bindSession(session.id, streamParams(turn, transport));
  turn.perform({ type: "open", connection, transport, request: "bind_session", line, controlLink: session.controlLink, recovers: false });
}

/** watch looks how long the server has been silent. */
export function watch(turn: Turn, heardAt: number): void {
  const { link } = turn.state;
  if (link.kind !== "bound") return;
  const silent = turn.env.now - heardAt;
  const allowed = link.silence + STALE_AFTER;
  if (silent < allowed) {
    turn.set({ link: { ...link, stale: false } });
    turn.arm("silence", allowed - silent);
  } else if (!link.stale) {
    // After a sleep of the machine this comes late, perhaps with text still to be read. So wait in any case.
    turn.set({ link: { ...link, stale: true } });
    turn.arm("silence", LOST_AFTER);
  } else {
    lost(turn, new ConnectionError(`no sign of life for ${Math.round(silent / 1000)} s`));
  }
}

/** wake looks after the connection when there is reason to. */
export function wake(turn: Turn, reason: Wake): void {
  // Another network may let through what the last one did not.
  if (reason === "online") turn.set({ start: bestTransport(turn) });
  if (turn.state.link.kind === "bound") watch(turn, turn.env.heardAt);
  else retry(turn);
}

/** retry makes the attempt that was waited for. */
export function retry(turn: Turn): void {
  const { link } = turn.state;
  if (link.kind !== "retrying") return;
  if (link.recovery) open(turn, firstTransport(turn.state), link.recovery);
  else restart(turn);
}
