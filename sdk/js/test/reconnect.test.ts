import { describe, expect, it } from "vitest";
import { accept, connected, setup } from "./fake.js";

const NO_RECOVERY = { recoveryTime: 0 };

describe("a broken connection whose session is not to be recovered", () => {
  it("is followed by a new session in which all subscriptions are asked for again", async () => {
    const { platform, client, statuses } = await connected(NO_RECOVERY);
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    const gone = client.subscribe({ items: ["B"], fields: ["bid"] });
    gone.unsubscribe();
    platform.last.lines("SUBOK,1,1,1", "U,1,1,10");
    platform.last.end(new Error("reset"));
    expect(statuses.at(-1)).toMatchObject({ state: "retrying", attempt: 1, delay: 500, cause: { name: "ConnectionError", message: "reset" } });
    expect(quotes.get("A")).toEqual({ bid: "10" });
    await platform.clock.advance(500);
    expect(platform.connections).toHaveLength(2);
    platform.last.open();
    expect(platform.last.params("LS_cid")).toMatchObject({ LS_old_session: "S1" });
    expect(platform.last.sent[2]?.split("\r\n")).toHaveLength(2);
    expect(platform.last.params("LS_op=add")).toMatchObject({ LS_subId: "1", LS_group: "A" });
    expect(quotes.state).toBe("active");
    platform.last.lines("WSOK", "CONOK,S2,50000,5000,*");
    expect(quotes.state).toBe("pending");
    platform.last.lines("SUBOK,1,1,1", "U,1,1,11");
    expect(quotes.get("A")).toEqual({ bid: "11" });
  });

  it("is retried at growing distances, with one attempt in flight", async () => {
    const { platform, client, statuses } = await setup({ transport: "websocket" });
    for (let i = 0; i < 7; i++) {
      expect(platform.open).toHaveLength(1);
      platform.last.end(new Error("refused"));
      expect(platform.open).toHaveLength(0);
      await platform.clock.advance(client.status.state === "retrying" ? client.status.delay : 0);
    }
    const delays = statuses.flatMap((status) => (status.state === "retrying" ? [status.delay] : []));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    expect(client.status.state).toBe("connecting");
  });

  it("counts failures on while sessions die young, and starts over after a steady one", async () => {
    const { platform, statuses } = await connected(NO_RECOVERY);
    const die = async (after: number, sessionId: string): Promise<void> => {
      await platform.clock.advance(after);
      platform.last.lines("PROBE");
      platform.last.end(new Error("reset"));
      await platform.clock.advance(5000);
      accept(platform, sessionId);
    };
    await die(1000, "S2");
    await die(1000, "S3");
    platform.last.lines("PROBE");
    await platform.clock.advance(5000);
    platform.last.lines("PROBE");
    await die(6000, "S4");
    expect(statuses.flatMap((status) => (status.state === "retrying" ? [status.delay] : []))).toEqual([500, 1000, 500]);
  });

  it("counts a session as steady across its responses", async () => {
    const { platform, statuses } = await connected(NO_RECOVERY);
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    accept(platform, "S2");
    for (let i = 0; i < 3; i++) {
      await platform.clock.advance(4000);
      platform.last.lines("LOOP,0", "CONOK,S2,50000,5000,*");
    }
    platform.last.end(new Error("reset"));
    expect(statuses.flatMap((status) => (status.state === "retrying" ? [status.delay] : []))).toEqual([500, 500]);
  });

  it("is retried at once when the network comes back or the page is looked at", async () => {
    for (const wake of ["online", "visible"] as const) {
      const { platform, client } = await connected(NO_RECOVERY);
      platform.last.end(new Error("reset"));
      platform.wake(wake);
      await platform.clock.advance(0);
      expect(platform.connections).toHaveLength(2);
      expect(client.status.state).toBe("connecting");
      platform.wake(wake);
      platform.wake("online");
      await platform.clock.advance(1000);
      expect(platform.connections, "an attempt in flight is left alone").toHaveLength(2);
      client.close();
    }
  });

  it("leaves the old connection without a say", async () => {
    const { platform, client } = await connected(NO_RECOVERY);
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    const old = platform.last;
    old.lines("SUBOK,1,1,1", "U,1,1,10");
    client.drop();
    expect(old.closed).toBe(true);
    await platform.clock.advance(500);
    accept(platform, "S2");
    old.closed = false;
    old.lines("U,1,1,9", "END,31,late");
    old.end(new Error("late"));
    expect(quotes.get("A")).toEqual({ bid: "10" });
    expect(client.status).toMatchObject({ state: "connected", sessionId: "S2" });
  });

  it("comes from a line that makes no sense, too", async () => {
    const { platform, client } = await connected(NO_RECOVERY);
    client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
    platform.last.lines("SUBOK,1,1,2", "U,1,1,10");
    expect(client.status).toMatchObject({ state: "retrying", cause: { name: "ProtocolError", line: "U,1,1,10" } });
    expect(platform.open).toHaveLength(0);
  });

  it("comes from a server that does not know the session any more", async () => {
    const { platform, client } = await connected(NO_RECOVERY);
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    platform.last.lines("REQERR,1,20,session not found");
    expect(client.status.state).toBe("retrying");
    await platform.clock.advance(500);
    accept(platform, "S2");
    platform.last.lines("SUBOK,1,1,1");
    expect(quotes.state).toBe("active");
  });
});

