// Connections that break, servers that go, and sessions that are forgotten.
import { everyTransport, ok, same } from "./driver.mjs";

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const impatient = (o) => {
  o.setRetryDelay(2000);
  o.setFirstRetryMaxDelay(50);
};
const row = (key, command, n) => ["c1", { key, command, n }];

export const failures = [
  {
    name: "goes on after a connection that broke",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected({ options: impatient });
      const { session } = c;
      const raw = await c.subscribed("RAW", ["m1"], ["n"], { name: "raw" });
      const merge = await c.subscribed("MERGE", ["m1"], ["n", "k"], { name: "merge" });
      const whole = await c.subscribed("MERGE", ["m1"], ["n"], { name: "unfiltered", requestedMaxFrequency: "unfiltered", requestedSnapshot: "no", frequency: "unlimited" });
      const news = await c.subscribed("DISTINCT", ["d1"], ["n"], { name: "news" });
      const table = await c.subscribed("COMMAND", ["c1"], ["key", "command", "n"], { name: "table", requestedMaxFrequency: "unfiltered", frequency: "unlimited" });
      let n = 0;
      const tick = async () => {
        n++;
        await t.tick(["m1", { n: `${n}`, ...(n % 2 ? { k: `${n}` } : {}) }], ["d1", { n: `${n}` }], row(`k${n % 3}`, n % 5 ? "UPDATE" : "DELETE", n % 5 ? `${n}` : null));
      };
      for (const round of numbers(1, 3)) {
        await tick();
        await t.until("the last to come", () => raw.log.events.length === n + 3);
        await c.bound();
        // The server goes on talking, and nothing arrives; then the connection is gone.
        await t.world.order("weather", { weather: "muted" });
        for (let i = 0; i < 10; i++) await tick();
        await t.world.order("cut");
        for (let i = 0; i < 5; i++) await tick();
        await t.world.order("weather", { weather: "fair" });
        await c.log.until("status", "DISCONNECTED:TRYING-RECOVERY");
        for (let i = 0; i < 5; i++) await tick();
        await c.log.until("status", `CONNECTED:${t.transport}`);
        ok((await t.figures()).recovered >= round, "it was no recovery");
      }
      await tick();
      const inOrder = numbers(1, n).map(String);
      for (const s of [raw, whole, news]) {
        await t.until(`the last of ${s.log.of}`, () => s.log.events.at(-1)?.[2]?.n === `${n}`);
        same(s.log.rest().filter(([kind]) => kind !== "endOfSnapshot").map(([kind, , values]) => (kind === "update" ? values.n : kind)), inOrder, s.log.of);
      }
      await t.until("the last of merge", () => merge.subscription.getValue("m1", "n") === `${n}`);
      same(merge.subscription.getValue("m1", "k"), `${n - ((n + 1) % 2)}`);
      // The table: each row as it must be now.
      const want = {};
      for (const i of numbers(1, n)) want[`k${i % 3}`] = i % 5 ? `${i}` : null;
      await t.until("the table to be right", () => Object.entries(want).every(([key, value]) => table.subscription.getCommandValue("c1", key, "n") === value));
      const commands = table.log.rest().filter(([kind]) => kind === "update");
      same(commands.map(([, , { key }]) => key), numbers(1, n).map((i) => `k${i % 3}`));
      same([c.session, (await t.figures()).sessions], [session, 1]);
    },
  },
  {
    name: "a poll that the browser repeats by itself",
    transports: ["HTTP-POLLING"],
    only: "browser",
    fails: "a browser sends a poll again whose connection broke before the answer began; the server takes that for a sign that the answer came",
    async run(t) {
      const c = await t.connected({ options: impatient });
      const s = await c.subscribed("RAW", ["m1"], ["n"]);
      await c.bound();
      // The next poll is on its way while nothing of an answer can come.
      await t.world.order("weather", { weather: "held" });
      await t.tick(["m1", { n: "1" }]);
      await s.log.expect(["update", "m1", { n: "1" }, ["n"], false]);
      await t.world.order("weather", { weather: "muted" });
      await t.until("the poll", async () => (await t.figures()).bound["http-polling"] === 1);
      await t.tick(["m1", { n: "2" }]);
      await t.until("the answer", async () => (await t.figures()).bound["http-polling"] === 0);
      // Its connection breaks, and the browser sends it again, as it was.
      await t.world.order("weather", { weather: "fair" });
      await t.world.order("cut");
      await t.until("a poll", async () => (await t.figures()).bound["http-polling"] === 1);
      await t.tick(["m1", { n: "3" }]);
      await s.log.expect(["update", "m1", { n: "2" }, ["n"], false], ["update", "m1", { n: "3" }, ["n"], false]);
    },
  },
  {
    name: "loses nothing that is rare with a connection",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected({ options: impatient });
      const { session } = c;
      await t.tick(["d1", { n: "1" }], row("a", "ADD", "1"));
      const early = await c.subscribed("MERGE", ["m1"], ["n"], { name: "early" });
      await c.bound();
      await t.world.order("weather", { weather: "muted" });
      // The server hears this, and its answers are lost.
      const news = c.subscribe("DISTINCT", ["d1"], ["n"], { name: "news" });
      const table = c.subscribe("COMMAND", ["c1"], ["key", "command", "n"], { name: "table" });
      early.subscription.setRequestedMaxFrequency(3);
      // Elsewhere the client may wait for an answer that is lost before it asks further.
      if (t.transport === "WS-STREAMING") await t.until("the server to know", async () => (await t.figures()).views === 3);
      await t.world.order("cut");
      await t.world.order("weather", { weather: "fair" });
      await news.log.expect(["listenStart"], ["subscribed"], ["frequency", "unlimited"], ["update", "d1", { n: "1" }, ["n"], true], ["endOfSnapshot", "d1", 1]);
      await table.log.expect(["listenStart"], ["subscribed"], ["frequency", "unlimited"], ["update", "c1", { key: "a", command: "ADD", n: "1" }, ["key", "command", "n"], true], ["endOfSnapshot", "c1", 1]);
      await early.log.expect(["frequency", "3"]);
      await t.tick(["d1", "clear"]);
      await news.log.expect(["clear", "d1", 1]);
      same(c.session, session);
    },
  },
  {
    name: "begins anew when too much was lost",
    transports: ["WS-STREAMING", "HTTP-STREAMING"], // a poll's answer is never that long
    world: () => ({ past: 16 }),
    async run(t) {
      const c = await t.connected({ options: impatient });
      const { session } = c;
      const s = await c.subscribed("RAW", ["m1"], ["n"]);
      await t.world.order("weather", { weather: "muted" });
      await t.tick(...numbers(1, 100).map((n) => ["m1", { n: `${n}` }]));
      await t.until("them to be written", async () => (await t.figures()).updates >= 100);
      await t.world.order("cut");
      await t.tick(...numbers(101, 200).map((n) => ["m1", { n: `${n}` }]));
      await t.world.order("weather", { weather: "fair" });
      await c.log.until("status", `CONNECTED:${t.transport}`);
      ok(c.session !== session, "it has the old session");
      await s.log.expect(["unsubscribed"], ["subscribed"], ["frequency", "unlimited"]);
      await t.tick(["m1", { n: "new" }]);
      await s.log.expect(["update", "m1", { n: "new" }, ["n"], false]);
      ok((await t.figures()).forgotten > 0, "it was not told why");
      await t.until("the old session to be let go", async () => (await t.figures()).sessions === 1);
    },
  },
  {
    name: "does not recover if it is told not to",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected({
        options(o) {
          impatient(o);
          o.setSessionRecoveryTimeout(0);
        },
      });
      const { session } = c;
      const s = await c.subscribed("MERGE", ["m1"], ["n"]);
      await t.tick(["m1", { n: "1" }]);
      await s.log.expect(["update", "m1", { n: "1" }, ["n"], true]);
      await c.bound();
      await t.world.order("cut");
      await c.log.expect(["status", "DISCONNECTED:WILL-RETRY"], ["status", "CONNECTING"]);
      await c.log.until("status", `CONNECTED:${t.transport}`);
      ok(c.session !== session, "it has the old session");
      await s.log.expect(["unsubscribed"], ["subscribed"], ["frequency", "unlimited"], ["update", "m1", { n: "1" }, ["n"], true]);
      await t.until("the old session to be let go", async () => (await t.figures()).sessions === 1);
    },
  },
  ...[true, false].map((drain) => ({
    name: drain ? "leaves a server that goes down" : "finds a server that knows nothing of it",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected({ options: impatient });
      const { session } = c;
      const s = await c.subscribed("MERGE", ["m1"], ["n"]);
      const table = await c.subscribed("COMMAND", ["c1"], ["key", "command", "n"], { name: "table" });
      await table.log.expect(["endOfSnapshot", "c1", 1]);
      await t.tick(["m1", { n: "old" }], row("a", "ADD", "1"), row("b", "ADD", "2"));
      await s.log.expect(["update", "m1", { n: "old" }, ["n"], true]);
      await table.log.until("update", "c1", { key: "b", command: "ADD", n: "2" });
      await c.bound();
      await t.world.order("restart", { drain });
      await c.log.expect(["status", drain ? "DISCONNECTED:WILL-RETRY" : "DISCONNECTED:TRYING-RECOVERY"]);
      await t.tick(["m1", { n: "new" }], row("b", "ADD", "3"));
      await t.world.order("weather", { weather: "fair" });
      await c.log.until("status", `CONNECTED:${t.transport}`);
      ok(c.session !== session, "it has the old session");
      await s.log.expect(["unsubscribed"], ["subscribed"], ["frequency", "unlimited"], ["update", "m1", { n: "new" }, ["n"], true]);
      await table.log.expect(["unsubscribed"], ["subscribed"], ["frequency", "unlimited"], ["update", "c1", { key: "b", command: "ADD", n: "3" }, ["key", "command", "n"], true], ["endOfSnapshot", "c1", 1]);
      same([table.subscription.getCommandValue("c1", "a", "n"), table.subscription.getCommandValue("c1", "b", "n")], [null, "3"]);
      same(c.log.rest().filter(([kind]) => kind === "serverError"), []);
    },
  })),
  {
    name: "notices that a server is silent",
    transports: ["WS-STREAMING", "HTTP-STREAMING"],
    async run(t) {
      const c = await t.connected({
        options(o) {
          impatient(o);
          o.setKeepaliveInterval(1000);
          o.setStalledTimeout(300);
          o.setReconnectTimeout(15_000);
        },
      });
      const s = await c.subscribed("RAW", ["m1"], ["n"]);
      await t.world.order("weather", { weather: "jam" });
      await t.tick(["m1", { n: "1" }]);
      const began = performance.now();
      await t.until("the silence to be noticed", () => performance.now() - began > 2000);
      same(s.log.rest(), []);
      await t.world.order("weather", { weather: "fair" });
      await s.log.expect(["update", "m1", { n: "1" }, ["n"], false]);
      same(c.log.rest(), []); // it had not given up yet

      c.client.connectionOptions.setReconnectTimeout(300);
      await t.world.order("weather", { weather: "jam" });
      await t.tick(["m1", { n: "2" }]);
      await c.log.expect(["status", "DISCONNECTED:TRYING-RECOVERY"]);
      await t.world.order("weather", { weather: "fair" });
      await c.log.until("status", `CONNECTED:${t.transport}`);
      await t.tick(["m1", { n: "3" }]);
      await s.log.expect(["update", "m1", { n: "2" }, ["n"], false], ["update", "m1", { n: "3" }, ["n"], false]);
    },
  },
];
