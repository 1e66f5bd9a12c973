// Plays scenarios with an official client, in Node as in a browser. Each
// has a world of its own on the stage (stage_test.go), and they run side by side.

/** How long a thing may take that should happen at once. */
const patience = 20_000;
/** How many scenarios run at a time. */
const abreast = 12;

export const everyTransport = ["WS-STREAMING", "HTTP-STREAMING", "WS-POLLING", "HTTP-POLLING"];

/** Plays all scenarios, or those whose name a pattern fits. */
export async function perform({ scenarios, stage, ls, browser, only }) {
  const runs = scenarios
    .flatMap((scenario) => (scenario.transports ?? [""]).map((transport) => ({ scenario, transport, name: [scenario.name, transport].filter(Boolean).join("/") })))
    .filter((run) => run.name.match(only));
  await post(`${stage}/plan`, runs.map((run) => run.name));
  const play = async () => {
    for (let run = runs.shift(); run; run = runs.shift()) {
      const result = await outcome(run, { stage, ls, browser }).catch((error) => ({ name: run.name, error: String(error) }));
      await post(`${stage}/results`, result);
    }
  };
  await Promise.all(Array.from({ length: abreast }, play));
}

/** Plays one run, and tells how it went. */
async function outcome({ scenario, transport, name }, { stage, ls, browser }) {
  const here = browser ? "browser" : "node";
  if (scenario.only && scenario.only !== here) return { name, skipped: `only for ${scenario.only}` };
  if (scenario.fails) return { name, skipped: `known to fail: ${scenario.fails}` };
  const began = performance.now();
  const result = { name };
  const setting = scenario.world?.({ page: stage, run: name.replace(/\W+/g, "-") }) ?? {};
  const world = { ...(await post(`${stage}/worlds`, setting)), setting };
  world.order = (what, more = {}) => post(`${stage}/worlds/${world.id}`, { do: what, ...more });
  const t = new Test({ ls, browser, world, transport });
  try {
    await scenario.run(t);
  } catch (error) {
    result.error = `${error.stack ?? error}\nIt had happened:\n${t.history.map((event) => JSON.stringify(event)).join("\n")}`;
    result.log = await world.order("log");
  }
  for (const client of t.clients) client.disconnect();
  await request("DELETE", `${stage}/worlds/${world.id}`);
  return { ...result, millis: performance.now() - began };
}

