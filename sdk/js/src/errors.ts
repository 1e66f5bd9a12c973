/** HalleyError is what all errors of this package have in common. Tell them apart by class, by `name` or by `code`. */
export class HalleyError extends Error {
  /** The server's code, or 0 where the error did not come from the server. */
  readonly code: number;

  constructor(name: string, code: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = name;
    this.code = code;
  }
}

/** ConnectionError says that the server could not be reached, or fell silent. The client tries again by itself, and recovers the session if there is one. */
export class ConnectionError extends HalleyError {
  constructor(message: string, cause?: unknown) {
    super("ConnectionError", 0, message, cause);
  }
}

/** asHalleyError takes what anybody else has thrown for a failure to connect. */
export function asHalleyError(cause: unknown): HalleyError {
  if (cause instanceof HalleyError) return cause;
  return new ConnectionError(cause instanceof Error ? cause.message : String(cause), cause);
}

/** SessionError is the server's refusal to open a session, or its word that the session has ended. */
export class SessionError extends HalleyError {
  /** Whether trying again is pointless. A client that meets a fatal error closes. */
  readonly fatal: boolean;

  constructor(code: number, message: string, fatal: boolean) {
    super("SessionError", code, message);
    this.fatal = fatal;
  }
}

/** SubscriptionError is the server's refusal of one subscription, or of a change to it. The session goes on. */
export class SubscriptionError extends HalleyError {
  constructor(code: number, message: string) {
    super("SubscriptionError", code, message);
  }
}

/**
 * MessageError says that a message had no good outcome. `reason` is one of
 *
 * - `denied`: the application on the server has refused it, with a `code` of its own, 0 or below.
 * - `discarded`: it did not reach the server in time for its place in the sequence.
 * - `failed`: the server could not handle it; `code` is the server's.
 * - `aborted`: the session was lost, or the client closed. Whether the message was handled is unknown.
 */
export class MessageError extends HalleyError {
  readonly reason: "denied" | "discarded" | "failed" | "aborted";

  constructor(reason: MessageError["reason"], code: number, message: string) {
    super("MessageError", code, message);
    this.reason = reason;
  }
}

/** ProtocolError says that the server sent a line this client cannot make sense of. It then starts over with a new session. */
export class ProtocolError extends HalleyError {
  /** The line at fault, cut to 200 characters. */
  readonly line: string;

  constructor(message: string, line: string, cause?: unknown) {
    super("ProtocolError", 0, message, cause);
    this.line = line.slice(0, 200);
  }
}
