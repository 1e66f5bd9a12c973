import { describe, expect, it, vi } from "vitest";
import { accept, connected, type FakePlatform, over, settle, setup } from "./fake.js";

interface Question {
  readonly give: (password: string) => void;
  readonly refuse: (cause: unknown) => void;
}

/** An application that keeps the client waiting for each password until the test gives it. */
function slow() {
  const questions: Question[] = [];
  const password = vi.fn(() => new Promise<string>((give, refuse) => questions.push({ give, refuse })));
  return { password, questions };
}

/** The password that came with the latest request for a session. */
const given = (platform: FakePlatform): string | undefined => platform.last.params("LS_cid")["LS_password"];

describe("a password that takes its time", () => {
  it.each([0, 3_999, 4_500, 29_999])("of %i ms does not cost the WebSocket", async (takes) => {
    const { password, questions } = slow();
    const { platform, client, statuses } = await setup({ user: "ann", password });
    await platform.clock.advance(takes);
    expect(client.status).toEqual({ state: "connecting", transport: "websocket" });
    expect(platform.connections).toHaveLength(0);
    questions[0]?.give("slow");
    await settle();
    accept(platform, "S1");
    expect(platform.last.kind).toBe("socket");
    expect(platform.last.params("LS_cid")).toMatchObject({ LS_user: "ann", LS_password: "slow" });
    expect(statuses).toEqual([{ state: "connected", transport: "websocket", sessionId: "S1" }]);
    expect(password).toHaveBeenCalledTimes(1);
    over(platform);
    await platform.clock.advance(500);
    questions[1]?.give("next");
    await settle();
    expect(platform.last.kind).toBe("socket");
  });

  it("leaves the transport as much time as ever", async () => {
    const { password, questions } = slow();
    const { platform } = await setup({ password });
    await platform.clock.advance(20_000);
    questions[0]?.give("slow");
    await platform.clock.advance(3_999);
    expect(platform.open.map(({ kind }) => kind)).toEqual(["socket"]);
    await platform.clock.advance(1);
    expect(platform.open.map(({ kind }) => kind)).toEqual(["post"]);
  });

  it("lets what is asked for meanwhile go along, with the values of then", async () => {
    const { password, questions } = slow();
    const { platform, client } = await setup({ password });
    const kept = client.subscribe({ items: ["A"], fields: ["bid"] });
    client.subscribe({ items: ["B"], fields: ["bid"] }).unsubscribe();
    kept.setMaxFrequency(2);
    client.setMaxBandwidth(40);
    await platform.clock.advance(5_000);
    questions[0]?.give("slow");
    await settle();
    platform.last.open();
    expect(platform.last.params("LS_cid")["LS_requested_max_bandwidth"]).toBe("40");
    expect(platform.last.sent[2]?.split("\r\n")).toHaveLength(2);
    expect(platform.last.params("LS_op")).toMatchObject({ LS_op: "add", LS_group: "A", LS_requested_max_frequency: "2" });
    expect(platform.last.sent).toHaveLength(3);
  });

  it("is no reason to ask twice when the network comes back, but to begin with the best transport", async () => {
    const { password, questions } = slow();
    const { platform } = await setup({ password });
    questions[0]?.give("one");
    await settle();
    platform.last.end(new Error("refused"));
    platform.last.lines("CONOK,S1,50000,5000,*");
    over(platform);
    await platform.clock.advance(500);
    platform.wake("online");
    platform.wake("visible");
    questions[1]?.give("two");
    await settle();
    expect(platform.last.kind).toBe("socket");
    expect(password).toHaveBeenCalledTimes(2);
  });
});

describe("one password", () => {
  it("serves all transports of an attempt, and not the next attempt", async () => {
    let count = 0;
    const password = vi.fn(() => Promise.resolve(`token ${++count}`));
    const { platform, client } = await setup({ password });
    const seen: (string | undefined)[] = [];
    const note = (): void => {
      if (platform.last.kind === "socket") platform.last.open();
      seen.push(given(platform));
    };
    note();
    for (let transport = 1; transport < 3; transport++) {
      await platform.clock.advance(4_000);
      note();
    }
    expect(seen).toEqual(["token 1", "token 1", "token 1"]);
    await platform.clock.advance(4_000);
    expect(client.status.state).toBe("retrying");
    expect(password).toHaveBeenCalledTimes(1);
    await platform.clock.advance(500);
    note();
    expect(seen.at(-1)).toBe("token 2");
  });

  it("that is due serves the attempts that come to want it", async () => {
    const { password, questions } = slow();
    const { platform, client } = await setup({ password });
    client.setTransport("http-polling");
    expect(client.status).toEqual({ state: "connecting", transport: "http-polling" });
    client.drop();
    expect(client.status).toMatchObject({ state: "retrying", attempt: 1 });
    await platform.clock.advance(500);
    client.setTransport("http-streaming");
    await settle();
    expect(password).toHaveBeenCalledTimes(1);
    questions[0]?.give("slow");
    await settle();
    expect(platform.connections).toHaveLength(1);
    expect(platform.last.params()).toMatchObject({ LS_password: "slow", LS_content_length: "20000000" });
  });

  it("that comes while no attempt is made begins none", async () => {
    const { password, questions } = slow();
    const { platform, client } = await setup({ password });
    client.drop();
    questions[0]?.give("early");
    await settle();
    expect(client.status.state).toBe("retrying");
    expect(platform.connections).toHaveLength(0);
    await platform.clock.advance(500);
    expect(password).toHaveBeenCalledTimes(2);
  });

  it("is not needed to recover a session, but for the one that follows when that fails", async () => {
    const password = vi.fn(() => Promise.resolve("two")).mockResolvedValueOnce("one");
    const { platform, client } = await setup({ password });
    accept(platform, "S1");
    platform.last.end(new Error("reset"));
    await platform.clock.advance(500);
    expect(client.status.state).toBe("recovering");
    platform.last.open();
    expect(platform.last.sent[1]).toMatch(/^bind_session\r\n/);
    expect(platform.last.params()["LS_password"]).toBeUndefined();
    expect(password).toHaveBeenCalledTimes(1);
    platform.last.lines("WSOK", "CONERR,4,recovery point gone");
    await settle();
    platform.last.open();
    expect(given(platform)).toBe("two");
  });
});

