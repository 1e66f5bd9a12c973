import { describe, expect, it } from "vitest";
import type { MessageError } from "../src/errors.js";
import { accept, connected, over, settle, setup } from "./fake.js";

/** What a promise comes to: its value, or reason and code of its error. */
function outcomeOf(promise: Promise<string>): Promise<string> {
  return promise.catch((error: unknown) => {
    const { name, reason, code, message } = error as MessageError;
    return `${name} ${reason} ${code} ${message}`;
  });
}

describe("send", () => {
  it("returns the answer", async () => {
    const { platform, client } = await connected();
    const answer = client.send("buy & hold");
    expect(platform.last.sent.at(-1)).toBe("msg\r\nLS_reqId=1&LS_message=buy%20%26%20hold&LS_msg_prog=1");
    platform.last.lines("REQOK,1", "MSGDONE,*,1,thanks%2C ann");
    expect(await answer).toBe("thanks, ann");
  });

  it("numbers the messages of each sequence, and those of none", async () => {
    const { platform, client } = await connected();
    const answers = [client.send("a", { sequence: "S" }), client.send("b"), client.send("c", { sequence: "S", maxWait: 500 }), client.send("", { sequence: "T_2" })];
    expect(platform.last.sent.slice(-4).map((text) => text.replace(/^msg\r\n/, ""))).toEqual([
      "LS_reqId=1&LS_message=a&LS_sequence=S&LS_msg_prog=1",
      "LS_reqId=2&LS_message=b&LS_msg_prog=1",
      "LS_reqId=3&LS_message=c&LS_sequence=S&LS_msg_prog=2&LS_max_wait=500",
      "LS_reqId=4&LS_message=&LS_sequence=T_2&LS_msg_prog=1",
    ]);
    platform.last.lines("MSGDONE,S,2,two", "MSGDONE,T_2,1,", "MSGDONE,S,1,one", "MSGDONE,*,1,none");
    expect(await Promise.all(answers)).toEqual(["one", "none", "two", ""]);
  });

  it.each([
    ["MSGFAIL,*,1,-7,not today%2C thanks", "MessageError denied -7 not today, thanks"],
    ["MSGFAIL,*,1,0,no", "MessageError denied 0 no"],
    ["MSGFAIL,*,1,34,handler failed", "MessageError failed 34 handler failed"],
    ["MSGFAIL,*,1,38,skipped", "MessageError discarded 38 the message came too late for its place in the sequence"],
    ["REQERR,1,34,nobody listens", "MessageError failed 34 nobody listens"],
    ["REQERR,1,-3,no", "MessageError denied -3 no"],
  ])("rejects after %s", async (line, want) => {
    const { platform, client } = await connected();
    const outcome = outcomeOf(client.send("x"));
    platform.last.lines(line);
    expect(await outcome).toBe(want);
    expect(client.status.state).toBe("connected");
  });

  it("rejects all messages that were skipped together", async () => {
    const { platform, client } = await connected();
    const outcomes = [1, 2, 3, 4].map((n) => outcomeOf(client.send(`${n}`, { sequence: "S" })));
    platform.last.lines("MSGDONE,S,1,ok", "MSGFAIL,S,3,39,2", "MSGDONE,S,4,ok");
    expect((await Promise.all(outcomes)).map((text) => text.slice(0, 25))).toEqual(["ok", "MessageError discarded 39", "MessageError discarded 39", "ok"]);
  });

  it("rejects what makes no sense", async () => {
    const { client } = await connected();
    for (const sequence of ["", "a b", "UNORDERED_MESSAGES"]) await expect(client.send("x", { sequence })).rejects.toThrow(TypeError);
    await expect(client.send("x", { maxWait: 5 })).rejects.toThrow(TypeError);
    await expect(client.send("\ud800")).rejects.toThrow(URIError);
  });

  it("waits for a session, and numbers begin anew with each", async () => {
    const { platform, client } = await setup();
    const first = client.send("early", { sequence: "S" });
    platform.last.open();
    expect(platform.last.sent).toHaveLength(2);
    platform.last.lines("WSOK", "CONOK,S1,50000,5000,*");
    expect(platform.last.params("LS_message")).toMatchObject({ LS_message: "early", LS_msg_prog: "1" });
    platform.last.lines("REQOK,1", "MSGDONE,S,1,one");
    expect(await first).toBe("one");
    over(platform);
    const second = client.send("between", { sequence: "S" });
    await platform.clock.advance(500);
    accept(platform, "S2");
    expect(platform.last.params("LS_message")).toMatchObject({ LS_message: "between", LS_msg_prog: "1" });
    platform.last.lines("MSGDONE,S,1,two");
    expect(await second).toBe("two");
  });

  it("is aborted when its session is lost, and when the client closes", async () => {
    const { platform, client } = await connected();
    const lost = outcomeOf(client.send("x"));
    over(platform);
    expect(await lost).toMatch(/^MessageError aborted 0/);
    await platform.clock.advance(500);
    accept(platform, "S2");
    expect(platform.last.sent).toHaveLength(2);
    const closed = outcomeOf(client.send("y"));
    client.close();
    expect(await closed).toMatch(/^MessageError aborted 0/);
    expect(await outcomeOf(client.send("z"))).toBe("MessageError aborted 0 the client is closed");
  });
});

