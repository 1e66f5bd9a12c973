// The peers on Node: a server on loopback that prints its port when it is ready,
// publishes each update that comes as a line over standard input, and ends with it.
//
//   node server.js ws|socketio [milliseconds between two writes to a client]
"use strict";

const http = require("node:http");

const [mode, delayText] = process.argv.slice(2);
const delay = Number(delayText ?? 0);

// eachTick calls publish with the item, as text, and the update of each line.
function eachTick(publish) {
  let rest = "";
  process.stdin.setEncoding("latin1");
  process.stdin.on("data", (chunk) => {
    const text = rest + chunk;
    let from = 0;
    for (let end; (end = text.indexOf("\n", from)) >= 0; from = end + 1) {
      const update = text.slice(from, end);
      publish(update.slice(1, update.indexOf("|")), update);
    }
    rest = text.slice(from);
  });
  process.stdin.on("end", () => process.exit(0));
}

const server = http.createServer();

// ws: a set of clients per item. What a client wants is its first message.
function serveWebSocket() {
  const { WebSocketServer } = require("ws");
  const items = new Map();
  const waiting = new Map(); // by client, with a delay only
  new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (client) => {
    client.on("error", () => {});
    client.once("message", (data) => {
      for (const item of JSON.parse(data)) {
        const clients = items.get(String(item));
        if (clients) clients.add(client);
        else items.set(String(item), new Set([client]));
      }
      client.send("subscribed");
    });
    client.on("close", () => {
      for (const clients of items.values()) clients.delete(client);
      waiting.delete(client);
    });
  });
  const send = (client, update) => client.send(update);
  const collect = (client, update) => {
    const before = waiting.get(client);
    waiting.set(client, before === undefined ? update : before + "\n" + update);
  };
  const deliver = delay > 0 ? collect : send;
  if (delay > 0) {
    setInterval(() => {
      for (const [client, text] of waiting) client.send(text);
      waiting.clear();
    }, delay);
  }
  eachTick((item, update) => {
    const clients = items.get(item);
    if (clients) for (const client of clients) deliver(client, update);
  });
}

// Socket.IO: a room for each item. It has no setting that collects updates.
function serveSocketIO() {
  const { Server } = require("socket.io");
  const io = new Server(server, {
    transports: ["websocket"],
    serveClient: false,
    pingInterval: 3_600_000, // no pings: the runs are shorter than what they would find out
  });
  io.on("connection", (socket) => {
    // Frees the first HTTP request, as its documentation advises.
    socket.conn.request = null;
    socket.on("s", (items) => {
      socket.join(items.map(String));
      socket.emit("subscribed");
    });
  });
  eachTick((item, update) => io.to(item).emit("u", update));
}

if (mode === "ws") serveWebSocket();
else serveSocketIO();

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