describe("a password that cannot be had", () => {
  it.each([
    ["a rejected promise", () => Promise.reject(new Error("no token")), "no token"],
    [
      "a function that throws",
      () => {
        throw new Error("no token");
      },
      "no token",
    ],
    ["a password that cannot be written", () => "\ud800", "URI malformed"],
  ])("%s is nobody's fault but its own", async (_, password, message) => {
    const ask = vi.fn<() => string | Promise<string>>(() => "good").mockImplementationOnce(password);
    const { platform, client } = await setup({ password: ask });
    expect(client.status).toMatchObject({ state: "retrying", attempt: 1, delay: 500, cause: { name: "ConnectionError", message } });
    expect(platform.connections).toHaveLength(0);
    await platform.clock.advance(499);
    expect(ask).toHaveBeenCalledTimes(1);
    await platform.clock.advance(1);
    accept(platform, "S1");
    expect(given(platform)).toBe("good");
    expect(client.status).toMatchObject({ state: "connected", transport: "websocket" });
  });

  it("is asked for again at growing distances, and at once when the network comes back", async () => {
    const password = vi.fn(() => Promise.reject(new Error("no token")));
    const { platform, statuses } = await setup({ password });
    await platform.clock.advance(120_000);
    const delays = statuses.flatMap((status) => (status.state === "retrying" ? [status.delay] : []));
    expect(delays.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    const calls = password.mock.calls.length;
    platform.wake("online");
    await settle();
    expect(password).toHaveBeenCalledTimes(calls + 1);
    expect(platform.connections).toHaveLength(0);
  });

  it("keeps the transport that worked", async () => {
    const { password, questions } = slow();
    const { platform } = await setup({ password });
    questions[0]?.give("one");
    await settle();
    platform.last.end(new Error("refused"));
    platform.last.lines("CONOK,S1,50000,5000,*");
    over(platform);
    await platform.clock.advance(500);
    questions[1]?.refuse(new Error("no token"));
    await platform.clock.advance(1_000);
    questions[2]?.give("three");
    await settle();
    expect(platform.last).toMatchObject({ kind: "post", closed: false });
    expect(given(platform)).toBe("three");
  });

  it("is given up after 30 s, asked for again, and of no use when it comes later", async () => {
    const { password, questions } = slow();
    const { platform, client } = await setup({ password });
    await platform.clock.advance(29_999);
    expect(client.status.state).toBe("connecting");
    await platform.clock.advance(1);
    expect(client.status).toMatchObject({ state: "retrying", cause: { name: "ConnectionError", message: "no password within 30 s" } });
    await platform.clock.advance(500);
    expect(password).toHaveBeenCalledTimes(2);
    questions[0]?.give("stale");
    await settle();
    expect(platform.connections).toHaveLength(0);
    questions[1]?.give("fresh");
    await settle();
    platform.last.open();
    expect(given(platform)).toBe("fresh");
  });

  it("has its 30 s once, however many attempts want it", async () => {
    const { password } = slow();
    const { platform, client } = await setup({ password });
    await platform.clock.advance(29_000);
    client.setTransport("http-streaming");
    await platform.clock.advance(1_000);
    expect(client.status).toMatchObject({ state: "retrying", cause: { message: "no password within 30 s" } });
  });
});

describe("closing while the password is fetched", () => {
  it.each<[string, (question: Question | undefined) => void]>([
    ["comes", (question) => question?.give("late")],
    ["is refused", (question) => question?.refuse(new Error("late"))],
    ["never comes", () => undefined],
  ])("ends cleanly when it %s", async (_, answer) => {
    const { password, questions } = slow();
    const { platform, client, statuses } = await setup({ password });
    const quotes = client.subscribe({ items: ["A"], fields: ["bid"] });
    const sent = client.send("x");
    client.close();
    await expect(sent).rejects.toMatchObject({ reason: "aborted" });
    expect(platform.clock.pendingTimers).toBe(0);
    expect(platform.listeners).toBe(0);
    answer(questions[0]);
    await platform.clock.advance(60_000);
    expect(statuses).toEqual([{ state: "closed", cause: undefined }]);
    expect(quotes.state).toBe("ended");
    expect(platform.connections).toHaveLength(0);
    expect(password).toHaveBeenCalledTimes(1);
  });

  it("tells the server nothing more of the session before", async () => {
    const password = vi.fn<() => string | Promise<string>>(() => new Promise<string>(() => undefined)).mockReturnValueOnce("first");
    const { platform, client } = await connected({ password });
    over(platform);
    await platform.clock.advance(500);
    expect(client.status.state).toBe("connecting");
    client.close();
    expect(platform.connections).toHaveLength(1);
    expect(platform.clock.pendingTimers).toBe(0);
  });
});
