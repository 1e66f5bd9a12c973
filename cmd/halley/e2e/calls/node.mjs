// Plays all scenarios with a client for Node, or those whose name a pattern fits.
//   node node.mjs STAGE PACKAGE [PATTERN]
import { createRequire } from "node:module";
import { scenarios } from "./all.mjs";
import { perform } from "./driver.mjs";

const [stage, name, only = ""] = process.argv.slice(2);
const ls = createRequire(import.meta.url)(name);
await perform({ scenarios, stage, ls, browser: false, only });
// The client has timers that nothing ends.
process.stdin.on("end", () => process.exit(0)).resume();
