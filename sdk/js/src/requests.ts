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

/** Outgoing is a message to the server. */
export interface Outgoing {
  readonly text: string;
  readonly sequence: string | undefined;
  readonly maxWait: number | undefined;
  /** Its number in the sequence, or among all messages without one; 0 until it is written. */
  readonly number: number;
}

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
  readonly maxBandwidth: number | "unlimited" | undefined;
  readonly oldSession: string | undefined;
  /** The formats of value diffs that can be read. */
  readonly diffs: string;
}

/** StreamParams is how a connection wants its notifications: in a stream, or as the answer to one poll. */
export type StreamParams =
  | { readonly kind: "stream"; readonly keepAlive: number; readonly contentLength: number | undefined }
  | { readonly kind: "poll"; readonly idle: number };

/** createSession writes the parameters of a new session, all but user and password. */
export function createSession(create: CreateParams, stream: StreamParams): string {
  return encodeParams({
    LS_adapter_set: create.adapterSet,
    // No limit is the default, and said by saying nothing.
    LS_requested_max_bandwidth: create.maxBandwidth === "unlimited" ? undefined : create.maxBandwidth,
    LS_cid: CLIENT_ID,
    LS_old_session: create.oldSession,
    LS_supported_diffs: create.diffs,
    ...streamParams(stream),
  });
}

/**
 * bindSession writes the parameters that continue a session on a new connection: after all that was sent, or, when the
 * connection broke, after the first `received` data notifications.
 */
export function bindSession(sessionId: string, stream: StreamParams, received?: number): string {
  return encodeParams({ LS_session: sessionId, LS_recovery_from: received, ...streamParams(stream) });
}

function streamParams(stream: StreamParams): Record<string, Value> {
  if (stream.kind === "poll") return { LS_polling: true, LS_polling_millis: 0, LS_idle_millis: stream.idle };
  return { LS_keepalive_millis: stream.keepAlive, LS_content_length: stream.contentLength, LS_send_sync: false };
}

/** RequestName is the name under which requests go together. */
export type RequestName = "control" | "msg";

/** Control is a request in a session. What it says is looked up when it is written; `id` is the subscription's or the message's. */
export interface Control {
  readonly op: "add" | "delete" | "reconf" | "constrain" | "msg";
  readonly id: number;
}

/** controlLine writes one request, with what belongs to its operation. */
export function controlLine(
  requestId: string,
  { op, id }: Control,
  interest: Interest | undefined,
  message: Outgoing | undefined,
  maxBandwidth: number | "unlimited" | undefined,
): string {
  const head = { LS_reqId: requestId, LS_op: op, LS_subId: id };
  switch (op) {
    case "add":
      return encodeParams({ ...head, ...addParams(interest) });
    case "delete":
      return encodeParams(head);
    case "reconf":
      return encodeParams({ ...head, LS_requested_max_frequency: interest?.maxFrequency });
    case "constrain":
      return encodeParams({ ...head, LS_subId: undefined, LS_requested_max_bandwidth: maxBandwidth });
    case "msg":
      return encodeParams({
        LS_reqId: requestId,
        LS_message: message?.text,
        LS_sequence: message?.sequence,
        LS_msg_prog: message?.number,
        LS_max_wait: message?.maxWait,
      });
  }
}

function addParams(interest: Interest | undefined): Record<string, Value> {
  if (!interest) return {};
  const raw = interest.mode === "RAW";
  return {
    LS_mode: interest.mode,
    LS_group: interest.items.join(" "),
    LS_schema: interest.fields.join(" "),
    LS_data_adapter: interest.dataAdapter,
    LS_selector: interest.selector,
    LS_snapshot: raw ? undefined : interest.snapshot,
    LS_requested_max_frequency: raw ? undefined : interest.maxFrequency,
    LS_requested_buffer_size: interest.bufferSize,
  };
}

/** destroyLine writes the request that ends the session. */
export function destroyLine(requestId: string): string {
  return encodeParams({ LS_reqId: requestId, LS_op: "destroy", LS_close_socket: true });
}
