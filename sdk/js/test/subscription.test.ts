import { describe, expect, it } from "vitest";
import type { Update } from "../src/subscription.js";
import { accept, connected, over, setup } from "./fake.js";

const short = (u: Update): string => `${u.item}${u.snapshot ? " snapshot" : ""} ${[...u.changed].map((f) => `${f}=${u.values[f]}`).join(" ")}`.trim();

describe("MERGE", () => {
  it("tells what changed, flags the snapshot, and keeps the latest values", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A", "B"], fields: ["bid", "ask", "name"] });
    const seen: string[] = [];
    quotes.on("update", (u) => seen.push(short(u)));
    expect(quotes.get("A")).toBeUndefined();
    platform.last.lines("SUBOK,1,2,3", "CONF,1,unlimited,filtered", "U,1,1,10|11|Acme", "U,1,2,#|$|x", "U,1,1,|12|", "U,1,2,^3", "U,1,1,9|^2");
    expect(seen).toEqual(["A snapshot bid=10 ask=11 name=Acme", "B snapshot bid=null ask= name=x", "A ask=12", "B", "A bid=9"]);
    expect(quotes.get("A")).toEqual({ bid: "9", ask: "12", name: "Acme" });
    expect(quotes.get("B")).toEqual({ bid: null, ask: "", name: "x" });
  });

  it("gives the same object until something changes, and never alters one it gave", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
    const updates: Update[] = [];
    quotes.on("update", (u) => updates.push(u));
    platform.last.lines("SUBOK,1,1,2", "U,1,1,10|11");
    const before = quotes.get("A");
    platform.last.lines("U,1,1,^2", "U,1,1,10|11");
    expect(quotes.get("A")).toBe(before);
    platform.last.lines("U,1,1,|12");
    expect(quotes.get("A")).not.toBe(before);
    expect(before).toEqual({ bid: "10", ask: "11" });
    expect(updates[0]?.values).toBe(before);
    expect(updates[1]?.changed.size).toBe(0);
  });

  it("counts as changed only what differs, also when the server repeats everything", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
    const seen: string[] = [];
    quotes.on("update", (u) => seen.push(short(u)));
    platform.last.lines("SUBOK,1,1,2", "U,1,1,10|11", "U,1,1,10|12");
    over(platform);
    await platform.clock.advance(500);
    accept(platform, "S2");
    platform.last.lines("SUBOK,1,1,2", "U,1,1,10|13");
    expect(seen).toEqual(["A snapshot bid=10 ask=11", "A ask=12", "A snapshot ask=13"]);
  });

  it("has to be told everything again in a new session", async () => {
    const { platform, client } = await connected();
    client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
    platform.last.lines("SUBOK,1,1,2", "U,1,1,10|11");
    over(platform);
    await platform.clock.advance(500);
    accept(platform, "S2");
    platform.last.lines("SUBOK,1,1,2", "U,1,1,|12");
    expect(client.status).toMatchObject({ state: "retrying", cause: { name: "ProtocolError" } });
  });

  it("flags no snapshot when none was asked for", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"], snapshot: false });
    expect(platform.last.params("LS_op=add")["LS_snapshot"]).toBe("false");
    const seen: string[] = [];
    quotes.on("update", (u) => seen.push(short(u)));
    platform.last.lines("SUBOK,1,1,1", "U,1,1,10");
    expect(seen).toEqual(["A bid=10"]);
  });
});

