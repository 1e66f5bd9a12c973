import type { Cancel, Clock, Connection, Platform, Sink, Transport, TransportName, Wake } from "./platform.js";

/** WebSocketConstructor is the part of the WebSocket class that is used here; the `ws` package fits as well. */
export type WebSocketConstructor = new (url: string, protocols: string) => WebSocket;

/** BrowserOptions are the choices that concern the network alone. */
export interface BrowserOptions {
  readonly webSocket: WebSocketConstructor | undefined;
  readonly withCredentials: boolean;
}

/** browserPlatform is the platform of browsers, workers and Node. */
export function browserPlatform(options: BrowserOptions): Platform {
  return { transport: new WebTransports(options), clock: systemClock, onWake };
}

class WebTransports implements Transport {
  readonly available: readonly TransportName[];
  readonly #webSocket: WebSocketConstructor | undefined;
  readonly #credentials: RequestCredentials;

  constructor(options: BrowserOptions) {
    this.#webSocket = options.webSocket ?? (globalThis as { readonly WebSocket?: WebSocketConstructor }).WebSocket;
    this.#credentials = options.withCredentials ? "include" : "same-origin";
    this.available = this.#webSocket ? ["websocket", "http-streaming", "http-polling"] : ["http-streaming", "http-polling"];
  }

  socket(url: string, protocol: string, sink: Sink): Connection {
    if (!this.#webSocket) throw new Error("there is no WebSocket here");
    const socket = new this.#webSocket(url, protocol);
    let over = false;
    const end = (cause?: unknown): void => {
      if (over) return;
      over = true;
      sink.ended(cause);
    };
    socket.onopen = () => {
      if (!over) sink.opened();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (over) return;
      if (typeof event.data === "string") sink.text(event.data);
    };
    socket.onerror = () => end(new Error("the WebSocket failed"));
    socket.onclose = (event: CloseEvent) => end(new Error(`the WebSocket was closed (${event.code}${event.reason ? ` ${event.reason}` : ""})`));
    return {
      send: (text) => {
        if (socket.readyState === 1) socket.send(text);
      },
      close: () => {
        over = true;
        socket.close();
      },
    };
  }

  post(url: string, body: string, sink: Sink): Connection {
    const abort = new AbortController();
    let over = false;
    const run = async (): Promise<void> => {
      const response = await fetch(url, {
        method: "POST",
        body,
        headers: { "Content-Type": "text/plain; charset=utf-8" },
        cache: "no-store",
        credentials: this.#credentials,
        signal: abort.signal,
      });
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
      if (!response.body) {
        const text = await response.text();
        if (!over) sink.text(text);
        return;
      }
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (over || done) return;
        sink.text(decoder.decode(value, { stream: true }));
      }
    };
    run().then(
      () => {
        if (!over) sink.ended();
      },
      (cause: unknown) => {
        if (!over) sink.ended(cause);
      },
    );
    return {
      send: () => undefined,
      close: () => {
        over = true;
        abort.abort();
      },
    };
  }
}

/** Where nothing is painted (hidden tab, worker, Node), batches come once a second or sixty times a second. */
const HIDDEN_FRAME = 1_000;
const UNPAINTED_FRAME = 16;

const systemClock: Clock = {
  now: () => Date.now(),
  after: (delay, run) => {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
  frame: (run) => {
    if (typeof requestAnimationFrame === "undefined") return systemClock.after(UNPAINTED_FRAME, run);
    // A page that gets hidden keeps its request until it is shown again, so the timer runs in any case.
    const cancel: Cancel = () => {
      cancelAnimationFrame(painted);
      clearTimeout(timer);
    };
    const once = (): void => {
      cancel();
      run();
    };
    const painted = requestAnimationFrame(once);
    const timer = setTimeout(once, HIDDEN_FRAME);
    return cancel;
  },
  random: () => Math.random(),
};

function onWake(listener: (wake: Wake) => void): Cancel {
  const online = (): void => listener("online");
  const visible = (): void => {
    if (document.visibilityState === "visible") listener("visible");
  };
  const hasDocument = typeof document !== "undefined";
  if (typeof addEventListener === "function") addEventListener("online", online);
  if (hasDocument) document.addEventListener("visibilitychange", visible);
  return () => {
    if (typeof removeEventListener === "function") removeEventListener("online", online);
    if (hasDocument) document.removeEventListener("visibilitychange", visible);
  };
}
