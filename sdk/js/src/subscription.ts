import type { JsonPatch } from "./diff.js";
import { Emitter } from "./emitter.js";
import { ProtocolError, SubscriptionError } from "./errors.js";
import { Frame } from "./frame.js";
import { type Change, type Command, Item, type Row, type Schema, type Values } from "./item.js";
import type { SubscriptionMessage } from "./messages.js";
import type { Cancel, Clock } from "./platform.js";
import type { Frequency, Interest, Mode } from "./requests.js";

/** Update is a change of one item. In a table it is a change of one key. */
export interface Update<Field extends string = string, Name extends string = string, M extends Mode = Mode> {
  /** Name of the item. */
  readonly item: Name;
  /** All fields after the change. The object never changes, so it may be kept and compared. */
  readonly values: Values<Field>;
  /** The fields that differ from before. */
  readonly changed: ReadonlySet<Field>;
  /** Whether this tells the state at the time of subscription rather than something new. */
  readonly snapshot: boolean;
  /** Key of the row, in tables. */
  readonly key: M extends "COMMAND" ? string : undefined;
  /** What happened to the row, in tables. */
  readonly command: M extends "COMMAND" ? Command : undefined;
}

/** SubscriptionEvents are what one can listen to on a subscription. */
export interface SubscriptionEvents<Field extends string = string, Name extends string = string, M extends Mode = Mode> {
  /** Every update, as it comes. */
  update: Update<Field, Name, M>;
  /**
   * What has changed since the last painted frame, at most once per frame, and once a second while the page is hidden.
   * Several updates of an item (or key) come as one; events of DISTINCT and RAW items come in order, up to 1,000.
   */
  frame: readonly Update<Field, Name, M>[];
  /** The server has accepted the subscription; again after every new session. */
  subscribed: undefined;
  /** The snapshot of a DISTINCT or COMMAND item is complete. */
  endOfSnapshot: { readonly item: Name };
  /** The list or table of an item is empty now: the feed said so, or a new session tells it again from the start. */
  clear: { readonly item: Name };
  /** Updates of an item were lost. The count is undefined when nobody knows it, as after a new session. */
  lost: { readonly item: Name; readonly count: number | undefined };
  /** The maximum frequency in force. */
  frequency: { readonly maxFrequency: number | "unlimited"; readonly filtered: boolean };
  /** The server has refused the subscription, which ends it, or a change of its frequency. */
  error: SubscriptionError;
}

/** Subscription is an interest in some items, and the latest that is known of them. It outlives sessions. */
export interface Subscription<Field extends string = string, Name extends string = string, M extends Mode = Mode> {
  readonly items: readonly Name[];
  readonly fields: readonly Field[];
  readonly mode: M;
  /** `pending` until the server has accepted it, and again while there is no session. */
  readonly state: "pending" | "active" | "ended";
  /** Adds a listener and returns what removes it. */
  on<E extends keyof SubscriptionEvents>(event: E, listener: (event: SubscriptionEvents<Field, Name, M>[E]) => void): () => void;
  /** Returns the latest values of an item: the same object until something changes. */
  get(item: Name): Values<Field> | undefined;
  /** Asks for another maximum frequency. */
  setMaxFrequency(maxFrequency: Frequency): void;
  /** Ends the subscription. Nothing is heard of it afterwards. */
  unsubscribe(): void;
}

/** TableSubscription is a subscription in COMMAND mode: each item is a table of rows with a key. */
export interface TableSubscription<Field extends string = string, Name extends string = string>
  extends Subscription<Field, Name, "COMMAND"> {
  /** Returns the rows of an item by key, in the order in which they came. */
  table(item: Name): ReadonlyMap<string, Values<Field>>;
}

/** SubscriptionOwner is what a subscription needs from its client. */
export interface SubscriptionOwner {
  readonly clock: Clock;
  readonly jsonPatch: JsonPatch | undefined;
  unsubscribe(id: number): void;
  reconfigure(id: number, maxFrequency: Frequency): void;
}

/** LiveSubscription is the subscription as the client sees it. */
export class LiveSubscription implements TableSubscription {
  readonly items: readonly string[];
  readonly fields: readonly string[];
  state: "pending" | "active" | "ended" = "pending";
  readonly #events = new Emitter<SubscriptionEvents>();
  readonly #rows: readonly Item[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #schema: Schema;
  readonly #frame: Frame;
  #cancelFrame: Cancel | undefined;
  #sessions = 0;
  #renewed = true;

  constructor(
    private readonly id: number,
    private readonly interest: Interest,
    private readonly owner: SubscriptionOwner,
  ) {
    this.items = interest.items;
    this.fields = interest.fields;
    const { fields, mode, snapshot } = interest;
    this.#schema = { fields, mode, snapshot: snapshot !== false, jsonPatch: owner.jsonPatch, key: -1, command: -1 };
    this.#rows = interest.items.map((_, i) => new Item(i + 1, this.#schema));
    this.#positions = new Map(interest.items.map((name, i) => [name, i]));
    this.#frame = new Frame(interest.mode);
  }

  // The type of the mode is fixed by `subscribe`, not here.
  get mode(): "COMMAND" {
    return this.interest.mode as "COMMAND";
  }

