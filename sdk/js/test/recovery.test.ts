import { describe, expect, it } from "vitest";
import type { Update } from "../src/subscription.js";
import { accept, connected, type FakeConnection, type FakePlatform, setup } from "./fake.js";

/** Lets the latest connection take the session up again, after so many notifications. */
function resume(platform: FakePlatform, count: number, ...lines: string[]): void {
  if (platform.last.kind === "socket") platform.last.open();
  platform.last.lines(...(platform.last.kind === "socket" ? ["WSOK"] : []), "CONOK,S1,50000,5000,*", `PROG,${count}`, ...lines);
}

describe("a session whose connection breaks", () => {
  it("goes on where it was broken off, and nothing is asked for again", async () => {
    const { platform, client, statuses } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
    const seen: string[] = [];
    quotes.on("update", (u) => seen.push(`${u.values.bid} ${u.values.ask}`));
    quotes.on("subscribed", () => seen.push("subscribed"));
    platform.last.lines("REQOK,1", "SUBOK,1,1,2", "CONF,1,unlimited,filtered", "U,1,1,10|11");
    platform.last.end(new Error("reset"));
    expect(client.status).toMatchObject({ state: "recovering", sessionId: "S1", cause: { name: "ConnectionError", message: "reset" } });
    expect(quotes.state).toBe("active");
    await platform.clock.advance(500);
    platform.last.open();
    expect(platform.last.sent).toEqual(["wsok", "bind_session\r\nLS_session=S1&LS_recovery_from=3&LS_keepalive_millis=5000&LS_send_sync=false"]);
    platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", "PROG,3", "U,1,1,|12");
    expect(platform.last.sent).toHaveLength(2);
    expect(seen).toEqual(["subscribed", "10 11", "10 12"]);
    expect(statuses.map((status) => status.state)).toEqual(["connected", "recovering", "connected"]);
    await platform.clock.advance(20_000 - 1);
    expect(statuses.at(-1)).not.toMatchObject({ state: "connecting" });
  });

  it("passes over what it has received before", async () => {
    const { platform, client } = await connected();
    const seen: string[] = [];
    client.subscribe({ items: ["A"], fields: ["bid", "ask"] }).on("update", (u) => seen.push(`${u.values.bid} ${u.values.ask}`));
    platform.last.lines("SUBOK,1,1,2", "CONF,1,unlimited,filtered", "U,1,1,10|11", "U,1,1,|12");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    resume(platform, 1, "CONF,1,unlimited,filtered", "PROBE", "U,1,1,10|11", "U,1,1,|12", "U,1,1,|13");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(1000);
    resume(platform, 5, "U,1,1,14|");
    expect(seen).toEqual(["10 11", "10 12", "10 13", "14 13"]);
  });

  it("counts data notifications and nothing else", async () => {
    const { platform, client } = await connected();
    client.subscribe({ items: ["A"], fields: ["bid"], mode: "DISTINCT" });
    client.subscribe({ items: ["A"], fields: ["key", "command"], mode: "COMMAND" });
    platform.last.lines("SYNC,1", "REQOK,1", "REQOK,2", "SUBOK,1,1,1", "SUBCMD,2,1,2,1,2", "CONF,1,unlimited,filtered", "NOOP,x", "U,1,1,10", "U,77,1,10");
    platform.last.lines("EOS,1,1", "CS,1,1", "OV,1,1,2", "PROBE", "MSGDONE,*,1,", "MSGFAIL,*,2,34,no", "UNSUB,1", "CONS,unlimited", "CLIENTIP,::1", "FUTURE,1");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    platform.last.open();
    expect(platform.last.params()["LS_recovery_from"]).toBe("11");
  });

  it("is recovered after silence, too", async () => {
    const { platform, client, statuses } = await connected();
    await platform.clock.advance(10_000);
    expect(client.status).toMatchObject({ state: "recovering", cause: { message: "no sign of life for 10 s" } });
    await platform.clock.advance(500);
    resume(platform, 0);
    expect(statuses.map((status) => status.state)).toEqual(["connected", "stale", "recovering", "connected"]);
  });

  it("repeats the requests that had no answer, under new numbers", async () => {
    const { platform, client } = await connected();
    const kept = client.subscribe({ items: ["A"], fields: ["bid"] });
    const ended = client.subscribe({ items: ["B"], fields: ["bid"] });
    client.subscribe({ items: ["C"], fields: ["bid"] });
    platform.last.lines("REQOK,1", "SUBOK,1,1,1", "REQOK,2", "SUBOK,2,1,1");
    kept.setMaxFrequency(2);
    ended.unsubscribe();
    client.setMaxBandwidth(40);
    client.subscribe({ items: ["D"], fields: ["bid"] }).unsubscribe();
    platform.last.lines("CONS,unlimited");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    resume(platform, 2);
    const lines = platform.last.sent[2]?.split("\r\n").slice(1) ?? [];
    expect(lines.map((line) => line.replace(/&LS_mode.*/, ""))).toEqual([
      "LS_reqId=9&LS_op=add&LS_subId=3",
      "LS_reqId=10&LS_op=reconf&LS_subId=1&LS_requested_max_frequency=2",
      "LS_reqId=11&LS_op=delete&LS_subId=2",
      "LS_reqId=12&LS_op=constrain&LS_requested_max_bandwidth=40",
      "LS_reqId=13&LS_op=delete&LS_subId=4",
    ]);
    platform.last.lines("REQOK,9", "REQOK,10", "REQOK,11", "REQOK,12", "REQERR,13,19,no such subscription");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(1000);
    resume(platform, 2);
    expect(platform.last.sent).toHaveLength(2);
  });

  it("takes what is asked for meanwhile along", async () => {
    const { platform, client } = await connected();
    platform.last.end(new Error("reset"));
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    await platform.clock.advance(500);
    platform.last.open();
    expect(platform.last.sent).toHaveLength(2);
    platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", "PROG,0");
    expect(platform.last.params("LS_op=add")).toMatchObject({ LS_subId: "1" });
    platform.last.lines("SUBOK,1,1,1");
    expect(quotes.state).toBe("active");
  });

  it("is tried at growing distances, over other transports as well, and at once when the network is back", async () => {
    const { platform, client } = await connected();
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    platform.last.end(new Error("refused"));
    await platform.clock.advance(0);
    expect(platform.last.url).toContain("/bind_session.txt");
    expect(platform.last.params()).toMatchObject({ LS_session: "S1", LS_recovery_from: "0", LS_content_length: "20000000" });
    platform.last.end(new TypeError("fetch failed"));
    expect(platform.open).toHaveLength(0);
    await platform.clock.advance(999);
    expect(platform.open).toHaveLength(0);
    platform.wake("online");
    await platform.clock.advance(0);
    expect(platform.last.kind).toBe("socket");
    expect(client.status).toMatchObject({ state: "recovering", cause: { message: "reset" } });
    resume(platform, 0);
    expect(client.status).toMatchObject({ state: "connected", transport: "websocket", sessionId: "S1" });
  });

  it("is recovered over polling, at the address that the server has named", async () => {
    const { platform, client } = await setup({ transport: "http-polling" });
    platform.last.lines("CONOK,S1,50000,0,node7.test", "LOOP,0");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    expect(platform.last.url).toMatch(/^http:\/\/node7\.test:8080\/lightstreamer\/bind_session\.txt/);
    expect(platform.last.params()).toEqual({ LS_session: "S1", LS_recovery_from: "0", LS_polling: "true", LS_polling_millis: "0", LS_idle_millis: "0" });
    platform.last.lines("CONOK,S1,50000,0,*", "PROG,0", "LOOP,0");
    expect(client.status.state).toBe("connected");
    expect(platform.last.params()["LS_recovery_from"]).toBeUndefined();
  });
});