describe("DISTINCT and RAW", () => {
  it("hands over every event, the past ones flagged", async () => {
    const { platform, client } = await connected();
    const news = client.subscribe({ items: ["N"], fields: ["head"], mode: "DISTINCT", snapshot: 2 });
    expect(platform.last.params("LS_op=add")["LS_snapshot"]).toBe("2");
    const seen: string[] = [];
    news.on("update", (u) => seen.push(`${u.snapshot ? "old" : "new"} ${u.values.head}`));
    news.on("endOfSnapshot", ({ item }) => seen.push(`end ${item}`));
    news.on("lost", ({ item, count }) => seen.push(`lost ${item} ${count}`));
    news.on("clear", ({ item }) => seen.push(`clear ${item}`));
    platform.last.lines("SUBOK,1,1,1", "U,1,1,one", "U,1,1,one", "EOS,1,1", "U,1,1,two", "OV,1,1,3", "CS,1,1");
    expect(seen).toEqual(["old one", "old one", "end N", "new two", "lost N 3", "clear N"]);
  });

  it("begins the list anew with a new session, and says that events may have been lost", async () => {
    const { platform, client } = await connected();
    const news = client.subscribe({ items: ["N"], fields: ["head"], mode: "DISTINCT" });
    const seen: string[] = [];
    news.on("update", (u) => seen.push(`${u.values.head}`));
    news.on("lost", ({ count }) => seen.push(`lost ${count}`));
    news.on("clear", () => seen.push("clear"));
    platform.last.lines("SUBOK,1,1,1", "U,1,1,one", "EOS,1,1");
    over(platform);
    await platform.clock.advance(500);
    accept(platform, "S2");
    platform.last.lines("SUBOK,1,1,1", "U,1,1,one", "EOS,1,1");
    expect(seen).toEqual(["one", "clear", "lost undefined", "one"]);
  });

  it("asks for no snapshot and no frequency in RAW mode", async () => {
    const { platform, client } = await connected();
    client.subscribe({ items: ["A"], fields: ["bid"], mode: "RAW" });
    const params = platform.last.params("LS_op=add");
    expect(params["LS_mode"]).toBe("RAW");
    expect(params["LS_snapshot"]).toBeUndefined();
  });
});

describe("COMMAND", () => {
  const book = async () => {
    const made = await connected();
    const subscription = made.client.subscribe({ items: ["D"], fields: ["key", "command", "price", "size"], mode: "COMMAND" });
    const seen: string[] = [];
    subscription.on("update", (u) => seen.push(`${u.snapshot ? "old " : ""}${u.command} ${u.key} [${[...u.changed].join(" ")}] ${u.values.price} ${u.values.size}`));
    subscription.on("endOfSnapshot", () => seen.push("end"));
    subscription.on("clear", () => seen.push("clear"));
    made.platform.last.lines("SUBCMD,1,1,4,1,2");
    const take = (): string[] => seen.splice(0);
    return { ...made, subscription, take };
  };

  it("keeps a table of rows", async () => {
    const { platform, subscription, take } = await book();
    platform.last.lines("U,1,1,b1|ADD|10|5", "U,1,1,a1|ADD|11|7", "EOS,1,1", "U,1,1,b1|UPDATE|10|6", "U,1,1,a1|DELETE|#|#", "U,1,1,a2|ADD|12|1");
    expect(take()).toEqual([
      "old ADD b1 [key command price size] 10 5",
      "old ADD a1 [key command price size] 11 7",
      "end",
      "UPDATE b1 [size] 10 6",
      "DELETE a1 [command price size] null null",
      "ADD a2 [key command price size] 12 1",
    ]);
    expect([...subscription.table("D")]).toEqual([
      ["b1", { key: "b1", command: "UPDATE", price: "10", size: "6" }],
      ["a2", { key: "a2", command: "ADD", price: "12", size: "1" }],
    ]);
  });

  it("takes unchanged to mean the previous line of the item, of whichever key", async () => {
    const { platform, subscription } = await book();
    platform.last.lines("U,1,1,k1|ADD|v1|w1", "U,1,1,k2||v2|");
    expect(subscription.table("D").get("k2")).toEqual({ key: "k2", command: "ADD", price: "v2", size: "w1" });
  });

  it("decides by its own table what is new", async () => {
    const { platform, take } = await book();
    platform.last.lines("EOS,1,1", "U,1,1,k|UPDATE|1|1", "U,1,1,k|ADD|2|1", "U,1,1,x|DELETE|#|#");
    expect(take()).toEqual(["end", "ADD k [key command price size] 1 1", "UPDATE k [price] 2 1", "DELETE x [] null null"]);
  });

  it("empties the table when the feed says so, without touching the base of unchanged", async () => {
    const { platform, subscription, take } = await book();
    platform.last.lines("U,1,1,k|ADD|1|1", "EOS,1,1", "CS,1,1", "U,1,1,k2||2|");
    expect(take()).toEqual(["old ADD k [key command price size] 1 1", "end", "clear", "ADD k2 [key command price size] 2 1"]);
    expect(subscription.table("D").size).toBe(1);
  });

  it("compares the snapshot of a new session with the rows it has, and deletes what is gone at its end", async () => {
    const { platform, subscription, take } = await book();
    platform.last.lines("U,1,1,k1|ADD|1|1", "U,1,1,k2|ADD|2|2", "U,1,1,k3|ADD|3|3", "EOS,1,1");
    take();
    over(platform);
    await platform.clock.advance(500);
    accept(platform, "S2");
    platform.last.lines("SUBCMD,1,1,4,1,2");
    expect(subscription.table("D").size).toBe(3);
    platform.last.lines("U,1,1,k1|ADD|1|1", "U,1,1,k3|ADD|3|9", "EOS,1,1");
    expect(take()).toEqual(["old UPDATE k1 [] 1 1", "old UPDATE k3 [size] 3 9", "old DELETE k2 [command price size] null null", "end"]);
    expect([...subscription.table("D").keys()]).toEqual(["k1", "k3"]);
  });

  it("takes SUBOK for a breach of the protocol", async () => {
    const { platform, client } = await connected();
    client.subscribe({ items: ["D"], fields: ["key", "command"], mode: "COMMAND" });
    platform.last.lines("SUBOK,1,1,2");
    expect(client.status).toMatchObject({ state: "retrying", cause: { name: "ProtocolError" } });
  });
});

