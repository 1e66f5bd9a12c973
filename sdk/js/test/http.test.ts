import { describe, expect, it } from "vitest";
import { accept, type FakePlatform, over, setup } from "./fake.js";

const CREATE = "http://server.test:8080/lightstreamer/create_session.txt?LS_protocol=TLCP-2.5.0";
const BIND = "http://server.test:8080/lightstreamer/bind_session.txt?LS_protocol=TLCP-2.5.0";

/** The requests under way, by path. */
const paths = (platform: FakePlatform): string[] => platform.open.map(({ url }) => /(\w+)\.txt/.exec(url)?.[1] ?? "socket");

describe("falling back", () => {
  it("goes to HTTP streaming at once when the WebSocket is refused", async () => {
    const { platform, client, statuses } = await setup();
    platform.last.end(new Error("refused"));
    await platform.clock.advance(0);
    expect(platform.last.url).toBe(CREATE);
    expect(platform.last.params()).toMatchObject({ LS_content_length: "20000000", LS_keepalive_millis: "5000", LS_send_sync: "false" });
    platform.last.lines("CONOK,S1,50000,5000,*");
    expect(statuses).toEqual([
      { state: "connecting", transport: "http-streaming" },
      { state: "connected", transport: "http-streaming", sessionId: "S1" },
    ]);
    expect(client.status.state).toBe("connected");
  });

  it("goes to HTTP streaming when the WebSocket opens but says nothing", async () => {
    const { platform } = await setup();
    const socket = platform.last;
    socket.open();
    await platform.clock.advance(4000);
    expect(socket.closed).toBe(true);
    expect(platform.last.url).toBe(CREATE);
  });

  it("goes to polling when something on the way holds the stream back", async () => {
    const { platform, client } = await setup();
    platform.last.end(new Error("refused"));
    await platform.clock.advance(4000);
    expect(platform.last.params()).toMatchObject({ LS_polling: "true", LS_polling_millis: "0", LS_idle_millis: "0" });
    platform.last.lines("CONOK,S2,50000,0,*", "LOOP,0");
    expect(client.status).toMatchObject({ state: "connected", transport: "http-polling" });
  });

  it("goes to polling when the server has no streaming", async () => {
    const { platform } = await setup({}, ["http-streaming", "http-polling"]);
    platform.last.lines("CONERR,11,streaming not available");
    await platform.clock.advance(0);
    expect(platform.last.params()).toMatchObject({ LS_polling: "true" });
  });

  it("waits when the server cannot be reached at all, and begins with the WebSocket again", async () => {
    const { platform, client } = await setup();
    platform.last.end(new Error("refused"));
    await platform.clock.advance(0);
    platform.last.end(new TypeError("fetch failed"));
    expect(client.status).toMatchObject({ state: "retrying", cause: { message: "fetch failed" } });
    await platform.clock.advance(500);
    expect(platform.last.kind).toBe("socket");
  });

  it("stays with what worked where a WebSocket never did, until the network changes", async () => {
    const { platform } = await setup();
    platform.last.end(new Error("refused"));
    await platform.clock.advance(0);
    platform.last.lines("CONOK,S1,50000,5000,*");
    over(platform);
    await platform.clock.advance(500);
    expect(platform.last.url).toBe(CREATE);
    platform.last.lines("CONOK,S2,50000,5000,*");
    over(platform);
    platform.wake("online");
    await platform.clock.advance(0);
    expect(platform.last.kind).toBe("socket");
  });

  it("comes back to the WebSocket where one has worked", async () => {
    const { platform } = await setup();
    accept(platform, "S1");
    over(platform);
    await platform.clock.advance(500);
    platform.last.end(new Error("refused"));
    await platform.clock.advance(0);
    platform.last.lines("CONOK,S2,50000,5000,*");
    over(platform);
    await platform.clock.advance(2000);
    expect(platform.last.kind).toBe("socket");
  });

  it("does not happen when a transport is prescribed", async () => {
    const { platform, client } = await setup({ transport: "websocket" });
    platform.last.end(new Error("refused"));
    await platform.clock.advance(0);
    expect(client.status.state).toBe("retrying");
    expect(platform.connections).toHaveLength(1);
  });

  it("begins with HTTP where there is no WebSocket", async () => {
    const { platform } = await setup({}, ["http-streaming", "http-polling"]);
    expect(platform.last.url).toBe(CREATE);
  });
});

