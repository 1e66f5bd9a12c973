// Subscriptions: what can be asked of them, in which modes, and what is refused.
import { everyTransport, ok, same } from "./driver.mjs";

/** Names and values that need care on their way. */
const odd = { item: "m-Äpfel€|%,日本", plain: "größe", sign: "a|b%,#^$" };
const oddValues = ["5 €", "", null, "#hash", "$5", "^2", "a|b%c,d&e=f+g", "two\r\nlines", "\t\u0000?", "𝄞 日本", "50$#^"];

export const subscriptions = [
  {
    name: "MERGE",
    transports: everyTransport,
    async run(t) {
      await t.tick(["m1", { a: "1", b: "2", c: "3" }]);
      const c = await t.connected();
      const s = await c.subscribed("MERGE", ["m1"], ["a", "b", "unknown"]);
      await s.log.expect(["update", "m1", { a: "1", b: "2", unknown: null }, ["a", "b", "unknown"], true]);
      await t.tick(["m1", { b: "4", c: "5" }]);
      await s.log.expect(["update", "m1", { a: "1", b: "4", unknown: null }, ["b"], false]);
      await t.tick(["m1", { a: null }]);
      await s.log.expect(["update", "m1", { a: null, b: "4", unknown: null }, ["a"], false]);
      same([s.subscription.getValue("m1", "b"), s.subscription.getValue(1, 2), s.subscription.getValue("m1", "a")], ["4", "4", null]);
      await t.tick(["m1", "clear"]);
      await s.log.expect(["update", "m1", { a: null, b: null, unknown: null }, ["b"], false]);
      await leave(t, c, s);
    },
  },
  {
    name: "MERGE without a snapshot",
    transports: everyTransport,
    async run(t) {
      await t.tick(["m1", { a: "old", b: "2" }]);
      const c = await t.connected();
      const s = await c.subscribed("MERGE", ["m1"], ["a", "b"], { requestedSnapshot: "no" });
      await t.tick(["m1", { a: "new" }]);
      await s.log.expect(["update", "m1", { a: "new", b: "2" }, ["a", "b"], false]);
    },
  },
  {
    name: "names and values that need care",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected();
      const s = await c.subscribed("MERGE", [odd.item], [odd.sign, odd.plain], { requestedMaxFrequency: "unfiltered" });
      let last;
      for (const value of oddValues) {
        await t.tick([odd.item, { [odd.sign]: value, [odd.plain]: `${value} ü` }]);
        const changed = last === value ? [odd.plain] : [odd.sign, odd.plain];
        await s.log.expect(["update", odd.item, { [odd.sign]: value, [odd.plain]: `${value} ü` }, changed, last === undefined]);
        last = value;
      }
      same(s.subscription.getValue(odd.item, odd.plain), `${last} ü`);
    },
  },
  {
    name: "DISTINCT",
    transports: everyTransport,
    async run(t) {
      await t.tick(["d1", { v: "one" }], ["d1", { v: "two" }], ["d1", { v: "three" }]);
      const c = await t.connected();
      const all = await c.subscribed("DISTINCT", ["d1"], ["v"], { name: "all" });
      await all.log.expect(...["one", "two", "three"].map((v) => ["update", "d1", { v }, ["v"], true]), ["endOfSnapshot", "d1", 1]);
      const last = await c.subscribed("DISTINCT", ["d1"], ["v"], { name: "the last", requestedSnapshot: "2" });
      await last.log.expect(...["two", "three"].map((v) => ["update", "d1", { v }, ["v"], true]), ["endOfSnapshot", "d1", 1]);
      const none = await c.subscribed("DISTINCT", ["d1"], ["v"], { name: "none", requestedSnapshot: "no" });
      await t.tick(["d1", { v: "four" }], ["d1", { v: "four" }], ["d1", { v: "five" }]);
      for (const s of [all, last, none]) {
        await s.log.expect(["update", "d1", { v: "four" }, ["v"], false], ["update", "d1", { v: "four" }, [], false], ["update", "d1", { v: "five" }, ["v"], false]);
      }
      await t.tick(["d1", "clear"]);
      for (const s of [all, last, none]) await s.log.expect(["clear", "d1", 1]);
      await t.tick(["d1", { v: "six" }]);
      await all.log.expect(["update", "d1", { v: "six" }, ["v"], false]);
      const empty = await c.subscribed("DISTINCT", ["d2"], ["v"], { name: "empty" });
      await empty.log.expect(["endOfSnapshot", "d2", 1]);
      await leave(t, c, all, last, none, empty);
    },
  },
  {
    name: "COMMAND",
    transports: everyTransport,
    async run(t) {
      const row = (key, command, v, w) => ({ v, key, w, command });
      await t.tick(["c1", row("k1", "ADD", "1", "x")], ["c1", row("Schlüssel|2", "ADD", "2", "x")]);
      const c = await t.connected();
      const s = await c.subscribed("COMMAND", ["c1"], ["v", "key", "w", "command"]);
      same([s.subscription.getKeyPosition(), s.subscription.getCommandPosition()], [2, 4]);
      const snapshot = [await s.log.next(), await s.log.next()].map(([, , values, , isSnapshot]) => [values.key, values.command, values.v, isSnapshot]);
      same(snapshot.sort(), [["Schlüssel|2", "ADD", "2", true], ["k1", "ADD", "1", true]]);
      await s.log.expect(["endOfSnapshot", "c1", 1]);

      await t.tick(["c1", row("k1", "UPDATE", "3", "x")]);
      await s.log.expect(["update", "c1", row("k1", "UPDATE", "3", "x"), ["v", "command"], false]);
      same([s.subscription.getCommandValue("c1", "k1", "v"), s.subscription.getCommandValue(1, "Schlüssel|2", 1), s.subscription.getCommandValue("c1", "k9", "v")], ["3", "2", null]);
      await t.tick(["c1", row("k1", "DELETE")]);
      const gone = await s.log.next();
      same([gone[2].key, gone[2].command, gone[2].v, gone[2].w], ["k1", "DELETE", null, null]);
      same(s.subscription.getCommandValue("c1", "k1", "v"), null);
      await t.tick(["c1", row("k1", "ADD", "4", null)]);
      const back = await s.log.next();
      same([back[2].key, back[2].command, back[2].v, back[2].w, back[4]], ["k1", "ADD", "4", null, false]);
      await t.tick(["c1", "clear"]);
      await s.log.expect(["clear", "c1", 1]);
      same(s.subscription.getCommandValue("c1", "k1", "v"), null);
      await leave(t, c, s);
    },
  },
  {
    name: "RAW",
    transports: everyTransport,
    async run(t) {
      await t.tick(["m1", { a: "before" }]);
      const c = await t.connected();
      const s = await c.subscribed("RAW", ["m1"], ["a", "b"]);
      await t.tick(...[1, 2, 3].map((n) => ["m1", { a: `${n}` }]), ["m1", { b: "4" }], ["m1", { b: "4" }]);
      await s.log.expect(
        ["update", "m1", { a: "1", b: null }, ["a", "b"], false],
        ["update", "m1", { a: "2", b: null }, ["a"], false],
        ["update", "m1", { a: "3", b: null }, ["a"], false],
        ["update", "m1", { a: null, b: "4" }, ["a", "b"], false],
        ["update", "m1", { a: null, b: "4" }, [], false],
      );
      await leave(t, c, s);
    },
  },
  {
    name: "COMMAND of two levels",
    transports: everyTransport,
    async run(t) {
      await t.tickOf("SECOND", ["m1", { price: "10", größe: "x" }]);
      await t.tick(["c1", { key: "m1", command: "ADD", qty: "7" }]);
      const c = await t.connected();
      const s = c.subscribe("COMMAND", ["c1"], ["key", "command", "qty"], {
        commandSecondLevelFields: ["price", "größe"],
        commandSecondLevelDataAdapter: "SECOND",
      });
      await s.log.expect(["listenStart"], ["subscribed"], ["frequency", "unlimited"]);
      const row = (key, command, qty, price, größe) => ({ key, command, qty, price, größe });
      const events = [];
      while (events.length < 3) events.push(await s.log.next());
      const end = events.findIndex(([what]) => what === "endOfSnapshot");
      ok(end >= 0, "the first level's snapshot does not end");
      events.splice(end, 1);
      same(events.map((event) => event[2]), [{ key: "m1", command: "ADD", qty: "7" }, row("m1", "UPDATE", "7", "10", "x")]);
      await t.tickOf("SECOND", ["m1", { price: "11" }]);
      await s.log.expect(["update", "c1", row("m1", "UPDATE", "7", "11", "x"), ["price"], false]);
      await t.tick(["c1", { key: "m1", command: "UPDATE", qty: "8" }]);
      await s.log.expect(["update", "c1", row("m1", "UPDATE", "8", "11", "x"), ["qty"], false]);
      same([s.subscription.getCommandValue("c1", "m1", "qty"), s.subscription.getCommandValue(1, "m1", 4)], ["8", "11"]);
      same([s.subscription.getCommandSecondLevelFields(), s.subscription.getCommandSecondLevelDataAdapter()], [["price", "größe"], "SECOND"]);

      // A key of which the second adapter knows nothing.
      await t.tick(["c1", { key: "unheard-of", command: "ADD", qty: "1" }]);
      await s.log.expect(["update", "c1", { key: "unheard-of", command: "ADD", qty: "1" }, ["key", "command", "qty"], false]);
      await s.log.expect(["secondRefused", 21, 'Item "unheard-of" not found', "unheard-of"]);

      same((await t.figures()).views, 2);
      await t.tick(["c1", { key: "m1", command: "DELETE" }]);
      same((await s.log.next())[2], row("m1", "DELETE", null, null, null));
      await t.until("the second level to be left", async () => (await t.figures()).views === 1);
    },
  },
  {
    name: "what a subscription says of itself",
    transports: everyTransport,
    async run(t) {
      await t.tick(["m1", { a: "1", b: "x" }], ["m2", { a: "2" }]);
      const c = t.client();
      const early = c.subscribe("MERGE", ["m1", "m2"], ["a", "b"], { name: "early" });
      const grouped = c.subscribe("MERGE", undefined, undefined, { name: "grouped", itemGroup: "m2 m1", fieldSchema: "b a", dataAdapter: "DEFAULT", requestedBufferSize: 5 });
      same(c.client.getSubscriptions().length, 2);
      same([early.subscription.isActive(), early.subscription.isSubscribed()], [true, false]);
      c.client.connect();
      await early.log.expect(["listenStart"], ["subscribed"], ["frequency", "unlimited"]);
      same(early.subscription.isSubscribed(), true);
      same([early.subscription.getMode(), early.subscription.getItems(), early.subscription.getFields(), early.subscription.getRequestedSnapshot()], ["MERGE", ["m1", "m2"], ["a", "b"], "yes"]);
      const first = [await early.log.next(), await early.log.next()].sort();
      same(first, [["update", "m1", { a: "1", b: "x" }, ["a", "b"], true], ["update", "m2", { a: "2", b: null }, ["a", "b"], true]]);

      await grouped.log.expect(["listenStart"], ["subscribed"], ["frequency", "unlimited"]);
      same([grouped.subscription.getItemGroup(), grouped.subscription.getFieldSchema(), grouped.subscription.getDataAdapter(), grouped.subscription.getRequestedBufferSize()], ["m2 m1", "b a", "DEFAULT", "5"]);
      const byPosition = [await grouped.log.next(), await grouped.log.next()].sort();
      same(byPosition, [["update", 1, { 1: null, 2: "2" }, [1, 2], true], ["update", 2, { 1: "x", 2: "1" }, [1, 2], true]]);
      same([grouped.subscription.getValue(2, 1), grouped.subscription.getValue(1, 2)], ["x", "2"]);

      // It cannot be changed while it is active, and tells a listener that it has lost it.
      fails(() => early.subscription.setItems(["m3"]));
      fails(() => early.subscription.setRequestedMaxFrequency("unfiltered"));
      const [listener] = early.subscription.getListeners();
      early.subscription.removeListener(listener);
      await early.log.expect(["listenEnd"]);
      early.subscription.addListener(listener);
      await early.log.expect(["listenStart"]);
      c.client.unsubscribe(early.subscription);
      await early.log.expect(["unsubscribed"]);
      same([c.client.getSubscriptions().length, early.subscription.isActive(), early.subscription.isSubscribed()], [1, false, false]);
      // Once more, as something else.
      early.subscription.setItems(["m2"]);
      c.client.subscribe(early.subscription);
      await early.log.expect(["subscribed"], ["frequency", "unlimited"], ["update", "m2", { a: "2", b: null }, ["a", "b"], true]);
    },
  },
  {
    name: "what is refused",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected();
      for (const [mode, items, fields, wish, code, text] of [
        ["MERGE", ["m1"], ["v"], { dataAdapter: "NOPE" }, 17, 'Data adapter "NOPE" not found'],
        ["MERGE", ["m1", "x1"], ["v"], {}, 21, 'Item "x1" not found'],
        ["COMMAND", ["m1"], ["key", "command"], {}, 24, 'Mode COMMAND not allowed for item "m1"'],
        ["MERGE", ["m-forbidden"], ["v"], {}, -5, "Not for you, sorry"],
        ["MERGE", ["m-limited"], ["v"], { requestedMaxFrequency: "unfiltered" }, 26, "Unfiltered is not allowed: the frequency is limited"],
        ["COMMAND", undefined, undefined, { itemGroup: "c1", fieldSchema: "command v" }, 15, "A COMMAND subscription needs the field key"],
        ["COMMAND", undefined, undefined, { itemGroup: "c1", fieldSchema: "key v" }, 16, "A COMMAND subscription needs the field command"],
        ["MERGE", undefined, undefined, { itemGroup: "m1 m1", fieldSchema: "v" }, 21, 'item "m1" comes twice: bad item group'],
        ["MERGE", undefined, undefined, { itemGroup: "m1", fieldSchema: "v  w" }, 23, "field 2 has no name, blanks separate names singly: bad field schema"],
      ]) {
        const s = c.subscribe(mode, items, fields, { name: text, ...wish });
        await s.log.expect(["listenStart"], ["refused", code, text]);
        same([s.subscription.isSubscribed(), s.log.rest()], [false, []]);
      }
      const bad = c.subscribe("MERGE", ["m1"], ["v"], { selector: "v >" });
      const [, code, text] = await bad.log.until("refused");
      same(code, 25);
      ok(text.startsWith("Bad selector: "), `the reason is ${text}`);
      // It does the session no harm.
      const good = await c.subscribed("MERGE", ["m1"], ["v"], { name: "good" });
      await t.tick(["m1", { v: "1" }]);
      await good.log.expect(["update", "m1", { v: "1" }, ["v"], true]);
      same(c.log.rest(), []);
    },
  },
];

/** Unsubscribes from all that there is, after which the server has nothing to say. */
async function leave(t, c, ...all) {
  for (const s of all) {
    s.log.rest();
    c.client.unsubscribe(s.subscription);
    await s.log.expect(["unsubscribed"]);
  }
  await t.until("the server to forget them", async () => (await t.figures()).views === 0);
  same(all.flatMap((s) => s.log.rest()), []);
}

function fails(call) {
  try {
    call();
  } catch {
    return;
  }
  throw new Error(`${call} works, and should not`);
}