describe("a session that cannot be recovered", () => {
  const CREATE = /create_session\r\n/;

  it.each(["CONERR,4,recovery point gone", "CONERR,20,session not found", "CONERR,21,another node"])("is followed by a new one at once after %s", async (line) => {
    const { platform, client, statuses } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    platform.last.lines("REQOK,1", "SUBOK,1,1,1", "U,1,1,10");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    platform.last.open();
    platform.last.lines("WSOK", line);
    await platform.clock.advance(0);
    accept(platform, "S2");
    expect(platform.last.sent[1]).toMatch(CREATE);
    expect(platform.last.params("LS_cid")["LS_old_session"]).toBe("S1");
    expect(platform.last.params("LS_op=add")["LS_subId"]).toBe("1");
    platform.last.lines("REQOK,2", "SUBOK,1,1,1", "U,1,1,11");
    expect(quotes.get("A")).toEqual({ bid: "11" });
    expect(statuses.map((status) => status.state)).toEqual(["connected", "recovering", "connecting", "connected"]);
    platform.last.end(new Error("reset"));
    await platform.clock.advance(1000);
    platform.last.open();
    expect(platform.last.params(), "the count begins anew").toMatchObject({ LS_session: "S2", LS_recovery_from: "2" });
  });

  it("is given up when the time is over, also in the middle of an attempt", async () => {
    for (const answered of [true, false]) {
      const { platform, client } = await connected({ recoveryTime: 3000, transport: "websocket", connectTimeout: 60_000 });
      platform.last.end(new Error("reset"));
      await platform.clock.advance(500);
      if (answered) platform.last.end(new Error("refused"));
      await platform.clock.advance(2499 - (answered ? 1000 : 0));
      expect(client.status.state).toBe("recovering");
      if (answered) platform.last.end(new Error("refused"));
      await platform.clock.advance(answered ? 1001 : 1);
      expect(client.status.state).toBe("connecting");
      accept(platform, "S2");
      expect(platform.last.sent[1]).toMatch(CREATE);
      await platform.clock.advance(5000);
      platform.last.lines("PROBE");
      expect(client.status).toMatchObject({ state: "connected", sessionId: "S2" });
      client.close();
      expect(platform.clock.pendingTimers).toBe(0);
    }
  });

  it("leaves its time limit behind", async () => {
    const { platform, client } = await connected({ recoveryTime: 600, transport: "websocket" });
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    platform.last.open();
    platform.last.lines("WSOK", "CONERR,4,gone");
    await platform.clock.advance(0);
    platform.last.end(new Error("refused"));
    expect(client.status).toMatchObject({ state: "retrying", delay: 1000 });
    await platform.clock.advance(999);
    expect(platform.open).toHaveLength(0);
  });

  it.each([
    ["the server has gone on too far", ["PROG,4"]],
    ["the server does not say where it goes on", ["U,1,1,10"]],
  ])("begins anew when %s", async (_, lines) => {
    const { platform, client } = await connected();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    platform.last.lines("REQOK,1", "SUBOK,1,1,1", "U,1,1,9", "U,1,1,8");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    platform.last.open();
    platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", ...lines);
    expect(client.status).toMatchObject({ state: "retrying", cause: { name: "ProtocolError" } });
    await platform.clock.advance(1000);
    accept(platform, "S2");
    expect(platform.last.sent[1]).toMatch(CREATE);
  });

  it("is not tried to be after the server has ended it, or said what makes no sense", async () => {
    for (const line of ["END,48,restart", "U,1,1,10", "REQERR,1,20,session not found"]) {
      const { platform, client } = await connected();
      client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
      platform.last.lines("SUBOK,1,1,2", line);
      expect(client.status.state).toBe("retrying");
    }
  });

  it("leaves nothing behind when the client closes", async () => {
    const { platform, client } = await connected();
    platform.last.end(new Error("reset"));
    client.close();
    // The server need not keep the session until it has been away for long enough.
    expect(platform.last.url).toMatch(/control\.txt.*&LS_session=S1$/);
    expect(platform.last.params()).toMatchObject({ LS_op: "destroy" });
    expect(client.status).toEqual({ state: "closed", cause: undefined });
    expect(platform.clock.pendingTimers).toBe(0);
  });
});

