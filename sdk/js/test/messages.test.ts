import { describe, expect, it } from "vitest";
import { ProtocolError } from "../src/errors.js";
import { isUpdate, parseMessage, parseUpdateHead } from "../src/messages.js";

describe("parseMessage", () => {
  it.each([
    ["WSOK", { tag: "WSOK" }],
    ["CONOK,Sab12cd,50000,5000,*", { tag: "CONOK", sessionId: "Sab12cd", requestLimit: 50000, keepAlive: 5000, controlLink: undefined }],
    ["CONOK,S,1,0,other:90", { tag: "CONOK", sessionId: "S", requestLimit: 1, keepAlive: 0, controlLink: "other:90" }],
    ["CONERR,2,Requested Adapter Set not available", { tag: "CONERR", code: 2, text: "Requested Adapter Set not available" }],
    ["CONERR,-3,no%2C not you", { tag: "CONERR", code: -3, text: "no, not you" }],
    ["END,31,Destroy invoked by client", { tag: "END", code: 31, text: "Destroy invoked by client" }],
    ["ERROR,67,Malformed, very", { tag: "ERROR", code: 67, text: "Malformed, very" }],
    ["LOOP,100", { tag: "LOOP", delay: 100 }],
    ["REQOK,12", { tag: "REQOK", requestId: "12" }],
    ["REQOK", { tag: "REQOK", requestId: "" }],
    ["REQERR,12,24,Mode RAW%2C not allowed", { tag: "REQERR", requestId: "12", code: 24, text: "Mode RAW, not allowed" }],
    ["SUBOK,3,2,10", { tag: "SUBOK", id: 3, items: 2, fields: 10 }],
    ["SUBCMD,4,1,5,1,2", { tag: "SUBCMD", id: 4, items: 1, fields: 5, key: 1, command: 2 }],
    ["UNSUB,3", { tag: "UNSUB", id: 3 }],
    ["EOS,4,1", { tag: "EOS", id: 4, item: 1 }],
    ["CS,4,1", { tag: "CS", id: 4, item: 1 }],
    ["OV,3,2,17", { tag: "OV", id: 3, item: 2, lost: 17 }],
    ["CONS,40.5", { tag: "CONS", bandwidth: 40.5 }],
    ["CONS,unmanaged", { tag: "CONS", bandwidth: "unmanaged" }],
    ["PROG,4", { tag: "PROG", count: 4 }],
    ["MSGDONE,SEQ,3,accepted%2C id 9", { tag: "MSGDONE", sequence: "SEQ", number: 3, text: "accepted, id 9" }],
    ["MSGDONE,*,1,", { tag: "MSGDONE", sequence: "*", number: 1, text: "" }],
    ["MSGFAIL,*,4,-7,not%2C today", { tag: "MSGFAIL", sequence: "*", number: 4, code: -7, text: "not, today" }],
    ["CONF,3,2.5,filtered", { tag: "CONF", id: 3, maxFrequency: 2.5, filtered: true }],
    ["CONF,3,unlimited,unfiltered", { tag: "CONF", id: 3, maxFrequency: "unlimited", filtered: false }],
  ])("reads %s", (line, message) => expect(parseMessage(line)).toEqual(message));

  it.each(["PROBE", "SYNC,25", "NOOP,padding, padding", "SERVNAME,node 1", "CLIENTIP,::1", "FUTURE,1,2"])(
    "passes over %s",
    (line) => expect(parseMessage(line)).toBeUndefined(),
  );

  it.each(["CONOK,S1,50000,5000", "CONERR,x,y", "LOOP", "LOOP,", "SUBOK,1,2", "REQERR,1", "EOS,1", "OV,1,1,many", "CONS,fast", "PROG,x", "MSGDONE,S", "MSGFAIL,S,1,34"])("refuses %s", (line) =>
    expect(() => parseMessage(line)).toThrow(ProtocolError),
  );
});

describe("parseUpdateHead", () => {
  it("finds subscription, item and values", () => {
    const line = "U,12,3,a,b|c";
    expect(isUpdate(line)).toBe(true);
    expect(parseUpdateHead(line)).toEqual({ id: 12, item: 3, start: 7 });
  });

  it.each(["U,1", "U,1,2", "U,x,1,a", "U,1,1.5,a"])("refuses %s", (line) => expect(() => parseUpdateHead(line)).toThrow(ProtocolError));

  it("is for updates only", () => {
    expect(isUpdate("UNSUB,1")).toBe(false);
    expect(isUpdate("PROBE")).toBe(false);
  });
});