describe("HTTP streaming", () => {
  const streaming = async () => {
    const made = await setup({ transport: "http-streaming" });
    const stream = made.platform.last;
    return { ...made, stream };
  };

  it("posts subscriptions when the session is there, one request at a time", async () => {
    const { platform, client, stream } = await streaming();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    client.subscribe({ items: ["B"], fields: ["bid"] });
    expect(paths(platform)).toEqual(["create_session"]);
    stream.lines("CONOK,S1,50000,5000,*");
    const first = platform.request("control");
    expect(first.url).toBe("http://server.test:8080/lightstreamer/control.txt?LS_protocol=TLCP-2.5.0&LS_session=S1");
    expect(first.body.split("\r\n")).toHaveLength(2);
    expect(first.params()["LS_ack"]).toBeUndefined();
    client.subscribe({ items: ["C"], fields: ["bid"] });
    expect(platform.request("control")).toBe(first);
    first.lines("REQOK,1", "REQOK,2");
    first.end();
    expect(platform.request("control")).not.toBe(first);
    expect(platform.last.params()).toMatchObject({ LS_group: "C", LS_reqId: "3" });
  });

  it("repeats what was not answered, under a new number and not at once", async () => {
    const { platform, client, stream } = await streaming();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    stream.lines("CONOK,S1,50000,5000,*");
    platform.request("control").end();
    const count = platform.connections.length;
    expect(platform.open).toEqual([stream]);
    await platform.clock.advance(1000);
    expect(platform.connections).toHaveLength(count + 1);
    expect(platform.last.params()).toMatchObject({ LS_reqId: "2", LS_subId: "1" });
    platform.last.end(new TypeError("fetch failed"));
    await platform.clock.advance(1000);
    expect(platform.last.params()).toMatchObject({ LS_reqId: "3", LS_subId: "1" });
  });

  it("does not repeat what the stream has confirmed meanwhile", async () => {
    const { platform, client, stream } = await streaming();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    stream.lines("CONOK,S1,50000,5000,*", "SUBOK,1,1,1");
    platform.request("control").end(new TypeError("fetch failed"));
    const count = platform.connections.length;
    stream.lines("PROBE");
    await platform.clock.advance(5000);
    expect(platform.connections).toHaveLength(count);
  });

  it("gives up a request that takes too long", async () => {
    const { platform, client, stream } = await streaming();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    stream.lines("CONOK,S1,50000,5000,*");
    const slow = platform.request("control");
    await platform.clock.advance(5000);
    expect(slow.closed).toBe(true);
    expect(platform.last.params()).toMatchObject({ LS_reqId: "2" });
  });

  it("ends a subscription whose request was given up but may have arrived", async () => {
    const { platform, client, stream } = await streaming();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    stream.lines("CONOK,S1,50000,5000,*");
    await platform.clock.advance(4000);
    quotes.unsubscribe();
    await platform.clock.advance(1000);
    expect(platform.request("control").params()).toMatchObject({ LS_op: "delete", LS_subId: "1" });
    platform.request("control").lines("REQERR,2,19,no such subscription");
    platform.request("control").end();
    stream.lines("SUBOK,1,1,1");
    expect(platform.request("control").params()).toMatchObject({ LS_reqId: "3", LS_op: "delete", LS_subId: "1" });
  });

  it("reports a refusal in the answer", async () => {
    const { platform, client, stream } = await streaming();
    const errors: string[] = [];
    client.subscribe({ items: ["A"], fields: ["bid"] }).on("error", (error) => errors.push(`${error.code} ${error.message}`));
    stream.lines("CONOK,S1,50000,5000,*");
    platform.last.lines("REQERR,1,21,no such item%2C A");
    platform.last.end();
    expect(errors).toEqual(["21 no such item, A"]);
    expect(client.status.state).toBe("connected");
  });

  it("goes on in a new response after LOOP, with subscriptions untouched", async () => {
    const { platform, client, stream, statuses } = await streaming();
    const quotes = client.subscribe({ items: ["A"], fields: ["bid", "ask"] });
    stream.lines("CONOK,S1,50000,5000,*", "SUBOK,1,1,2", "U,1,1,10|11");
    platform.request("control").lines("REQOK,1");
    platform.request("control").end();
    stream.lines("LOOP,0");
    expect(platform.last.url).toBe(BIND);
    expect(platform.last.params()).toEqual({ LS_session: "S1", LS_content_length: "20000000", LS_keepalive_millis: "5000", LS_send_sync: "false" });
    stream.end();
    platform.last.lines("CONOK,S1,50000,5000,*", "U,1,1,|12");
    expect(quotes.get("A")).toEqual({ bid: "10", ask: "12" });
    expect(statuses.map((status) => status.state)).toEqual(["connected"]);
  });

  it("is lost when the response ends without LOOP", async () => {
    const { client, stream } = await streaming();
    stream.lines("CONOK,S1,50000,5000,*");
    stream.end();
    expect(client.status).toMatchObject({ state: "recovering", cause: { message: "the server ended the connection" } });
  });

  it("follows the address that the server names", async () => {
    const { platform, client, stream } = await streaming();
    client.subscribe({ items: ["A"], fields: ["bid"] });
    stream.lines("CONOK,S1,50000,5000,node7.test", "LOOP,0");
    expect(platform.request("control").url).toMatch(/^http:\/\/node7\.test:8080\/lightstreamer\/control\.txt/);
    expect(platform.last.url).toMatch(/^http:\/\/node7\.test:8080\/lightstreamer\/bind_session\.txt/);
    over(platform);
    await platform.clock.advance(500);
    expect(platform.last.url).toBe(CREATE);
  });

  it("tells the server when the client closes", async () => {
    const { platform, client, stream } = await streaming();
    stream.lines("CONOK,S1,50000,5000,*");
    client.close();
    expect(stream.closed).toBe(true);
    expect(platform.last.params()).toMatchObject({ LS_op: "destroy" });
    expect(platform.clock.pendingTimers).toBe(0);
  });
});

