import { describe, expect, it, vi } from "vitest";
import { connect } from "../src/client.js";
import { SessionError } from "../src/errors.js";
import { accept, connected, over, settle, setup } from "./fake.js";

describe("connecting over a WebSocket", () => {
  it("asks for the protocol's sub-protocol at the server's path", async () => {
    const { platform } = await setup();
    expect(platform.last).toMatchObject({ kind: "socket", url: "ws://server.test:8080/lightstreamer", body: "TLCP-2.5.0.lightstreamer.com" });
  });

  it("sends greeting, session and subscriptions without waiting for any answer", async () => {
    const { platform, client } = await setup({ adapterSet: "DEMO", user: "ann & co", password: "p+w" });
    client.subscribe({ items: ["A", "B"], fields: ["bid", "ask"], dataAdapter: "QUOTES", maxFrequency: 2.5 });
    expect(platform.last.sent).toEqual([]);
    platform.last.open();
    const [greeting, create, control] = platform.last.sent;
    expect(greeting).toBe("wsok");
    expect(create).toMatch(/^create_session\r\n[^\r\n]+$/);
    expect(platform.last.params("LS_cid")).toEqual({
      LS_adapter_set: "DEMO",
      LS_cid: "mgQkwtwdysogQz2BJ4Ji kOj2Bg",
      LS_supported_diffs: "T",
      LS_keepalive_millis: "5000",
      LS_send_sync: "false",
      LS_user: "ann & co",
      LS_password: "p+w",
    });
    expect(control).toMatch(/^control\r\n[^\r\n]+$/);
    expect(platform.last.params("LS_op=add")).toEqual({
      LS_reqId: "1",
      LS_op: "add",
      LS_subId: "1",
      LS_mode: "MERGE",
      LS_group: "A B",
      LS_schema: "bid ask",
      LS_data_adapter: "QUOTES",
      LS_snapshot: "true",
      LS_requested_max_frequency: "2.5",
    });
    expect(platform.last.sent).toHaveLength(3);
  });

  it("tells each step", async () => {
    const { platform, client, statuses } = await setup();
    expect(client.status).toEqual({ state: "connecting", transport: "websocket" });
    accept(platform, "S1");
    expect(statuses).toEqual([{ state: "connected", transport: "websocket", sessionId: "S1" }]);
    client.close();
    expect(statuses.at(-1)).toEqual({ state: "closed", cause: undefined });
  });

  it("waits for the password, and asks for a new one with every session", async () => {
    const password = vi.fn(() => Promise.resolve("one")).mockResolvedValueOnce("zero");
    const { platform } = await setup({ user: "ann", password });
    accept(platform, "S1");
    expect(platform.last.params("LS_password")["LS_password"]).toBe("zero");
    over(platform);
    await platform.clock.advance(1000);
    accept(platform, "S2");
    expect(platform.last.params("LS_password")["LS_password"]).toBe("one");
    expect(password).toHaveBeenCalledTimes(2);
  });

  it("tries again when the password cannot be had", async () => {
    const { platform, client } = await setup({ transport: "websocket", password: () => Promise.reject(new Error("no token")) });
    expect(client.status).toMatchObject({ state: "retrying", cause: { name: "ConnectionError", message: "no token" } });
    expect(platform.connections).toHaveLength(0);
  });

  it("asks again after CONOK when the server would not take a subscription before", async () => {
    const { platform, client } = await setup();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    platform.last.open();
    platform.last.lines("WSOK", "REQERR,1,20,session not found", "CONOK,S1,50000,5000,*");
    expect(platform.last.params("LS_op=add")).toMatchObject({ LS_reqId: "2", LS_subId: "1" });
  });

  it("splits requests at the server's limit", async () => {
    const { platform, client } = await setup();
    platform.last.open();
    platform.last.lines("WSOK", "CONOK,S1,300,5000,*");
    over(platform);
    for (let i = 0; i < 300; i++) client.subscribe({ items: [`ITEM${i}`], fields: ["bid", "ask"], dataAdapter: "Q".repeat(200) });
    await platform.clock.advance(1000);
    platform.last.open();
    const controls = platform.last.sent.slice(2);
    expect(controls.length).toBeGreaterThan(1);
    for (const text of controls) expect(text.length).toBeLessThanOrEqual(50_000);
    expect(controls.flatMap((text) => text.split("\r\n").slice(1))).toHaveLength(300);
  });
});