  on<E extends keyof SubscriptionEvents>(event: E, listener: (event: SubscriptionEvents<string, string, "COMMAND">[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  get(item: string): Values | undefined {
    return this.#item(item)?.row?.values;
  }

  table(item: string): ReadonlyMap<string, Values> {
    return new Map([...(this.#item(item)?.table ?? [])].map(([key, row]) => [key, row.values]));
  }

  setMaxFrequency(maxFrequency: Frequency): void {
    if (this.state !== "ended") this.owner.reconfigure(this.id, maxFrequency);
  }

  unsubscribe(): void {
    if (this.state === "ended") return;
    this.end();
    this.owner.unsubscribe(this.id);
  }

  // ── for the client ──

  /** A new session has begun; the server will confirm the subscription anew. */
  renew(): void {
    if (this.state === "active") this.state = "pending";
    this.#renewed = true;
  }

  end(): void {
    this.state = "ended";
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
  }

  refuse(error: SubscriptionError, ended: boolean): void {
    if (this.state === "ended") return;
    if (ended) this.end();
    this.#events.emit("error", error);
  }

  message(message: SubscriptionMessage): void {
    if (this.state === "ended") return;
    switch (message.tag) {
      case "SUBOK":
      case "SUBCMD":
        return this.#confirmed(message);
      case "EOS":
        for (const change of this.#at(message.item).endOfSnapshot()) this.#changed(change);
        return this.#emit("endOfSnapshot", { item: this.#name(message.item) });
      case "CS":
        this.#at(message.item).clear();
        return this.#cleared(message.item);
      case "OV":
        return this.#emit("lost", { item: this.#name(message.item), count: message.lost });
      case "CONF":
        return this.#emit("frequency", { maxFrequency: message.maxFrequency, filtered: message.filtered });
      case "UNSUB":
        return;
    }
  }

  /** Takes an update line whose values begin at `start`. */
  update(item: number, line: string, start: number): void {
    // Before the confirmation the positions of key and command are unknown; a server in good order sends nothing then.
    if (this.state === "active") this.#changed(this.#at(item).update(line, start));
  }

  #confirmed(message: Extract<SubscriptionMessage, { tag: "SUBOK" | "SUBCMD" }>): void {
    // The server may confirm a repeated request a second time.
    if (!this.#renewed) return;
    if (message.items !== this.items.length || message.fields !== this.fields.length) {
      const asked = `${this.items.length} items and ${this.fields.length} fields`;
      this.owner.unsubscribe(this.id);
      return this.refuse(new SubscriptionError(0, `asked for ${asked}, got ${message.items} and ${message.fields}`), true);
    }
    if ((this.interest.mode === "COMMAND") !== (message.tag === "SUBCMD")) {
      throw new ProtocolError(`${message.tag} does not fit the mode ${this.interest.mode}`, message.tag);
    }
    if (message.tag === "SUBCMD") {
      this.#schema.key = message.key - 1;
      this.#schema.command = message.command - 1;
    }
    this.#renewed = false;
    this.#sessions++;
    this.state = "active";
    this.#emit("subscribed", undefined);
    const gap = this.#sessions > 1 && this.#missesGaps();
    this.#rows.forEach((item, i) => {
      const cleared = item.begin();
      if (cleared) this.#cleared(i + 1);
      if (gap) this.#emit("lost", { item: this.#name(i + 1), count: undefined });
    });
  }

  /** Whether every single update counts, so that the time between two sessions is a loss. */
  #missesGaps(): boolean {
    const { mode, maxFrequency } = this.interest;
    return mode === "RAW" || mode === "DISTINCT" || (mode === "MERGE" && maxFrequency === "unfiltered");
  }

  #changed(change: Change): void {
    if (this.#events.has("update")) this.#emit("update", this.#view(change));
    // A listener may have ended the subscription.
    if (!this.#events.has("frame") || this.state === "ended") return;
    this.#frame.add(change);
    this.#cancelFrame ??= this.owner.clock.frame(() => this.#flush());
  }

  #cleared(item: number): void {
    this.#frame.clear(item);
    this.#emit("clear", { item: this.#name(item) });
  }

  #flush(): void {
    this.#cancelFrame = undefined;
    const { changes, dropped } = this.#frame.take();
    for (const [item, count] of dropped) this.#emit("lost", { item: this.#name(item), count });
    if (changes.length > 0) this.#emit("frame", changes.map((change) => this.#view(change)));
  }

  /** A listener may end the subscription in the middle of a line; the others then hear no more of it. */
  #emit<E extends keyof SubscriptionEvents>(event: E, payload: SubscriptionEvents[E]): void {
    if (this.state !== "ended") this.#events.emit(event, payload);
  }

  #view(change: Change): Update {
    return new UpdateView(this.#name(change.item), this.fields, change);
  }

  #item(name: string): Item | undefined {
    const position = this.#positions.get(name);
    return position === undefined ? undefined : this.#rows[position];
  }

  #at(position: number): Item {
    const item = this.#rows[position - 1];
    if (!item) throw new ProtocolError(`there is no item ${position} in the subscription`, `${position}`);
    return item;
  }

  #name(position: number): string {
    return this.items[position - 1] ?? "";
  }
}

/** UpdateView shows a change to listeners, by names instead of positions. What they do not look at is not made. */
class UpdateView implements Update {
  readonly snapshot: boolean;
  readonly key: string;
  readonly command: Command;
  readonly #row: Row;
  readonly #indexes: readonly number[];
  #changed: ReadonlySet<string> | undefined;

  constructor(
    readonly item: string,
    private readonly fields: readonly string[],
    change: Change,
  ) {
    this.snapshot = change.snapshot;
    // Undefined outside tables; the type of the subscription tells.
    this.key = change.key as string;
    this.command = change.command as Command;
    this.#row = change.row;
    this.#indexes = change.changed;
  }

  get values(): Values {
    return this.#row.values;
  }

  get changed(): ReadonlySet<string> {
    this.#changed ??= new Set(this.#indexes.map((i) => this.fields[i] ?? ""));
    return this.#changed;
  }
}
