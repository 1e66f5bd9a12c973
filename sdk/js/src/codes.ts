// Codes of CONERR and END after which a new session may work. All others are fatal: trying again gives the same answer.
const RETRY_CREATE: ReadonlySet<number> = new Set([
  4, // recovery point no longer kept
  5, // server overloaded
  6, // authentication service away
  20, // session not found
  40, // session taken over by another connection
  41,
  48, // session has reached its age, or the server is restarting
]);
const RETRY_END: ReadonlySet<number> = new Set([41, 48]);

/** Request-level codes that mean that the session itself is gone. */
export const SESSION_GONE: ReadonlySet<number> = new Set([11, 20]);

/** CONERR code with which a server says that it has no streaming, only polling. */
export const NO_STREAMING = 11;

/** isFatal says whether the code of a CONERR or END line rules out trying again. */
export function isFatal(tag: "CONERR" | "END" | "ERROR", code: number): boolean {
  if (tag === "ERROR") return true;
  return !(tag === "CONERR" ? RETRY_CREATE : RETRY_END).has(code);
}