describe("frames", () => {
  it("come once per paint with one merged update per item", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A", "B"], fields: ["bid", "ask"] });
    const frames: string[][] = [];
    quotes.on("frame", (updates) => frames.push(updates.map(short)));
    platform.last.lines("SUBOK,1,2,2", "U,1,1,10|11", "U,1,2,20|21");
    platform.clock.paint();
    platform.last.lines("U,1,1,12|", "U,1,1,|13", "U,1,1,14|");
    expect(platform.clock.pendingFrames).toBe(1);
    platform.clock.paint();
    expect(frames).toEqual([["A snapshot bid=10 ask=11", "B snapshot bid=20 ask=21"], ["A bid=14 ask=13"]]);
    platform.clock.paint();
    expect(frames).toHaveLength(2);
  });

  it("cost nothing when nobody listens", async () => {
    const { platform, client } = await connected();
    client.subscribe({ items: ["A"], fields: ["bid"] }).on("update", () => undefined);
    platform.last.lines("SUBOK,1,1,1", "U,1,1,10");
    expect(platform.clock.pendingFrames).toBe(0);
  });

  it("hold a bounded number of events and tell what they dropped", async () => {
    const { platform, client } = await connected();
    const news = client.subscribe({ items: ["N"], fields: ["n"], mode: "DISTINCT" });
    const seen: string[] = [];
    news.on("frame", (updates) => seen.push(`${updates.length} from ${updates[0]?.values.n} to ${updates.at(-1)?.values.n}`));
    news.on("lost", ({ item, count }) => seen.push(`lost ${item} ${count}`));
    platform.last.lines("SUBOK,1,1,1", ...Array.from({ length: 1005 }, (_, i) => `U,1,1,${i}`));
    platform.clock.paint();
    expect(seen).toEqual(["lost N 5", "1000 from 5 to 1004"]);
  });

  it("end with the subscription", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    quotes.on("frame", () => expect.unreachable());
    platform.last.lines("SUBOK,1,1,1", "U,1,1,10");
    quotes.unsubscribe();
    expect(platform.clock.pendingFrames).toBe(0);
  });
});

describe("refusals", () => {
  it("end the subscription, not the session", async () => {
    const { platform, client } = await connected();
    const bad = client.subscribe({ items: ["X"], fields: ["bid"] });
    const good = client.subscribe({ items: ["A"], fields: ["bid"] });
    const errors: unknown[] = [];
    bad.on("error", (error) => errors.push(error));
    platform.last.lines("REQERR,1,21,unknown item X", "SUBOK,2,1,1");
    expect(errors).toMatchObject([{ name: "SubscriptionError", code: 21, message: "unknown item X" }]);
    expect(bad.state).toBe("ended");
    expect(good.state).toBe("active");
    over(platform);
    await platform.clock.advance(500);
    accept(platform, "S2");
    expect(platform.last.sent[2]?.split("\r\n")).toHaveLength(2);
  });

  it("include a group that stands for something else than asked", async () => {
    const { platform, client } = await connected();
    const odd = client.subscribe({ items: ["A"], fields: ["bid"] });
    const errors: string[] = [];
    odd.on("error", (error) => errors.push(error.message));
    platform.last.lines("SUBOK,1,7,1");
    expect(errors).toEqual(["asked for 1 items and 1 fields, got 7 and 1"]);
    expect(platform.last.params("LS_op=delete")).toMatchObject({ LS_subId: "1" });
  });
});

