// Pages of other origins, and cookies.
import { everyTransport, ok, same } from "./driver.mjs";

export const origins = [
  {
    name: "cookies",
    transports: everyTransport,
    world: ({ page, run }) => ({ origins: [page], cookie: `${run}=7` }), // all runs share one jar
    async run(t) {
      const withCookies = (o) => o.setCookieHandlingRequired?.(true);
      const first = await t.connected({ options: withCookies });
      const s = await first.subscribed("MERGE", ["m1"], ["v"]);
      await t.tick(["m1", { v: "1" }]);
      await s.log.expect(["update", "m1", { v: "1" }, ["v"], true]);
      const second = await t.connected({ options: withCookies });
      if (t.browser) same(second.client.connectionOptions.isCookieHandlingRequired(), true);
      const logins = await t.world.order("logins");
      same(logins.map(({ header }) => (header.Cookie?.[0] ?? "").includes(t.world.setting.cookie)), [false, true], "whether it has the cookie");
    },
  },
  {
    name: "cookies of the application",
    transports: everyTransport,
    only: "node",
    world: ({ run }) => ({ cookie: `${run}=8` }),
    async run(t) {
      const { LightstreamerClient } = t.ls;
      const own = `${t.transport}=mine`;
      LightstreamerClient.addCookies(t.world.url, [own]);
      await t.connected();
      const [{ header }] = await t.world.order("logins");
      ok(header.Cookie?.[0].includes(own), `it comes with ${JSON.stringify(header)}`);
      const kept = LightstreamerClient.getCookies(t.world.url).join("; ");
      ok(kept.includes(own) && kept.includes(t.world.setting.cookie), `it keeps ${kept}`);
    },
  },
  {
    name: "header fields from a page of the list",
    transports: ["HTTP-STREAMING"],
    world: ({ page }) => ({ origins: [page] }),
    async run(t) {
      const c = await t.connected({
        options(o) {
          o.setHttpExtraHeaders({ "X-Trace": "1" });
          o.setCookieHandlingRequired?.(true);
        },
      });
      await c.subscribed("MERGE", ["m1"], ["v"]);
      same((await t.world.order("logins"))[0].header["X-Trace"], ["1"]);
    },
  },
  {
    name: "a page that is not on the list",
    transports: everyTransport,
    only: "browser",
    world: () => ({ origins: ["https://elsewhere.example.com"] }),
    async run(t) {
      const c = t.client({ options: (o) => o.setRetryDelay(1000) });
      c.client.connect();
      await c.log.expect(["listenStart"], ["status", "CONNECTING"]);
      const [, status] = await c.log.next();
      ok(status.startsWith("DISCONNECTED"), `the status is ${status}`);
      const f = await t.figures();
      ok(f.forbidden > 0, "the server has refused nothing");
      same([f.sessions, await t.world.order("logins")], [0, []]);
    },
  },
  {
    name: "somebody who is no page",
    transports: everyTransport,
    only: "node",
    world: () => ({ origins: ["https://elsewhere.example.com"] }),
    run: (t) => t.connected(),
  },
];
