/** TransportName is a way for updates to travel. */
export type TransportName = "websocket" | "http-streaming" | "http-polling";

/** Sink is who a connection reports to. Nothing comes before `open` has returned, and nothing after `ended`. */
export interface Sink {
  /** The WebSocket is open. An HTTP request does not say so. */
  opened(): void;
  /** Text has come in, cut anywhere. */
  text(chunk: string): void;
  /** It is over: without a cause when the other side ended it in good order. */
  ended(cause?: unknown): void;
}

/** Connection is one WebSocket, or one HTTP request and its response. */
export interface Connection {
  /** Sends a WebSocket message. */
  send(text: string): void;
  /** Ends the connection; the sink hears nothing more. May be called twice. */
  close(): void;
}

/** Transport is the only thing in this package that touches the network. */
export interface Transport {
  /** What this environment can do, best first. */
  readonly available: readonly TransportName[];
  /** Opens a WebSocket. */
  socket(url: string, protocol: string, sink: Sink): Connection;
  /** Posts a body and hands over the response as it comes. */
  post(url: string, body: string, sink: Sink): Connection;
}

/** Cancel undoes what returned it. May be called twice, and late. */
export type Cancel = () => void;

/** Clock is the only thing in this package that knows the time. */
export interface Clock {
  /** Milliseconds since some fixed moment, sleep of the machine included. */
  now(): number;
  /** Runs once after a delay in milliseconds. */
  after(delay: number, run: () => void): Cancel;
  /** Runs once before the next picture is painted, or within a second where nothing is painted. */
  frame(run: () => void): Cancel;
  /** A number in [0, 1). */
  random(): number;
}

/** Wake says why it may be a good moment to look after the connection. */
export type Wake = "online" | "visible";

/** Platform is all this package needs from the world. */
export interface Platform {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Reports that the network has come back or that the page is looked at again. */
  onWake(listener: (wake: Wake) => void): Cancel;
}
