import type { Control, RequestName } from "./requests.js";
import { controlLine, destroyLine } from "./requests.js";
import { type Sent, sessionOf } from "./state.js";
import type { Turn } from "./turn.js";

// Control requests and messages: at once on a WebSocket, one request at a time over HTTP. Each is answered by REQOK or
// REQERR; what is not, because the connection broke or the request took too long, is written again under another number.

/** HTTP requests that were not answered are repeated after this wait, in milliseconds. */
const REPEAT_CONTROL = 1_000;
/** The request limit until the server has told its own. */
const REQUEST_LIMIT = 50_000;

/** request puts requests into the queue, and writes what can be written. */
export function request(turn: Turn, ...controls: readonly Control[]): void {
  turn.set({ queue: [...turn.state.queue, ...controls] });
  flush(turn);
}

/** flush writes what waits, as far as there is anybody to write it to. */
export function flush(turn: Turn): void {
  const { link, pending } = turn.state;
  if (link.kind === "bound" && link.transport !== "websocket") {
    const batch = pending.length === 0 && nextBatch(turn, link.session.requestLimit);
    if (!batch) return;
    turn.perform({ type: "post", session: link.session, ...batch, last: false });
    turn.arm("control", turn.state.settings.connectTimeout);
    return;
  }
  if (link.kind !== "bound" && !(link.kind === "opening" && link.writable)) return;
  const limit = link.kind === "bound" ? link.session.requestLimit : REQUEST_LIMIT;
  // A message belongs to a session, so it waits until there is one.
  while (link.kind === "bound" || turn.state.queue[0]?.op !== "msg") {
    const batch = nextBatch(turn, limit - "control\r\n".length);
    if (!batch) return;
    turn.perform({ type: "write", text: `${batch.request}\r\n${batch.body}` });
  }
}

/** repeat ends the HTTP request under way: what it has not answered is written again after a while. */
export function repeat(turn: Turn): void {
  const count = turn.state.queue.length;
  requeue(turn);
  if (turn.state.queue.length > count) turn.arm("control", REPEAT_CONTROL);
  else flush(turn);
}

/** requeue puts what has no answer back to the head of the queue. */
export function requeue(turn: Turn): void {
  const { pending, queue, wanted, outbox } = turn.state;
  const open = pending.map(({ control }) => control).filter(({ op, id }) => {
    // What was confirmed on the stream, or has ended since, is not asked for again.
    if (op === "add") return wanted.get(id)?.phase === "asked";
    if (op === "msg") return outbox.has(id);
    return op !== "reconf" || wanted.has(id);
  });
  turn.set({ queue: [...open, ...queue], pending: [] });
}

/** answeredRequest takes a request off those whose answer is due. */
export function answeredRequest(turn: Turn, requestId: string): Control | undefined {
  const { pending } = turn.state;
  const sent = pending.find((one) => one.requestId === requestId);
  if (sent) turn.set({ pending: pending.filter((one) => one !== sent) });
  return sent?.control;
}

/** destroy tells the server, as far as it can still be told, that the session is not needed any more. */
export function destroy(turn: Turn): void {
  const { link, requests } = turn.state;
  const session = sessionOf(link);
  if (!session) return;
  const body = destroyLine(`${requests + 1}`);
  turn.set({ requests: requests + 1, lastSession: undefined });
  if (link.kind === "bound" && link.transport === "websocket") turn.perform({ type: "write", text: `control\r\n${body}` });
  else turn.perform({ type: "post", session, request: "control", body, last: true });
}

/** Numbers and writes the requests at the head of the queue that go together, but no more than `limit` bytes unless one is longer. */
function nextBatch(turn: Turn, limit: number): { readonly request: RequestName; readonly body: string } | undefined {
  const { queue, pending, requests } = turn.state;
  const [head] = queue;
  if (!head) return undefined;
  const request = nameOf(head);
  const sent: Sent[] = [];
  let body = "";
  for (const control of queue) {
    const requestId = `${requests + sent.length + 1}`;
    if (nameOf(control) !== request) break;
    const line = lineOf(turn, requestId, control);
    if (body !== "" && body.length + 2 + line.length > limit) break;
    body += body === "" ? line : `\r\n${line}`;
    sent.push({ requestId, control });
  }
  asked(turn, sent);
  turn.set({ queue: queue.slice(sent.length), pending: [...pending, ...sent], requests: requests + sent.length });
  return { request, body };
}

function nameOf(control: Control): RequestName {
  return control.op === "msg" ? "msg" : "control";
}

/** Writes a request with the values of now. A message gets its number when it is written first, and keeps it. */
function lineOf(turn: Turn, requestId: string, control: Control): string {
  const { op, id } = control;
  const { wanted, outbox, numbers, maxBandwidth } = turn.state;
  let message = outbox.get(id);
  if (op === "msg" && message?.number === 0) {
    const name = message.sequence ?? "*";
    const number = (numbers.get(name) ?? 0) + 1;
    message = { ...message, number };
    turn.set({ numbers: new Map(numbers).set(name, number), outbox: new Map(outbox).set(id, message) });
  }
  return controlLine(requestId, control, wanted.get(id)?.interest, message, maxBandwidth);
}

function asked(turn: Turn, sent: readonly Sent[]): void {
  const wanted = new Map(turn.state.wanted);
  for (const { control } of sent) {
    const one = wanted.get(control.id);
    if (control.op === "add" && one?.phase === "waiting") wanted.set(control.id, { ...one, phase: "asked" });
  }
  turn.set({ wanted });
}