describe("frequency", () => {
  it("can be changed, is told, and holds for the next session", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    const seen: unknown[] = [];
    quotes.on("frequency", (frequency) => seen.push(frequency));
    quotes.on("error", (error) => seen.push(error.code));
    platform.last.lines("SUBOK,1,1,1", "CONF,1,unlimited,filtered");
    quotes.setMaxFrequency(2);
    expect(platform.last.sent.at(-1)).toBe("control\r\nLS_reqId=2&LS_op=reconf&LS_subId=1&LS_requested_max_frequency=2");
    platform.last.lines("REQOK,2", "CONF,1,2,filtered");
    quotes.setMaxFrequency("unfiltered");
    platform.last.lines("REQERR,3,13,not allowed");
    expect(seen).toEqual([{ maxFrequency: "unlimited", filtered: true }, { maxFrequency: 2, filtered: true }, 13]);
    expect(quotes.state).toBe("active");
    quotes.setMaxFrequency(3);
    over(platform);
    await platform.clock.advance(500);
    accept(platform, "S2");
    expect(platform.last.params("LS_op=add")["LS_requested_max_frequency"]).toBe("3");
  });
});

describe("subscribing and unsubscribing in a hurry", () => {
  it("before the connection is open costs no request", async () => {
    const { platform, client } = await setup();
    client.subscribe({ items: ["A"], fields: ["bid"] }).unsubscribe();
    platform.last.open();
    expect(platform.last.sent).toHaveLength(2);
  });

  it("before the confirmation deletes, and late lines are passed over", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    quotes.on("update", () => expect.unreachable());
    quotes.on("subscribed", () => expect.unreachable());
    quotes.unsubscribe();
    quotes.unsubscribe();
    expect(platform.last.sent.slice(-2).map((text) => /LS_op=(\w+)/.exec(text)?.[1])).toEqual(["add", "delete"]);
    platform.last.lines("SUBOK,1,1,1", "CONF,1,unlimited,filtered", "U,1,1,10", "EOS,1,1", "REQERR,1,21,no", "UNSUB,1", "U,1,1,11");
    expect(client.status.state).toBe("connected");
    expect(quotes.state).toBe("ended");
  });

  it("over HTTP takes a request back that has not been sent", async () => {
    const { platform, client } = await setup({ transport: "http-streaming" });
    platform.last.lines("CONOK,S1,50000,5000,*");
    client.subscribe({ items: ["A"], fields: ["bid"] });
    const first = platform.request("control");
    const second = client.subscribe({ items: ["B"], fields: ["bid"] });
    second.setMaxFrequency(3);
    client.subscribe({ items: ["C"], fields: ["bid"] }).unsubscribe();
    first.lines("REQOK,1");
    first.end();
    expect(platform.request("control").body.split("\r\n")).toHaveLength(1);
    expect(platform.request("control").params()).toMatchObject({ LS_group: "B", LS_requested_max_frequency: "3" });
  });

  it("over HTTP keeps the order of add and delete when the first request fails", async () => {
    const { platform, client } = await setup({ transport: "http-streaming" });
    platform.last.lines("CONOK,S1,50000,5000,*");
    const one = client.subscribe({ items: ["A"], fields: ["bid"] });
    const first = platform.request("control");
    one.unsubscribe();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    first.end(new TypeError("fetch failed"));
    await platform.clock.advance(1000);
    const lines = platform.request("control").body.split("\r\n");
    expect(lines.map((line) => /LS_op=(\w+)&LS_subId=(\d)/.exec(line)?.slice(1).join(" "))).toEqual(["delete 1", "add 2"]);
  });

  it("inside a listener ends the rest of the line's effects", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    quotes.on("subscribed", () => quotes.unsubscribe());
    quotes.on("update", () => expect.unreachable());
    platform.last.lines("SUBOK,1,1,1", "U,1,1,10");
    expect(client.status.state).toBe("connected");
  });

  it("removing a listener in the middle of an event leaves the others", async () => {
    const { platform, client } = await connected();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    const seen: string[] = [];
    const off = quotes.on("update", () => {
      seen.push("first");
      off();
    });
    quotes.on("update", () => seen.push("second"));
    platform.last.lines("SUBOK,1,1,1", "U,1,1,10", "U,1,1,11");
    expect(seen).toEqual(["first", "second", "second"]);
  });
});
