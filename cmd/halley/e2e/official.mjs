// An official client, unmodified, driven by lines of JSON.
//   node official.mjs PACKAGE
// Commands: connect, subscribe, unsubscribe, frequency, transport, disconnect.
// Every callback becomes a line; "of" is the name of the subscription, "" the client.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { LightstreamerClient, Subscription, ConsoleLoggerProvider, ConsoleLogLevel } = createRequire(import.meta.url)(process.argv[2]);

// What the client has to complain about belongs to stderr.
console.log = console.info = console.debug = console.error;
// Version 8 has another way of logging.
if (ConsoleLogLevel) LightstreamerClient.setLoggerProvider(new ConsoleLoggerProvider(ConsoleLogLevel.WARN));

const tell = (event) => process.stdout.write(`${JSON.stringify({ at: performance.now(), of: "", ...event })}\n`);
const subscriptions = new Map();
let client;

const commands = {
  connect({ url, set, transport }) {
    client = new LightstreamerClient(url, set);
    if (transport) client.connectionOptions.setForcedTransport(transport);
    client.addListener({
      onStatusChange: (status) => tell({ event: "status", status }),
      onServerError: (code, text) => tell({ event: "serverError", code, text }),
    });
    client.connect();
  },

  subscribe({ name, mode, items, fields, adapter, snapshot, frequency }) {
    const subscription = new Subscription(mode, items, fields);
    subscription.setDataAdapter(adapter);
    if (snapshot) subscription.setRequestedSnapshot(snapshot);
    if (frequency) subscription.setRequestedMaxFrequency(frequency);
    const on = (event, more = {}) => tell({ of: name, event, ...more });
    subscription.addListener({
      onSubscription: () =>
        on("subscribed", mode === "COMMAND" ? { keyPosition: subscription.getKeyPosition(), commandPosition: subscription.getCommandPosition() } : {}),
      onUnsubscription: () => on("unsubscribed"),
      onSubscriptionError: (code, text) => on("refused", { code, text }),
      onItemUpdate: (update) => on("update", valuesOf(update, fields)),
      onEndOfSnapshot: (item) => on("endOfSnapshot", { item }),
      onClearSnapshot: (item) => on("clear", { item }),
      onItemLostUpdates: (item, _, lost) => on("lost", { item, lost }),
      onRealMaxFrequency: (text) => on("frequency", { text }),
    });
    subscriptions.set(name, subscription);
    client.subscribe(subscription);
  },

  unsubscribe: ({ name }) => client.unsubscribe(subscriptions.get(name)),
  frequency: ({ name, frequency }) => subscriptions.get(name).setRequestedMaxFrequency(frequency),
  transport: ({ transport }) => client.connectionOptions.setForcedTransport(transport),
  disconnect: () => client.disconnect(),
};

function valuesOf(update, fields) {
  const changed = [];
  update.forEachChangedField((field) => changed.push(field));
  return {
    item: update.getItemName(),
    snapshot: update.isSnapshot(),
    values: Object.fromEntries(fields.map((field) => [field, update.getValue(field)])),
    changed,
  };
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { do: name, ...parameters } = JSON.parse(line);
    commands[name](parameters);
  })
  // The client has timers that nothing ends.
  .on("close", () => process.stdout.write("", () => process.exit(0)));
