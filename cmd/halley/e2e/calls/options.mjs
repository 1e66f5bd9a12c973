// Options of the connection that show in what goes over it.
import { everyTransport, ok, same } from "./driver.mjs";

export const options = [
  {
    name: "keepalive and reverse heartbeats",
    transports: ["WS-STREAMING", "HTTP-STREAMING"],
    async run(t) {
      const c = await t.connected({
        options(o) {
          o.setKeepaliveInterval(1500);
          o.setReverseHeartbeatInterval(500);
          o.setSlowingEnabled(true);
        },
      });
      const o = c.client.connectionOptions;
      await t.until("the interval to be granted", () => o.getKeepaliveInterval() === 1500);
      same([o.getReverseHeartbeatInterval(), o.isSlowingEnabled()], [500, true]);
      const before = (await t.figures()).requests;
      await t.until("heartbeats", async () => (await t.figures()).requests >= before + 4);
      same(c.log.rest(), []);
    },
  },
  {
    name: "reverse heartbeats keep a connection",
    transports: ["WS-STREAMING", "HTTP-STREAMING"],
    async run(t) {
      // Without them the server would end the connection 2 seconds after the promise.
      const c = await t.connected({ options: (o) => o.setReverseHeartbeatInterval(300) });
      const began = performance.now();
      await t.until("four seconds to pass", () => performance.now() - began > 4000);
      same(c.log.rest(), []);
    },
  },
  {
    name: "the length of a stream",
    transports: ["HTTP-STREAMING"],
    async run(t) {
      const c = await t.connected({ options: (o) => o.setContentLength(10_000) });
      same(c.client.connectionOptions.getContentLength(), 10_000);
      const { session } = c;
      const s = await c.subscribed("RAW", ["m1"], ["n"]);
      const requests = (await t.figures()).requests;
      for (let from = 1; from <= 100; from += 10) {
        const events = Array.from({ length: 10 }, (_, i) => `${from + i}`.padEnd(400, "x"));
        await t.tick(...events.map((n) => ["m1", { n }]));
        for (const n of events) same((await s.log.next())[2].n, n);
      }
      ok((await t.figures()).requests >= requests + 3, "the stream was not bound anew");
      same([c.session, c.log.rest().filter(([kind, status]) => kind !== "status" || !/^CONNECTED/.test(status))], [session, []]);
    },
  },
  {
    name: "the times of polls",
    transports: ["WS-POLLING", "HTTP-POLLING"],
    async run(t) {
      const c = await t.connected({
        options(o) {
          o.setIdleTimeout(700);
          o.setPollingInterval(100);
        },
      });
      const o = c.client.connectionOptions;
      const before = (await t.figures()).requests;
      await t.until("polls", async () => (await t.figures()).requests >= before + 3);
      same([o.getIdleTimeout(), o.getPollingInterval()], [700, 100]);
      const s = await c.subscribed("RAW", ["m1"], ["n"]);
      for (let n = 1; n <= 5; n++) {
        await t.tick(["m1", { n: `${n}` }]);
        await s.log.expect(["update", "m1", { n: `${n}` }, ["n"], false]);
      }
      same(c.log.rest(), []);
    },
  },
  {
    name: "a transport for another",
    async run(t) {
      const c = await t.connected({ transport: "WS-STREAMING" });
      const { session } = c;
      const raw = await c.subscribed("RAW", ["m1"], ["n"]);
      const merge = await c.subscribed("MERGE", ["m1"], ["n"]);
      let n = 0;
      const tick = () => t.tick(["m1", { n: `${++n}` }]);
      // Each pair, in both directions.
      const [ws, http, wsPoll, httpPoll] = everyTransport;
      for (const next of [http, ws, wsPoll, ws, httpPoll, http, wsPoll, http, httpPoll, wsPoll, httpPoll, ws]) {
        c.client.connectionOptions.setForcedTransport(next);
        await tick();
        await c.log.until("status", `CONNECTED:${next}`);
        await tick();
        await t.until("the newest to come by the new way", () => merge.subscription.getValue("m1", "n") === `${n}`);
        same([c.session, c.client.connectionOptions.getForcedTransport()], [session, next]);
      }
      c.client.connectionOptions.setForcedTransport(null);
      await tick();
      for (let i = 1; i <= n; i++) await raw.log.expect(["update", "m1", { n: `${i}` }, ["n"], false]);
      same(merge.log.rest().filter(([kind]) => kind !== "update"), []);
    },
  },
  {
    name: "header fields of the application",
    transports: ["", "HTTP-STREAMING", "HTTP-POLLING"],
    async run(t) {
      const c = t.client({ options: (o) => o.setHttpExtraHeaders({ "X-Trace": "a b", Authorization: "Bearer none" }) });
      same(c.client.connectionOptions.getHttpExtraHeaders(), { "X-Trace": "a b", Authorization: "Bearer none" });
      c.client.connect();
      // A browser cannot put them onto a WebSocket, and so uses HTTP.
      await c.log.until("status", `CONNECTED:${t.transport || (t.browser ? "HTTP-STREAMING" : "WS-STREAMING")}`);
      const [{ header }] = await t.world.order("logins");
      same([header["X-Trace"], header["Authorization"]], [["a b"], ["Bearer none"]]);
      const s = await c.subscribed("MERGE", ["m1"], ["v"]);
      await t.tick(["m1", { v: "1" }]);
      await s.log.expect(["update", "m1", { v: "1" }, ["v"], true]);
    },
  },
  {
    name: "header fields of the first request only",
    async run(t) {
      const c = t.client({
        options(o) {
          o.setHttpExtraHeaders({ "X-Trace": "once" });
          o.setHttpExtraHeadersOnSessionCreationOnly(true);
        },
      });
      c.client.connect();
      await c.log.until("status", "CONNECTED:WS-STREAMING");
      const [{ header }] = await t.world.order("logins");
      same(header["X-Trace"], ["once"]);
    },
  },
];