describe("messages and a broken connection", () => {
  const broken = async (...lines: string[]) => {
    const made = await connected();
    const outcomes = ["one", "two"].map((text) => outcomeOf(made.client.send(text, { sequence: "S" })));
    made.platform.last.lines(...lines);
    made.platform.last.end(new Error("reset"));
    await made.platform.clock.advance(500);
    made.platform.last.open();
    return { ...made, outcomes };
  };

  it("are sent again under the same number unless the server has said that they came", async () => {
    const { platform, outcomes } = await broken("REQOK,1");
    platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", "PROG,0");
    expect(platform.last.sent.slice(2)).toEqual(["msg\r\nLS_reqId=3&LS_message=two&LS_sequence=S&LS_msg_prog=2"]);
    platform.last.lines("MSGDONE,S,1,first", "REQOK,3", "MSGDONE,S,2,second");
    expect(await Promise.all(outcomes)).toEqual(["first", "second"]);
  });

  it("have the outcome that comes, when the server knows them already", async () => {
    const { platform, outcomes } = await broken();
    platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", "PROG,0");
    platform.last.lines("REQERR,3,33,there before", "REQERR,4,32,there before", "MSGDONE,S,1,first", "MSGDONE,S,2,second");
    expect(await Promise.all(outcomes)).toEqual(["first", "second"]);
  });

  it("are not sent again when the outcome was received, and aborted when the session is gone", async () => {
    const { platform, outcomes } = await broken("MSGDONE,S,1,first");
    platform.last.lines("WSOK", "CONERR,4,gone");
    await settle();
    accept(platform, "S2");
    expect(platform.last.sent).toHaveLength(2);
    expect((await Promise.all(outcomes)).map((text) => text.slice(0, 20))).toEqual(["first", "MessageError aborted"]);
  });
});

describe("messages over HTTP", () => {
  it("are posted one request at a time, apart from control requests and in their order", async () => {
    const { platform, client } = await setup({ transport: "http-streaming" });
    const stream = platform.last;
    stream.lines("CONOK,S1,50000,5000,*");
    const answers = [client.send("a"), client.send("b"), client.send("c")];
    client.subscribe({ items: ["A"], fields: ["bid"] });
    const first = platform.request("msg");
    expect(first.url).toBe("http://server.test:8080/lightstreamer/msg.txt?LS_protocol=TLCP-2.5.0&LS_session=S1");
    expect(first.body).toBe("LS_reqId=1&LS_message=a&LS_msg_prog=1");
    first.lines("REQOK,1");
    first.end();
    const second = platform.request("msg");
    expect(second.body).toBe("LS_reqId=2&LS_message=b&LS_msg_prog=2\r\nLS_reqId=3&LS_message=c&LS_msg_prog=3");
    stream.lines("MSGDONE,*,2,two");
    second.end(new TypeError("fetch failed"));
    await platform.clock.advance(1000);
    expect(platform.request("msg").body).toBe("LS_reqId=4&LS_message=c&LS_msg_prog=3");
    platform.request("msg").lines("REQOK,4");
    platform.request("msg").end();
    expect(platform.last.params()).toMatchObject({ LS_op: "add", LS_subId: "4" });
    stream.lines("MSGDONE,*,3,three", "MSGDONE,*,1,one");
    expect(await Promise.all(answers)).toEqual(["one", "two", "three"]);
  });
});
