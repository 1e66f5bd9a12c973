import type { HalleyError } from "./errors.js";
import type { TransportName } from "./platform.js";

/**
 * Status is where the client stands with the server.
 *
 * - `connecting`: the password is being fetched, or a connection is being made, over `transport`.
 * - `connected`: there is a session, and the server has given a sign of life lately.
 * - `stale`: there is a session, but the server has been silent for longer than it promised to be. Values may be old.
 * - `recovering`: the connection has broken, and the client tries to go on with the session where it was broken off.
 *   Subscriptions stay; nothing is lost if it succeeds. `cause` is why the connection broke.
 * - `retrying`: there is no session. The next attempt comes in `delay` milliseconds; `cause` is why the last one failed.
 *   The attempt after it begins with a new session and fresh snapshots.
 * - `closed`: it is over, by close() or because of a fatal error.
 */
export type Status =
  | { readonly state: "connecting"; readonly transport: TransportName }
  | { readonly state: "connected" | "stale"; readonly transport: TransportName; readonly sessionId: string }
  | { readonly state: "recovering"; readonly sessionId: string; readonly cause: HalleyError }
  | { readonly state: "retrying"; readonly attempt: number; readonly delay: number; readonly cause: HalleyError }
  | { readonly state: "closed"; readonly cause: HalleyError | undefined };

/** sameStatus says whether a listener would see no difference. */
export function sameStatus(a: Status, b: Status): boolean {
  if (a.state !== b.state) return false;
  if ("sessionId" in a && "sessionId" in b && a.sessionId !== b.sessionId) return false;
  if ("transport" in a && "transport" in b && a.transport !== b.transport) return false;
  return a.state !== "retrying" || b.state !== "retrying" || a.attempt === b.attempt;
}
