import { describe, expectTypeOf, it } from "vitest";
import { type Bandwidth, type Client, connect, type Frequency, type HalleyError, type JsonPatch, type Status, type Subscription, type TableSubscription, type Update } from "../src/index.js";
import { jsonPatch } from "../src/json-patch.js";

// What the compiler must and must not accept. The functions are never called.

describe("types", () => {
  it("know items and fields by name", () => {
    const check = (client: Client): void => {
      const quotes = client.subscribe({ items: ["A", "B"], fields: ["bid", "ask"] });
      expectTypeOf(quotes).toEqualTypeOf<Subscription<"bid" | "ask", "A" | "B", "MERGE">>();
      expectTypeOf(quotes.get("A")).toEqualTypeOf<{ readonly bid: string | null; readonly ask: string | null } | undefined>();
      // @ts-expect-error C is not subscribed
      quotes.get("C");
      quotes.on("update", (u) => {
        expectTypeOf(u.item).toEqualTypeOf<"A" | "B">();
        expectTypeOf(u.values.bid).toEqualTypeOf<string | null>();
        expectTypeOf(u.changed).toEqualTypeOf<ReadonlySet<"bid" | "ask">>();
        expectTypeOf(u.key).toEqualTypeOf<undefined>();
        expectTypeOf(u.values).not.toHaveProperty("last");
        // @ts-expect-error values are read-only
        u.values.bid = "1";
      });
      quotes.on("frame", (updates) => expectTypeOf(updates).toEqualTypeOf<readonly Update<"bid" | "ask", "A" | "B", "MERGE">[]>());
      // @ts-expect-error no such event
      quotes.on("tick", () => undefined);
      expectTypeOf(quotes).not.toHaveProperty("table");
    };
    expectTypeOf(check).toBeFunction();
  });

  it("know tables", () => {
    const check = (client: Client): void => {
      const book = client.subscribe({ items: ["A"], fields: ["key", "command", "price"], mode: "COMMAND" });
      expectTypeOf(book).toEqualTypeOf<TableSubscription<"key" | "command" | "price", "A">>();
      book.on("update", (u) => {
        expectTypeOf(u.key).toEqualTypeOf<string>();
        expectTypeOf(u.command).toEqualTypeOf<"ADD" | "UPDATE" | "DELETE">();
      });
      expectTypeOf(book.table("A").get("k")?.price).toEqualTypeOf<string | null | undefined>();
    };
    expectTypeOf(check).toBeFunction();
  });

  it("take lists that are known only at run time", () => {
    const check = (client: Client, items: string[], fields: readonly string[]): void => {
      expectTypeOf(client.subscribe({ items, fields }).get("x")).toEqualTypeOf<{ readonly [name: string]: string | null } | undefined>();
    };
    expectTypeOf(check).toBeFunction();
  });

  it("keep modes, frequencies and transports to what there is", () => {
    const check = (client: Client): void => {
      // @ts-expect-error no such mode
      client.subscribe({ items: ["A"], fields: ["bid"], mode: "LATEST" });
      // @ts-expect-error no such frequency
      client.subscribe({ items: ["A"], fields: ["bid"], maxFrequency: "fast" });
      // @ts-expect-error no such transport
      connect("http://server.test", { transport: "carrier-pigeon" });
      expectTypeOf<Frequency>().toEqualTypeOf<number | "unlimited" | "unfiltered">();
    };
    expectTypeOf(check).toBeFunction();
  });

  it("tell answers and limits", () => {
    const check = (client: Client): void => {
      expectTypeOf(client.send("x", { sequence: "S" })).toEqualTypeOf<Promise<string>>();
      expectTypeOf(client.bandwidth).toEqualTypeOf<number | "unlimited" | "unmanaged" | undefined>();
      client.on("bandwidth", (bandwidth) => expectTypeOf(bandwidth).toEqualTypeOf<Bandwidth>());
      // @ts-expect-error that is for the server to say
      client.setMaxBandwidth("unmanaged");
      expectTypeOf(jsonPatch).toExtend<JsonPatch>();
    };
    expectTypeOf(check).toBeFunction();
  });

  it("tell states apart", () => {
    const check = (status: Status): void => {
      if (status.state === "retrying") expectTypeOf(status.delay).toEqualTypeOf<number>();
      if (status.state === "connected") expectTypeOf(status.sessionId).toEqualTypeOf<string>();
      if (status.state === "retrying") expectTypeOf(status).not.toHaveProperty("sessionId");
      if (status.state === "recovering") expectTypeOf(status.cause).toEqualTypeOf<HalleyError>();
    };
    expectTypeOf(check).toBeFunction();
  });
});
