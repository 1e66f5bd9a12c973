import { describe, expect, it } from "vitest";
import { accept, connected, over, setup } from "./fake.js";

describe("bandwidth", () => {
  it("is asked for with the session, told, and changed", async () => {
    const { platform, client } = await setup({ maxBandwidth: 30.5 });
    const seen: unknown[] = [];
    client.on("bandwidth", (bandwidth) => seen.push(bandwidth));
    expect(client.bandwidth).toBeUndefined();
    platform.last.open();
    expect(platform.last.params("LS_cid")["LS_requested_max_bandwidth"]).toBe("30.5");
    platform.last.lines("WSOK", "CONOK,S1,50000,5000,*", "CONS,20.1");
    expect(client.bandwidth).toBe(20.1);
    client.setMaxBandwidth("unlimited");
    expect(platform.last.sent.at(-1)).toBe("control\r\nLS_reqId=1&LS_op=constrain&LS_requested_max_bandwidth=unlimited");
    platform.last.lines("REQOK,1", "CONS,40", "CONS,40");
    expect(seen).toEqual([20.1, 40]);
    client.setMaxBandwidth(10);
    platform.last.lines("REQERR,2,68,no");
    expect(client.bandwidth).toBe(40);
    expect(client.status.state).toBe("connected");
  });

  it("holds for later sessions", async () => {
    const { platform, client } = await connected({ maxBandwidth: 30 });
    client.setMaxBandwidth("unlimited");
    over(platform);
    expect(client.bandwidth).toBeUndefined();
    await platform.clock.advance(500);
    accept(platform, "S2");
    expect(platform.last.params("LS_cid")["LS_requested_max_bandwidth"]).toBeUndefined();
    expect(platform.last.sent).toHaveLength(2);
    over(platform);
    client.setMaxBandwidth(7);
    await platform.clock.advance(1000);
    accept(platform, "S3");
    expect(platform.last.params("LS_cid")["LS_requested_max_bandwidth"]).toBe("7");
  });

  it("is left alone where the server does not manage it", async () => {
    const { platform, client } = await connected();
    platform.last.lines("CONS,unmanaged");
    client.setMaxBandwidth(10);
    expect(platform.last.sent).toHaveLength(2);
    expect(client.bandwidth).toBe("unmanaged");
  });

  it("over HTTP is asked for once, whatever has waited", async () => {
    const { platform, client } = await setup({ transport: "http-streaming" });
    platform.last.lines("CONOK,S1,50000,5000,*");
    client.subscribe({ items: ["A"], fields: ["bid"] });
    for (const limit of [10, 20, 30]) client.setMaxBandwidth(limit);
    platform.request("control").lines("REQOK,1");
    platform.request("control").end();
    expect(platform.request("control").body).toBe("LS_reqId=2&LS_op=constrain&LS_requested_max_bandwidth=30");
  });

  it("has to be a number above 0", async () => {
    const { client } = await connected();
    for (const limit of [0, -1, NaN, Infinity]) {
      expect(() => client.setMaxBandwidth(limit)).toThrow(TypeError);
      await expect(setup({ maxBandwidth: limit })).rejects.toThrow(TypeError);
    }
  });
});
