// Which updates come, how often, and in which form.
import { everyTransport, ok, same } from "./driver.mjs";

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

export const updates = [
  {
    name: "selectors",
    transports: everyTransport,
    async run(t) {
      await t.tick(["m1", { price: "50", größe: "klein" }]);
      const c = await t.connected();
      const merge = await c.subscribed("MERGE", ["m1"], ["price", "größe"], { name: "merge", selector: 'price > 100 and $env["größe"] != "weg"' });
      const raw = await c.subscribed("RAW", ["m1"], ["price"], { name: "raw", selector: "price > 100" });
      for (const price of ["90", "101", "80", "150"]) await t.tick(["m1", { price }]);
      await t.tick(["m1", { größe: "weg" }], ["m1", { price: "200" }], ["m1", { größe: "groß", price: "300" }]);
      // RAW has all that are selected; MERGE has the newest of them in the end.
      await raw.log.expect(...["101", "150", "200", "300"].map((price) => ["update", "m1", { price }, ["price"], false]));
      const seen = [];
      for (let last; last !== "300"; last = seen.at(-1)) seen.push((await merge.log.next())[2].price);
      ok(seen.every((price) => ["101", "150", "300"].includes(price)), `MERGE has the prices ${seen}`);
      same([merge.subscription.getValue("m1", "größe"), merge.subscription.getSelector()], ["groß", 'price > 100 and $env["größe"] != "weg"']);
      await t.tick(["m1", { price: "1" }], ["m1", { price: "301" }]);
      await raw.log.expect(["update", "m1", { price: "301" }, ["price"], false]);
      await merge.log.expect(["update", "m1", { price: "301", größe: "groß" }, ["price"], false]);
    },
  },
  {
    name: "selectors of tables",
    transports: everyTransport,
    async run(t) {
      const row = (key, command, v) => ["c1", { key, command, v }];
      const c = await t.connected();
      const s = await c.subscribed("COMMAND", ["c1"], ["key", "command", "v"], { selector: "v > 10" });
      await s.log.expect(["endOfSnapshot", "c1", 1]);
      await t.tick(row("a", "ADD", "11"), row("b", "ADD", "1"), row("b", "UPDATE", "12"), row("b", "DELETE", null), row("a", "DELETE", null), row("e", "ADD", "99"));
      const seen = [];
      while (seen.at(-1) !== "e ADD") seen.push(await s.log.next().then(([, , { key, command }]) => `${key} ${command}`));
      same(seen, ["a ADD", "b ADD", "b DELETE", "a DELETE", "e ADD"]);
    },
  },
  {
    name: "bandwidth",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected({ options: (o) => o.setRequestedMaxBandwidth(16) });
      const real = () => c.client.connectionOptions.getRealMaxBandwidth();
      await t.until("the limit to be told", () => real() == 16);
      const s = await c.subscribed("MERGE", ["m1"], ["n", "ballast"], { requestedSnapshot: "no" });
      // 200 kB would take 100 seconds.
      const count = 200;
      for (const n of numbers(1, count)) await t.tick(["m1", { n: `${n}`, ballast: `${n}`.padEnd(1000, "x") }]);
      const seen = [];
      while (seen.at(-1) !== count) seen.push(Number((await s.log.next())[2].n));
      ok(seen.length < count / 2, `of ${count} updates ${seen.length} came`);
      ok(seen.every((n, i) => i === 0 || n > seen[i - 1]), `the updates were ${seen}`);

      c.client.connectionOptions.setRequestedMaxBandwidth("unlimited");
      await t.until("the limit to be lifted", () => real() === "unlimited");
      for (const n of numbers(count + 1, count + 20)) {
        await t.tick(["m1", { n: `${n}` }]);
        await s.log.expect(["update", "m1", { n: `${n}`, ballast: `${count}`.padEnd(1000, "x") }, ["n"], false]);
      }
      c.client.connectionOptions.setRequestedMaxBandwidth(40.5);
      await t.until("the new limit", () => real() == 40.5);
      same(Number(c.client.connectionOptions.getRequestedMaxBandwidth()), 40.5);
      await t.until("all changes to be told", () => c.properties.filter((name) => name === "realMaxBandwidth").length === 3);
    },
  },
  {
    name: "bandwidth that the user may have",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected({ user: "narrow", options: (o) => o.setRequestedMaxBandwidth(50) });
      const real = () => Number(c.client.connectionOptions.getRealMaxBandwidth());
      await t.until("the limit to be told", () => real() === 20);
      c.client.connectionOptions.setRequestedMaxBandwidth(10);
      await t.until("the smaller one", () => real() === 10);
      c.client.connectionOptions.setRequestedMaxBandwidth("unlimited");
      await t.until("what is allowed", () => real() === 20);
    },
  },
  {
    name: "frequency",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected();
      const s = await c.subscribed("MERGE", ["m1"], ["n"], { requestedMaxFrequency: 2, frequency: "2" });
      let n = 0;
      const tickUntil = async (met) => {
        while (!met(s.log)) await t.tick(["m1", { n: `${++n}` }]);
      };
      // The first comes as the snapshot, and another may follow at once.
      const began = performance.now();
      await tickUntil((log) => log.events.filter(([kind]) => kind === "update").length >= 4);
      ok(performance.now() - began > 900, "4 updates come in less than a second, at 2 a second");
      for (const [wanted, got] of [[10, "10"], ["unlimited", "unlimited"], [0.5, "0.5"], ["unlimited", "unlimited"]]) {
        s.log.rest();
        s.subscription.setRequestedMaxFrequency(wanted);
        await tickUntil((log) => log.events.slice(log.taken).some(([kind]) => kind === "frequency"));
        same(await s.log.until("frequency"), ["frequency", got]);
      }
      await t.tick(["m1", { n: "last" }]);
      await s.log.until("update", "m1", { n: "last" });
      same(s.subscription.getRequestedMaxFrequency(), "unlimited");
      await c.subscribed("MERGE", ["m-limited"], ["n"], { name: "limited", requestedMaxFrequency: 50, frequency: "4" });
    },
  },
  {
    name: "updates that are lost",
    transports: everyTransport,
    world: () => ({ logEntries: 20, recent: 1024 }),
    async run(t) {
      const c = await t.connected({ options: (o) => o.setRetryDelay(2000) });
      const s = await c.subscribed("RAW", ["m1"], ["n"]);
      const two = c.subscribe("COMMAND", ["c1"], ["key", "command"], {
        name: "two levels", commandSecondLevelFields: ["n"], commandSecondLevelDataAdapter: "SECOND", requestedMaxFrequency: "unfiltered",
      });
      await t.tick(["c1", { key: "m1", command: "ADD" }]);
      await t.tickOf("SECOND", ["m1", { n: "0" }]);
      await two.log.until("update", "c1", { key: "m1", command: "UPDATE", n: "0" });
      two.log.rest();
      await t.world.order("weather", { weather: "down" });
      await t.world.order("cut");
      const count = 100;
      const ticks = numbers(1, count).map((n) => ["m1", { n: `${n}` }]);
      await t.tick(...ticks);
      await t.tickOf("SECOND", ...ticks);
      await t.world.order("weather", { weather: "fair" });
      await told(s.log, count, ([kind, , , lost]) => (kind === "lost" ? lost : 0));
      await told(two.log, count, ([kind, lost]) => (kind === "secondLost" ? lost : 0));
      const second = two.log.events.find(([kind]) => kind === "secondLost");
      same(second[2], "m1");
    },
  },
  {
    name: "differences",
    transports: everyTransport,
    async run(t) {
      const doc = { name: "Ümläut", list: Array.from({ length: 20 }, (_, i) => `entry ${i}`), n: 1 };
      const story = "Once upon a time there was a client that wanted to know ü. ".repeat(5);
      const tick = () => t.tick(["m1", { doc: JSON.stringify(doc), story: story + doc.n }]);
      await tick();
      const c = await t.connected();
      const patches = [];
      const s = c.subscribe("MERGE", ["m1"], ["doc", "story"], {
        watch: (update) => patches.push([update.getValueAsJSONPatchIfAvailable("doc"), update.getValueAsJSONPatchIfAvailable(2)]),
      });
      await s.log.expect(["listenStart"], ["subscribed"], ["frequency", "unlimited"]);
      const check = async () => {
        const [, , values, changed] = await s.log.next();
        same([JSON.parse(values.doc), values.story, changed], [doc, story + doc.n, ["doc", "story"]]);
      };
      await check();
      same(patches.at(-1), [null, null]);
      for (doc.n = 2; doc.n <= 5; doc.n++) {
        await tick();
        await check();
        // The first one after a subscription has nothing that it could be compared with.
        if (doc.n > 2) same(patches.at(-1), [[{ op: "replace", path: "/n", value: doc.n }], null]);
      }
      doc.list.pop();
      await tick();
      await check();
      same(patches.at(-1)[0].map(({ op, path }) => `${op} ${path}`).sort(), ["remove /list/19", "replace /n"]);
      // Something else altogether, and what is no document.
      for (const value of ["[1,2]", "no JSON", null, '{"a":1}']) {
        await t.tick(["m1", { doc: value }]);
        same((await s.log.next())[2].doc, value);
      }
    },
  },
];

/** Takes events until count updates are told, or told to be lost: each once, in order. */
async function told(log, count, lostIn) {
  let at = 0;
  let missing = 0;
  while (at < count) {
    const event = await log.next();
    const lost = lostIn(event);
    if (event[0] === "update") same(event[2].n, `${at + 1}`, `${log.of}: after ${at} the next`);
    at += event[0] === "update" ? 1 : lost;
    missing += lost;
  }
  ok(missing > 0, `${log.of}: nothing is told to be lost`);
}
