// A scenario has a name, the transports that it is played over (none: it chooses
// itself), what it does with a Test (driver.mjs), and optionally the setting of its
// world (world_test.go) and where it makes sense only: in a browser, or in Node.
// One that is known to fail says why.
import { connections } from "./connections.mjs";
import { failures } from "./failures.mjs";
import { messages } from "./messages.mjs";
import { options } from "./options.mjs";
import { origins } from "./origins.mjs";
import { subscriptions } from "./subscriptions.mjs";
import { updates } from "./updates.mjs";

export const scenarios = [...connections, ...subscriptions, ...updates, ...messages, ...options, ...failures, ...origins];
