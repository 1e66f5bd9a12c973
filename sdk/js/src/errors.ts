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

/** ConnectionError says that the server could not be reached, or fell silent. The client tries again by itself. */
export class ConnectionError extends HalleyError {
  constructor(message: string, cause?: unknown) {
    super("ConnectionError", 0, message, cause);
  }
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

/** ProtocolError says that the server sent a line this client cannot make sense of. It then starts over with a new session. */
export class ProtocolError extends HalleyError {
  /** The line at fault, cut to 200 characters. */
  readonly line: string;

  constructor(message: string, line: string, cause?: unknown) {
    super("ProtocolError", 0, message, cause);
    this.line = line.slice(0, 200);
  }
}