describe("fatal errors", () => {
  it.each([
    ["CONERR,1,User/password check failed", 1],
    ["CONERR,2,Requested Adapter Set not available", 2],
    ["CONERR,-7,not today%2C sorry", -7],
    ["END,32,closed by an administrator", 32],
    ["END,20,odd", 20],
    ["ERROR,67,malformed", 67],
  ])("%s closes the client", async (line, code) => {
    const { platform, client, statuses } = await setup();
    const subscription = client.subscribe({ items: ["A"], fields: ["bid"] });
    platform.last.open();
    if (line.startsWith("CONERR")) platform.last.lines("WSOK", line);
    else platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", line);
    const last = statuses.at(-1);
    expect(last).toMatchObject({ state: "closed", cause: { name: "SessionError", code, fatal: true } });
    expect(last?.state === "closed" && last.cause).toBeInstanceOf(SessionError);
    expect(platform.open).toHaveLength(0);
    expect(platform.clock.pendingTimers).toBe(0);
    expect(platform.listeners).toBe(0);
    expect(subscription.state).toBe("ended");
    await platform.clock.advance(60_000);
    expect(platform.connections).toHaveLength(1);
  });

  it.each(["CONERR,5,busy", "CONERR,6,later", "CONERR,20,gone", "END,48,restart", "END,41,rebind"])("%s does not", async (line) => {
    const { platform, client } = await setup();
    platform.last.open();
    if (line.startsWith("CONERR")) platform.last.lines("WSOK", line);
    else platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", line);
    expect(client.status).toMatchObject({ state: "retrying", cause: { name: "SessionError", fatal: false } });
    await platform.clock.advance(1000);
    accept(platform, "S2");
    expect(client.status).toMatchObject({ state: "connected", sessionId: "S2" });
  });
});

describe("close", () => {
  it("tells the server, cancels everything, and may be called twice", async () => {
    const { platform, client } = await connected();
    const subscription = client.subscribe({ items: ["A"], fields: ["bid"] });
    client.close();
    client.close();
    expect(platform.last.params("LS_op=destroy")).toMatchObject({ LS_op: "destroy", LS_close_socket: "true" });
    expect(platform.open).toHaveLength(0);
    expect(platform.clock.pendingTimers).toBe(0);
    expect(platform.listeners).toBe(0);
    expect(subscription.state).toBe("ended");
    expect(client.subscribe({ items: ["B"], fields: ["bid"] }).state).toBe("ended");
  });

  it("before the connection is open leaves nothing behind", async () => {
    const { platform, client } = await setup({ password: () => Promise.resolve("late") });
    client.close();
    await settle();
    expect(platform.open).toHaveLength(0);
    expect(client.status.state).toBe("closed");
  });
});

describe("bad arguments", () => {
  it("a URL that is none", () => {
    expect(() => connect("nonsense")).toThrow(TypeError);
    expect(() => connect("ftp://server.test")).toThrow(TypeError);
  });

  it("subscriptions that cannot be written", async () => {
    const { client } = await connected();
    expect(() => client.subscribe({ items: [], fields: ["bid"] })).toThrow("items is empty");
    expect(() => client.subscribe({ items: ["a b"], fields: ["bid"] })).toThrow('items has a bad name: "a b"');
    expect(() => client.subscribe({ items: ["a"], fields: ["bid", "bid"] })).toThrow('names "bid" twice');
    expect(() => client.subscribe({ items: ["a"], fields: ["__proto__"] })).toThrow("bad name");
    expect(() => client.subscribe({ items: ["a"], fields: ["price"], mode: "COMMAND" })).toThrow('need "key" and "command"');
    expect(() => client.subscribe({ items: ["a"], fields: ["b"], snapshot: 5 })).toThrow("DISTINCT");
    expect(() => client.subscribe({ items: ["a"], fields: ["b"], maxFrequency: 0 })).toThrow("maxFrequency");
  });
});

describe("a listener that throws", () => {
  it("stops neither the others nor the client", async () => {
    const errors: unknown[] = [];
    const keep = (error: unknown): void => void errors.push(error);
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", keep);
    try {
      const { platform, client } = await setup();
      const seen: string[] = [];
      client.on("status", () => {
        throw new Error("from a listener");
      });
      client.on("status", (status) => seen.push(status.state));
      accept(platform, "S1");
      expect(seen).toEqual(["connected"]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(errors).toEqual([new Error("from a listener")]);
    } finally {
      process.removeListener("uncaughtException", keep);
      for (const listener of before) process.on("uncaughtException", listener);
    }
  });
});
