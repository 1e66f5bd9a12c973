// Messages of clients, and what their senders hear.
import { everyTransport, same } from "./driver.mjs";

export const messages = [
  {
    name: "messages without an order",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected();
      const heard = c.send("Grüße, 100% & more=+");
      const denied = c.send("deny it");
      const failed = c.send("fail it");
      const nothing = c.send("nothing to say");
      const waiting = c.send("wait");
      c.client.sendMessage("just so");
      await heard.expect(["processed", "Grüße, 100% & more=+", "heard Grüße, 100% & more=+"]);
      await denied.expect(["denied", "deny it", -9, "No, never"]);
      await failed.expect(["failed", "fail it"]);
      await nothing.expect(["processed", "nothing to say", ""]);
      same(waiting.rest(), []); // it holds up nobody
      await t.world.order("release");
      await waiting.expect(["processed", "wait", "heard wait"]);
      await t.until("the one without a listener to be heard", async () => (await t.world.order("heard")).some((text) => text.endsWith(":just so")));
      same(c.log.rest(), []);
    },
  },
  {
    name: "messages in order",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected();
      const logs = ["wait 1", "two", "deny 3", "fail 4", "five"].map((text) => c.send(text, "Orders_1", 15000));
      c.client.sendMessage("six", "Orders_1");
      const other = c.send("elsewhere", "Other");
      await other.expect(["processed", "elsewhere", "heard elsewhere"]);
      same(logs.flatMap((log) => log.events), []); // the first one holds up those behind it
      await t.world.order("release");
      await t.until("all to be told", () => logs.every((log) => log.events.length > 0));
      const order = t.history.filter(([, of]) => of.startsWith("message ")).map(([, , outcome, text]) => `${outcome} ${text}`);
      same(order, ["processed elsewhere", "processed wait 1", "processed two", "denied deny 3", "failed fail 4", "processed five"]);
      const heard = await t.until("the last one to be heard", async () => {
        const heard = (await t.world.order("heard")).filter((text) => text.startsWith("Orders_1"));
        return heard.length === 6 && heard;
      });
      same(heard, ["Orders_11:wait 1", "Orders_12:two", "Orders_13:deny 3", "Orders_14:fail 4", "Orders_15:five", "Orders_16:six"]);
    },
  },
  {
    name: "a message that comes too late",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected();
      // The second of the sequence comes first, by another way, and does not wait.
      await t.world.order("weather", { weather: "held" });
      const late = c.send("late", "S", 5000);
      same(await t.raw("msg", c.session, "LS_reqId=m2&LS_message=early&LS_sequence=S&LS_msg_prog=2&LS_max_wait=1&LS_outcome=false"), "REQOK,m2\r\n");
      await late.expect(["discarded", "late"]);
      await t.world.order("weather", { weather: "fair" });
      const next = c.send("next", "T");
      await next.expect(["processed", "next", "heard next"]);
      same((await t.world.order("heard")).filter((text) => text.includes("late")), []);
      same([late.rest(), c.log.rest()], [[], []]);
    },
  },
  {
    name: "messages that nobody hears",
    transports: everyTransport,
    async run(t) {
      const c = t.client();
      const never = c.send("now or never", "S", 1000, false);
      await never.expect(["aborted", "now or never", false]);
      const patient = c.send("patient", "S", 1000, true);
      same(patient.rest(), []);
      c.client.connect();
      await patient.expect(["processed", "patient", "heard patient"]);
      const waiting = c.send("wait for the end");
      await t.until("it to be heard", async () => (await t.world.order("heard")).some((text) => text.endsWith(":wait for the end")));
      c.client.disconnect();
      await waiting.expect(["aborted", "wait for the end", false]);
    },
  },
  {
    name: "messages across a lost connection",
    transports: everyTransport,
    async run(t) {
      const c = await t.connected({ options: (o) => o.setRetryDelay(2000) });
      const { session } = c;
      const before = c.send("wait", "S", 15000);
      await t.until("it to be heard", async () => (await t.world.order("heard")).length === 1);
      await t.world.order("weather", { weather: "muted" });
      await t.world.order("release"); // the outcome is lost on the way
      const during = c.send("during", "S", 15000);
      await t.world.order("cut");
      await t.world.order("weather", { weather: "fair" });
      await before.expect(["processed", "wait", "heard wait"]);
      await during.expect(["processed", "during", "heard during"]);
      same([c.session, await t.world.order("heard")], [session, ["S1:wait", "S2:during"]]);
      await c.log.until("status", `CONNECTED:${t.transport}`);
      same(c.log.rest(), []);
    },
  },
];