// A short session of a list, a table and quotes, whose connection is cut after every single byte, and again in the
// response to the recovery. Each update is seen once, and in order.
describe("cut at every byte", () => {
  const DATA = [
    "SUBOK,1,1,2",
    "CONF,1,unlimited,filtered",
    "SUBCMD,2,1,3,1,2",
    "U,1,1,10|11",
    "U,2,1,k1|ADD|5",
    "EOS,2,1",
    "U,1,1,|1%c3%bc2",
    "U,2,1,k2||6",
    "SUBOK,3,1,1",
    "U,3,1,one",
    "U,3,1,one",
    "EOS,3,1",
    "U,1,1,^Tba|13",
    "U,2,1,k1|DELETE|#",
    "U,3,1,two",
    "U,1,1,14|",
  ];
  const HEAD = ["CONOK,S1,50000,5000,*", "SERVNAME,test", "CONS,unlimited"];
  const text = (lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join("");
  const WHOLE = text([...HEAD, ...DATA]);

  const run = async (transport: "websocket" | "http-streaming", cuts: readonly number[], clean: boolean): Promise<string[]> => {
    const { platform, client } = await setup({ transport });
    const seen: string[] = [];
    const note = (u: Update): void => void seen.push(`${u.item} ${u.snapshot} ${[...u.changed].join()} ${Object.values(u.values).join()}`);
    client.subscribe({ items: ["Q"], fields: ["bid", "ask"] }).on("update", note);
    const book = client.subscribe({ items: ["B"], fields: ["key", "command", "size"], mode: "COMMAND" });
    book.on("update", note);
    client.subscribe({ items: ["N"], fields: ["head"], mode: "DISTINCT" }).on("update", note);
    const served = new Set<FakeConnection>();
    for (const cut of [...cuts, Infinity]) {
      await platform.clock.advance(1000);
      const stream = platform.open.find((one) => !one.url.includes("/control.txt") && !served.has(one));
      if (!stream) throw new Error("there is no connection to cut");
      served.add(stream);
      stream.open();
      const { LS_session: session, LS_recovery_from: from = "0" } = stream.params("LS_send_sync");
      // The server may go on from earlier than it was asked to.
      const start = Math.max(0, Number(from) - (cut % 3 || 0));
      const response = session === undefined ? WHOLE : text([...HEAD, `PROG,${start}`, ...DATA.slice(start)]);
      stream.text(response.slice(0, cut));
      if (cut === Infinity) break;
      for (const control of platform.open.filter((one) => one.url.includes("/control.txt"))) {
        control.lines(...control.body.split("\r\n").map((line) => `REQOK,${/LS_reqId=(\d+)/.exec(line)?.[1]}`));
        control.end();
      }
      stream.end(clean ? undefined : new Error("cut"));
    }
    expect(client.status).toMatchObject({ state: "connected", sessionId: "S1" });
    expect([...book.table("B").keys()]).toEqual(["k2"]);
    client.close();
    return seen;
  };

  it.each(["websocket", "http-streaming"] as const)("over %s", async (transport) => {
    const want = await run(transport, [], false);
    expect(want).toHaveLength(10);
    for (let cut = 0; cut <= WHOLE.length; cut++) {
      const seen = await run(transport, [cut, (cut * 7) % 150], cut % 2 === 0);
      expect(seen, `cut after ${JSON.stringify(WHOLE.slice(0, cut).slice(-30))}`).toEqual(want);
    }
  });
});
