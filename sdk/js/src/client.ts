import { browserPlatform } from "./browser.js";
import { LiveClient } from "./live-client.js";
import type { Bandwidth } from "./messages.js";
import type { ConnectOptions, SendOptions, SubscribeOptions } from "./options.js";
import type { TransportChoice } from "./state.js";
import type { Status } from "./status.js";
import type { Subscription, TableSubscription } from "./subscription.js";

/** ClientEvents are what one can listen to on a client. */
export interface ClientEvents {
  /** The state has changed. */
  status: Status;
  /** The server has told the bandwidth in force: in each new session, and when it changes. */
  bandwidth: Bandwidth;
}

/** Client is the way to one server. It connects by itself, and again after every failure that is not fatal. */
export interface Client {
  /** Where the client stands now. */
  readonly status: Status;
  /** The bandwidth in force, undefined until the server has told it in the present session. */
  readonly bandwidth: Bandwidth | undefined;
  /**
   * Subscribes in COMMAND mode. May be called at any time after connect(): what the server cannot be told yet is told
   * as soon as it can be.
   */
  subscribe<const Field extends string, const Name extends string>(
    options: SubscribeOptions<Field, Name, "COMMAND"> & { readonly mode: "COMMAND" },
  ): TableSubscription<Field, Name>;
  /**
   * Subscribes in any other mode.
   *
   * @example
   * const quotes = client.subscribe({ items: ["ACME", "INIT"], fields: ["bid", "ask"], dataAdapter: "QUOTES" });
   * quotes.on("update", (u) => console.log(u.item, u.values.bid, u.changed.has("bid")));
   */
  subscribe<const Field extends string, const Name extends string, M extends "MERGE" | "DISTINCT" | "RAW" = "MERGE">(
    options: SubscribeOptions<Field, Name, M>,
  ): Subscription<Field, Name, M>;
  /**
   * Sends a message to the application behind the server, and returns its answer. Without a session the message waits for
   * the next one. While the session is recovered it is sent again if need be, but never handled twice.
   *
   * Rejects with a MessageError, or a TypeError when the options are wrong.
   *
   * @example
   * const answer = await client.send("buy 100 ACME", { sequence: "ORDERS" });
   */
  send(text: string, options?: SendOptions): Promise<string>;
  /** Adds a listener and returns what removes it. */
  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): () => void;
  /** Asks for another limit of the server's sending rate, in kilobits per second, now and in later sessions. */
  setMaxBandwidth(maxBandwidth: number | "unlimited"): void;
  /** Goes on with a new session over another transport. */
  setTransport(transport: TransportChoice): void;
  /** Breaks the connection as a failing network would, so that the session is recovered. For tests and demonstrations. */
  drop(): void;
  /** Ends the session and all subscriptions. Idempotent. */
  close(): void;
}

/**
 * connect returns a client for the server at `url`, such as `https://quotes.example.com`, and starts to connect. It never
 * fails because of the network: listen to `status`. It throws a TypeError when the URL is none.
 *
 * @example
 * const client = connect(location.origin, { adapterSet: "DEMO" });
 * client.on("status", (s) => console.log(s.state));
 */
export function connect(url: string, options: ConnectOptions = {}): Client {
  const platform = browserPlatform({ webSocket: options.webSocket, withCredentials: options.withCredentials ?? false });
  return new LiveClient(url, options, platform);
}
