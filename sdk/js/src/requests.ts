/** The protocol version this client speaks. */
export const PROTOCOL = "TLCP-2.5.0";

/** The client type that the specification assigns to clients of no particular make. */
const CLIENT_ID = "mgQkwtwdysogQz2BJ4Ji kOj2Bg";

/** Mode says how updates of an item relate to each other. */
export type Mode = "MERGE" | "DISTINCT" | "COMMAND" | "RAW";

/** Frequency is a number of updates per second and item, `"unlimited"`, or `"unfiltered"` (no conflation at all). */
export type Frequency = number | "unlimited" | "unfiltered";

/** Interest is what one subscription asks the server for. */
export interface Interest {
  readonly items: readonly string[];
  readonly fields: readonly string[];
  readonly mode: Mode;
  readonly dataAdapter: string | undefined;
  readonly selector: string | undefined;
  /** A number only for DISTINCT: so many past events. */
  readonly snapshot: boolean | number;
  readonly maxFrequency: Frequency | undefined;
  readonly bufferSize: number | "unlimited" | undefined;
}

type Value = string | number | boolean | undefined;

/** encodeParams writes `name=value&name=value`; what is undefined is left out. */
export function encodeParams(params: Readonly<Record<string, Value>>): string {
  return Object.entries(params)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&");
}

/** CreateParams is what a new session may be given. */
export interface CreateParams {
  readonly adapterSet: string | undefined;
  readonly maxBandwidth: number | undefined;
  readonly oldSession: string | undefined;
}

/** StreamParams is how a connection wants its notifications: in a stream, or as the answer to one poll. */
export type StreamParams =
  | { readonly kind: "stream"; readonly keepAlive: number; readonly contentLength: number | undefined }
  | { readonly kind: "poll"; readonly idle: number };

/** createSession writes the parameters of a new session, all but user and password. */
export function createSession(create: CreateParams, stream: StreamParams): string {
  return encodeParams({
    LS_adapter_set: create.adapterSet,
    LS_requested_max_bandwidth: create.maxBandwidth,
    LS_cid: CLIENT_ID,
    LS_old_session: create.oldSession,
    LS_supported_diffs: "",
    ...streamParams(stream),
  });
}

/**
 * bindSession writes the parameters that continue a session on a new connection.
 *
 * TODO recovery: a bind with LS_recovery_from would take a session up again after its connection broke. It needs a
 * count of the data lines received, and PROG understood. Until then a broken connection costs the session.
 */
export function bindSession(sessionId: string, stream: StreamParams): string {
  return encodeParams({ LS_session: sessionId, ...streamParams(stream) });
}

function streamParams(stream: StreamParams): Record<string, Value> {
  if (stream.kind === "poll") return { LS_polling: true, LS_polling_millis: 0, LS_idle_millis: stream.idle };
  return { LS_keepalive_millis: stream.keepAlive, LS_content_length: stream.contentLength, LS_send_sync: false };
}

/** Control is a request about a subscription. The interest of an "add" is looked up when the request is written. */
export type Control =
  | { readonly op: "add" | "delete"; readonly id: number }
  | { readonly op: "reconf"; readonly id: number; readonly maxFrequency: Frequency };

/** controlLine writes one control request. Without `ack` the server confirms by the notification alone. */
export function controlLine(requestId: string, control: Control, interest: Interest | undefined, ack: boolean): string {
  const head = { LS_reqId: requestId, LS_op: control.op, LS_subId: control.id };
  const quiet = ack ? undefined : false;
  if (control.op === "reconf") return encodeParams({ ...head, LS_requested_max_frequency: control.maxFrequency });
  if (control.op === "delete" || !interest) return encodeParams({ ...head, LS_ack: quiet });
  return encodeParams({
    ...head,
    LS_mode: interest.mode,
    LS_group: interest.items.join(" "),
    LS_schema: interest.fields.join(" "),
    LS_data_adapter: interest.dataAdapter,
    LS_selector: interest.selector,
    LS_snapshot: interest.mode === "RAW" ? undefined : interest.snapshot,
    LS_requested_max_frequency: interest.mode === "RAW" ? undefined : interest.maxFrequency,
    LS_requested_buffer_size: interest.bufferSize,
    LS_ack: quiet,
  });
}

/** destroyLine writes the request that ends the session. */
export function destroyLine(requestId: string): string {
  return encodeParams({ LS_reqId: requestId, LS_op: "destroy", LS_close_socket: true });
}

/** batches joins request lines into bodies of at most `limit` bytes. A single longer line goes alone. */
export function batches(lines: readonly string[], limit: number): string[] {
  const bodies: string[] = [];
  let body = "";
  for (const line of lines) {
    if (body !== "" && body.length + 2 + line.length > limit) {
      bodies.push(body);
      body = "";
    }
    body = body === "" ? line : `${body}\r\n${line}`;
  }
  if (body !== "") bodies.push(body);
  return bodies;
}