describe("silence", () => {
  it("makes the session stale, then lost", async () => {
    const { platform, client, statuses } = await connected();
    await platform.clock.advance(6999);
    expect(client.status.state).toBe("connected");
    await platform.clock.advance(1);
    expect(client.status).toMatchObject({ state: "stale", transport: "websocket", sessionId: "S1" });
    await platform.clock.advance(3000);
    expect(statuses.map((status) => status.state)).toEqual(["connected", "stale", "recovering"]);
    expect(statuses.at(-1)).toMatchObject({ cause: { name: "ConnectionError", message: "no sign of life for 10 s" } });
  });

  it("is broken by any line", async () => {
    const { platform, client } = await connected();
    for (let i = 0; i < 10; i++) {
      await platform.clock.advance(5000);
      platform.last.lines("PROBE");
    }
    expect(client.status.state).toBe("connected");
  });

  it("that ends while stale is forgotten", async () => {
    const { platform, statuses } = await connected();
    await platform.clock.advance(8000);
    platform.last.lines("PROBE");
    await platform.clock.advance(6999);
    expect(statuses.map((status) => status.state)).toEqual(["connected", "stale", "connected"]);
  });

  it("is noticed on waking, with a moment's patience for what is still on its way", async () => {
    const { platform, client } = await connected();
    platform.clock.time += 3_600_000;
    platform.wake("visible");
    expect(client.status.state).toBe("stale");
    platform.last.lines("PROBE");
    expect(client.status.state).toBe("connected");
    platform.clock.time += 3_600_000;
    platform.wake("visible");
    await platform.clock.advance(3000);
    expect(client.status.state).toBe("recovering");
  });
});

describe("LOOP on a WebSocket", () => {
  it("binds again on the same socket and keeps subscriptions", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
    platform.last.lines("SUBOK,1,1,2", "U,1,1,10|11", "LOOP,0");
    expect(platform.last.sent.at(-1)).toBe("bind_session\r\nLS_session=S1&LS_keepalive_millis=5000&LS_send_sync=false");
    platform.last.lines("CONOK,S1,50000,6000,*", "U,1,1,|12");
    expect(quotes.get("A")).toEqual({ bid: "10", ask: "12" });
    expect(platform.connections).toHaveLength(1);
    expect(client.status.state).toBe("connected");
  });
});

describe("drop and setTransport", () => {
  it("drop is a failure like any other", async () => {
    const { platform, client, statuses } = await connected();
    client.drop();
    expect(statuses.at(-1)).toMatchObject({ state: "recovering", sessionId: "S1" });
    expect(platform.open).toHaveLength(0);
    client.drop();
    expect(statuses).toHaveLength(2);
  });

  it("setTransport ends the session and opens another one at once", async () => {
    const { platform, client } = await connected();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    const socket = platform.last;
    client.setTransport("http-polling");
    await platform.clock.advance(0);
    expect(socket.params("LS_op=destroy")).toMatchObject({ LS_close_socket: "true" });
    expect(socket.closed).toBe(true);
    expect(platform.last.url).toBe("http://server.test:8080/lightstreamer/create_session.txt?LS_protocol=TLCP-2.5.0");
    expect(platform.last.params()).toMatchObject({ LS_polling: "true" });
    expect(platform.last.params()["LS_old_session"]).toBeUndefined();
  });
});
