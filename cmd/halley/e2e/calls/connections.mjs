// How sessions begin and end.
import { everyTransport, ok, same } from "./driver.mjs";

export const connections = [
  {
    name: "connects and disconnects",
    transports: everyTransport,
    world: () => ({ sessionTimeout: 3000 }),
    async run(t) {
      const c = t.client({ user: "Ann Ö", password: "p+w&=%" });
      const details = c.client.connectionDetails;
      same(c.client.getStatus(), "DISCONNECTED");
      same([details.getSessionId(), details.getClientIp(), details.getServerSocketName()], [null, null, null]);
      c.client.connect();
      await c.connected();
      ok(/^[A-Za-z0-9]+$/.test(c.session), `the session is ${c.session}`);
      same(c.client.getStatus(), `CONNECTED:${t.transport}`);
      same([details.getServerAddress(), details.getAdapterSet(), details.getUser()], [t.world.url, "TEST", "Ann Ö"]);
      await t.until("the server to name itself and the client", () => details.getServerSocketName() === "The World" && details.getClientIp() === "127.0.0.1");
      await t.until("the bandwidth to be told", () => c.client.connectionOptions.getRealMaxBandwidth() === "unlimited");
      same(details.getServerInstanceAddress(), null);
      await t.until("all of it to be told", () => ["sessionId", "serverSocketName", "clientIp", "realMaxBandwidth"].every((name) => c.properties.includes(name)));
      const [login] = await t.world.order("logins");
      same([login.user, login.password], ["Ann Ö", "p+w&=%"]);

      c.client.disconnect();
      await c.log.expect(["status", "DISCONNECTED"]);
      same([c.client.getStatus(), details.getSessionId()], ["DISCONNECTED", null]);
      same(c.client.getListeners().length, 1);
      c.client.removeListener(c.listener);
      await c.log.expect(["listenEnd"]);
      same(c.client.getListeners().length, 0);
      await t.until("the session to end", async () => (await t.figures()).sessions === 0);
      same(c.log.rest(), []);
    },
  },
  {
    name: "chooses a WebSocket by itself",
    async run(t) {
      await t.connected();
      same((await t.figures()).bound["ws-streaming"], 1);
    },
  },
  {
    name: "is told later where to connect, and as whom",
    transports: everyTransport,
    async run(t) {
      const c = t.client({ set: "NOPE" });
      const details = c.client.connectionDetails;
      details.setServerAddress(t.world.url);
      details.setAdapterSet("TEST");
      details.setUser("Bob");
      c.client.connect();
      await c.connected();
      await t.until("the changes to be told", () => ["adapterSet", "user"].every((name) => c.properties.includes(name)));
      same((await t.world.order("logins"))[0].user, "Bob");
      // Once more, as somebody else: that takes a new session.
      const { session } = c;
      c.client.disconnect();
      await c.log.expect(["status", "DISCONNECTED"]);
      details.setUser(null);
      c.client.connect();
      await c.log.until("status", `CONNECTED:${t.transport}`);
      ok(c.session !== session, "it has the old session");
      same((await t.world.order("logins")).map(({ user }) => user), ["Bob", ""]);
    },
  },
  ...[
    ["an adapter set that is not there", { set: "NOPE" }, 2, "Requested Adapter Set not available"],
    ["wrong credentials", { user: "mallory", password: "guess" }, 1, "User or password rejected"],
    ["a user with a reason of the application's", { user: "banned" }, -3, "Not you, Jürgen: 100%"],
  ].map(([what, wish, code, text]) => ({
    name: `is refused: ${what}`,
    transports: everyTransport,
    async run(t) {
      const c = t.client(wish);
      c.client.connect();
      await c.log.expect(["listenStart"], ["status", "CONNECTING"], ["status", "DISCONNECTED"], ["serverError", code, text]);
      same((await t.figures()).sessions, 0);
    },
  })),
  {
    name: "tries again when nobody can say who it is",
    transports: everyTransport,
    async run(t) {
      const c = t.client({ user: "early", options: (o) => o.setRetryDelay(1000) });
      c.client.connect();
      await c.log.expect(["listenStart"], ["status", "CONNECTING"], ["status", "DISCONNECTED:WILL-RETRY"], ["status", "CONNECTING"]);
      await c.log.until("status", `CONNECTED:${t.transport}`);
    },
  },
  {
    name: "is ended for good by a destroy",
    transports: everyTransport,
    async run(t) {
      for (const [parameters, code, text] of [
        ["", 31, "Destroy invoked by client"],
        ["&LS_cause_code=-7&LS_cause_message=closing%20time", -7, "closing time"],
      ]) {
        const c = await t.connected();
        const s = await c.subscribed("MERGE", ["m1"], ["v"]);
        await c.bound();
        const answer = await t.raw("control", c.session, `LS_reqId=1&LS_op=destroy${parameters}`);
        same(answer, "REQOK,1\r\n");
        await c.log.expect(["status", "DISCONNECTED"], ["serverError", code, text]);
        await s.log.expect(["unsubscribed"]);
        same((await t.figures()).sessions, 0);
      }
    },
  },
  {
    name: "goes where the control link leads",
    transports: ["HTTP-STREAMING", "HTTP-POLLING"],
    world: () => ({ controlLink: true }),
    async run(t) {
      const c = await t.connected();
      same(c.client.connectionDetails.getServerInstanceAddress(), `http://${t.world.link}/`);
      await t.world.order("weather", { weather: "down" });
      await t.world.order("cut"); // the way that it came
      const s = await c.subscribed("MERGE", ["m1"], ["v"]);
      await t.tick(["m1", { v: "here" }]);
      await s.log.expect(["update", "m1", { v: "here" }, ["v"], true]);
      same(c.log.rest(), []);
    },
  },
  {
    name: "ignores the control link if it is told to",
    transports: ["HTTP-STREAMING"],
    world: () => ({ controlLink: true }),
    async run(t) {
      const c = await t.connected({ options: (o) => o.setServerInstanceAddressIgnored(true) });
      await t.world.order("weather", { weather: "down" });
      await t.world.order("cut");
      await c.log.expect(["status", "DISCONNECTED:TRYING-RECOVERY"]);
    },
  },
];