async function request(method, url, body) {
  const response = await fetch(url, { method, body: body === undefined ? null : JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${await response.text()}`);
  return response.json();
}

const post = (url, body) => request("POST", url, body);

/** What a scenario is given. */
class Test {
  clients = [];
  history = [];

  constructor(what) {
    Object.assign(this, what);
  }

  /** A client that is not connected yet. */
  client(wish = {}) {
    const c = new Client(this, wish);
    this.clients.push(c.client);
    return c;
  }

  /** One that is. */
  async connected(wish = {}) {
    const c = this.client(wish);
    c.client.connect();
    await c.connected();
    return c;
  }

  /** Lets items tick: events are [item, values] or [item, "clear"]. */
  tick(...events) {
    return this.tickOf("DEFAULT", ...events);
  }

  tickOf(feed, ...events) {
    return this.world.order("feed", { feed, events: events.map(([item, values]) => (values === "clear" ? { item, clear: true } : { item, values })) });
  }

  /** What the server answers to a request of somebody else, who goes around the network. */
  async raw(name, session, body) {
    const url = `${await this.world.order("address")}/lightstreamer/${name}.txt?LS_protocol=TLCP-2.5.0&LS_session=${session}`;
    return (await fetch(url, { method: "POST", headers: { "Content-Type": "text/plain" }, body })).text();
  }

  figures() {
    return this.world.order("figures");
  }

  /** Waits until a condition is met. */
  async until(what, met) {
    for (const end = performance.now() + patience; performance.now() < end; await pause(20)) {
      const value = await met();
      if (value) return value;
    }
    throw new Error(`waited in vain for ${what}`);
  }
}

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** What a listener has been told, in order. */
class Log {
  events = [];
  taken = 0;
  #wake = () => {};

  constructor(of, history) {
    this.of = of;
    this.history = history;
  }

  add(...event) {
    this.events.push(event);
    this.history.push([Math.round(performance.now()), this.of, ...event]);
    this.#wake();
  }

  /** The next event, waiting for it. */
  async next() {
    for (const end = performance.now() + patience; this.taken === this.events.length; ) {
      const left = end - performance.now();
      if (left <= 0) throw new Error(`${this.of} waited in vain for its next event`);
      await Promise.race([new Promise((resolve) => (this.#wake = resolve)), pause(left)]);
    }
    return this.events[this.taken++];
  }

  /** The next events, which must be these. */
  async expect(...wanted) {
    for (const event of wanted) same(await this.next(), event, this.of);
  }

  /** The next event with this beginning; others may precede it. */
  async until(...beginning) {
    for (;;) {
      const event = await this.next();
      if (JSON.stringify(event.slice(0, beginning.length)) === JSON.stringify(beginning)) return event;
    }
  }

  /** What was told and not taken. */
  rest() {
    const rest = this.events.slice(this.taken);
    this.taken = this.events.length;
    return rest;
  }
}

/** A client with its log: what its listener is told of statuses and errors. */
class Client {
  properties = [];

  constructor(test, { set = "TEST", user, password, transport = test.transport, options = () => {} }) {
    this.test = test;
    this.transport = transport;
    this.log = new Log("client", test.history);
    this.client = new test.ls.LightstreamerClient(test.world.url, set);
    if (user !== undefined) this.client.connectionDetails.setUser(user);
    if (password !== undefined) this.client.connectionDetails.setPassword(password);
    if (transport) this.client.connectionOptions.setForcedTransport(transport);
    options(this.client.connectionOptions);
    this.listener = {
      onListenStart: () => this.log.add("listenStart"),
      onListenEnd: () => this.log.add("listenEnd"),
      onStatusChange: (status) => this.log.add("status", status),
      onServerError: (code, text) => this.log.add("serverError", code, text),
      onPropertyChange: (name) => {
        this.properties.push(name);
        test.history.push([Math.round(performance.now()), "property", name]);
      },
    };
    this.client.addListener(this.listener);
  }

  /** The statuses of a client that connects. */
  async connected() {
    const through = this.transport && this.transport !== "WS-STREAMING" ? ["CONNECTED:STREAM-SENSING"] : [];
    const statuses = ["CONNECTING", ...through, `CONNECTED:${this.transport || "WS-STREAMING"}`];
    await this.log.expect(["listenStart"], ...statuses.map((status) => ["status", status]));
  }

  /**
   * Waits until there is a connection on which the server can say something, and all
   * that it has said has come: a browser sends a request again by itself, without
   * telling, if its connection breaks before any of the answer is there.
   */
  bound() {
    let before;
    return this.test.until("a connection at rest", async () => {
      const { bound, passed } = await this.test.figures();
      const atRest = bound[this.transport.toLowerCase()] === 1 && passed === before;
      before = passed;
      return atRest;
    });
  }

  get session() {
    return this.client.connectionDetails.getSessionId();
  }

  /**
   * Subscribes, by a name for the log. All else that is wished for is given to the
   * setter of that name.
   */
  subscribe(mode, items, fields, { name = mode, watch = () => {}, ...wish } = {}) {
    const subscription = new this.test.ls.Subscription(mode, items, fields);
    for (const [what, value] of Object.entries(wish)) subscription[`set${what[0].toUpperCase()}${what.slice(1)}`](value);
    const log = new Log(name, this.test.history);
    subscription.addListener({
      onListenStart: () => log.add("listenStart"),
      onListenEnd: () => log.add("listenEnd"),
      onSubscription: () => log.add("subscribed"),
      onUnsubscription: () => log.add("unsubscribed"),
      onSubscriptionError: (code, text) => log.add("refused", code, text),
      onItemUpdate(update) {
        watch(update);
        log.add("update", update.getItemName() ?? update.getItemPos(), ...valuesOf(update));
      },
      onEndOfSnapshot: (item, position) => log.add("endOfSnapshot", item, position),
      onClearSnapshot: (item, position) => log.add("clear", item, position),
      onItemLostUpdates: (item, position, lost) => log.add("lost", item, position, lost),
      onRealMaxFrequency: (frequency) => log.add("frequency", frequency),
      onCommandSecondLevelItemLostUpdates: (lost, key) => log.add("secondLost", lost, key),
      onCommandSecondLevelSubscriptionError: (code, text, key) => log.add("secondRefused", code, text, key),
    });
    this.client.subscribe(subscription);
    return { subscription, log };
  }

  /** Subscribes and waits for the confirmation, with its frequency. */
  async subscribed(mode, items, fields, { frequency = "unlimited", ...wish } = {}) {
    const s = this.subscribe(mode, items, fields, wish);
    await s.log.expect(["listenStart"], ["subscribed"], ["frequency", frequency]);
    return s;
  }

  /** Sends a message and returns the log of its listener. */
  send(text, sequence, timeout, enqueue) {
    const log = new Log(`message ${text}`, this.test.history);
    this.client.sendMessage(text, sequence, timeout, messageListener(log), enqueue);
    return log;
  }
}

const messageListener = (log) => ({
  onProcessed: (text, response) => log.add("processed", text, response),
  onDeny: (text, code, why) => log.add("denied", text, code, why),
  onError: (text) => log.add("failed", text),
  onDiscarded: (text) => log.add("discarded", text),
  onAbort: (text, sent) => log.add("aborted", text, sent),
});

/** The values by field, the fields that changed, and whether it is a snapshot. */
function valuesOf(update) {
  const values = {};
  const changed = [];
  update.forEachField((name, position, value) => (values[name ?? position] = value));
  update.forEachChangedField((name, position) => changed.push(name ?? position));
  return [values, changed, update.isSnapshot()];
}

/** Fails unless two values are the same. */
export function same(got, want, what = "it") {
  if (canonical(got) !== canonical(want)) throw new Error(`${what} is ${canonical(got)}, want ${canonical(want)}`);
}

/** Fails unless a condition is met. */
export function ok(met, what) {
  if (!met) throw new Error(what);
}

/** A text of a value, with the keys of objects in order. */
function canonical(value) {
  return JSON.stringify(value, (_, v) => (v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v === undefined ? null : v));
}
