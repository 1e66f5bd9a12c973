// A Data Adapter for Halley in Node: any name of capital letters is an item, whose
// bid and ask tick ten times a second. It needs no package of ours, only gRPC and the
// definition of the protocol: this is all that a plugin in another language has to do.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { defineField, update } from "./frame.js";

// Standard output is for the handshake alone. The log goes to standard error, as JSON
// with a level and fields, or as plain lines.
const log = (level, message, fields) =>
  process.stderr.write(JSON.stringify({ "@level": level, "@message": message, ...fields }) + "\n");

if (process.env.HALLEY_PLUGIN !== "c0ffee-market-data") {
  console.error("This program is a plugin of Halley: name it in halley.yaml and run 'halley serve -c halley.yaml'.");
  process.exit(1);
}

const protocol = join(dirname(fileURLToPath(import.meta.url)), "../../proto");
const { halley } = grpc.loadPackageDefinition(
  // Numbers of items have 64 bits, and the first one is 0.
  loader.loadSync("halley/adapter/v1/data.proto", { includeDirs: [protocol], longs: String, defaults: true, oneofs: true }),
);
const { Plugin, DataAdapter } = halley.adapter.v1;

/** Answers Configure, which comes once and first. */
function configure(call, reply) {
  log("info", "configured", call.request.parameters);
  reply(null, { name: "ticker.js", version: "0.1.0", data: true, catalog: true });
}

const unknown = (name) =>
  /^[A-Z]+$/.test(name) ? null : { reason: "REASON_UNKNOWN_ITEM", text: `${name} is no symbol` };

/** Answers Describe, while a client waits: which modes an item has. */
function describe(call, reply) {
  const refusal = unknown(call.request.item);
  reply(null, refusal ? { refusal } : { modes: ["MODE_MERGE"] });
}

/** Is the feed: Halley says what is wanted, and gets what becomes of it. */
function session(stream) {
  const wanted = new Set(); // numbers of items
  let room = true; // false while Halley takes no more: the prices of then are skipped
  stream.on("drain", () => (room = true));
  stream.on("data", ({ subscribe, unsubscribe }) => {
    if (unsubscribe) {
      wanted.delete(unsubscribe.item);
      return;
    }
    const refusal = unknown(subscribe.name);
    if (refusal) {
      stream.write({ refused: { item: subscribe.item, refusal } });
    } else {
      wanted.add(subscribe.item);
      stream.write({ subscribed: { item: subscribe.item, snapshot: true } });
    }
  });

  room = stream.write({ updates: Buffer.concat([defineField(0, "bid"), defineField(1, "ask")]) });
  const ticking = setInterval(() => {
    if (!room || wanted.size === 0) return;
    const rows = [...wanted].map((item) => {
      const bid = 180 + Math.random();
      return update(item, [bid.toFixed(2), (bid + 0.02).toFixed(2)]);
    });
    room = stream.write({ updates: Buffer.concat(rows) }); // one frame for all
  }, 100);
  const end = () => clearInterval(ticking);
  stream.on("cancelled", end);
  stream.on("error", end);
  stream.on("end", () => {
    end();
    stream.end();
  });
}

/** Defines a method whose messages are so small that they are bytes here. */
const raw = (path) => ({
  path,
  requestStream: false,
  responseStream: false,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (bytes) => bytes,
});

const server = new grpc.Server();
server.addService(Plugin.service, { Configure: configure });
server.addService(DataAdapter.service, { Describe: describe, Session: session });
const serving = Buffer.from([8, 1]); // HealthCheckResponse: SERVING
server.addService({ Check: raw("/grpc.health.v1.Health/Check") }, { Check: (call, reply) => reply(null, serving) });
server.addService(
  { Shutdown: raw("/plugin.GRPCController/Shutdown") },
  {
    Shutdown: (call, reply) => {
      reply(null, Buffer.alloc(0));
      exit();
    },
  },
);

const folder = mkdtempSync(join(process.env.PLUGIN_UNIX_SOCKET_DIR || tmpdir(), "js-"));
const socket = join(folder, "s");
function exit() {
  setTimeout(() => server.forceShutdown(), 100).unref();
  server.tryShutdown(() => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
}
process.on("SIGINT", () => {}); // Halley asks for the end itself
server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.stdout.write(`1|1|unix|${socket}|grpc\n`);
});