describe("polling", () => {
  it("goes from poll to poll", async () => {
    const { platform, client, statuses } = await setup({ transport: "http-polling" });
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    platform.last.lines("CONOK,S1,50000,0,*", "LOOP,0");
    expect(platform.request("bind_session").params()).toEqual({
      LS_session: "S1",
      LS_polling: "true",
      LS_polling_millis: "0",
      LS_idle_millis: "10000",
    });
    expect(platform.request("control").params()).toMatchObject({ LS_subId: "1" });
    for (let price = 10; price < 20; price++) {
      const poll = platform.request("bind_session");
      poll.lines("CONOK,S1,50000,10000,*", ...(price === 10 ? ["SUBOK,1,1,1"] : []), `U,1,1,${price}`, "LOOP,0");
      poll.end();
      expect(quotes.get("A")).toEqual({ bid: `${price}` });
    }
    expect(statuses.map((status) => status.state)).toEqual(["connected"]);
  });

  it("waits between polls as long as the server says", async () => {
    const { platform } = await setup({ transport: "http-polling" });
    platform.last.lines("CONOK,S1,50000,0,*", "LOOP,700");
    await platform.clock.advance(699);
    expect(paths(platform)).toEqual(["create_session"]);
    await platform.clock.advance(1);
    expect(paths(platform)).toEqual(["create_session", "bind_session"]);
  });

  it("takes the last line of a response without its line end", async () => {
    const { platform } = await setup({ transport: "http-polling" });
    platform.last.text("CONOK,S1,50000,0,*\r\nLOOP,0");
    platform.last.end();
    expect(paths(platform)).toEqual(["bind_session"]);
  });

  it("notices a poll that never comes back", async () => {
    const { platform, client } = await setup({ transport: "http-polling" });
    platform.last.lines("CONOK,S1,50000,0,*", "LOOP,0");
    await platform.clock.advance(12_000);
    expect(client.status.state).toBe("stale");
    await platform.clock.advance(3000);
    expect(client.status.state).toBe("recovering");
  });

  it("starts over when the server has forgotten the session", async () => {
    const { platform, client } = await setup({ transport: "http-polling" });
    platform.last.lines("CONOK,S1,50000,0,*", "LOOP,0");
    platform.last.lines("CONERR,20,session not found");
    expect(client.status.state).toBe("retrying");
    await platform.clock.advance(500);
    expect(platform.last.url).toBe(CREATE);
  });
});
