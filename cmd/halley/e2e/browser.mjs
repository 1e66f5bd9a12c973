// A headless browser, driven by lines of JSON.
//   node browser.mjs EXECUTABLE PROFILE_FOLDER
// Commands have an id, and each is answered by {id, value} or {id, error}. What a
// page complains about becomes {fault}.
import { chromium } from "playwright-core";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const [executablePath, profile] = process.argv.slice(2);
const flags = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  chromiumSandbox: false,
  args: flags.split(" "),
  viewport: { width: 1440, height: 900 },
});
const page = context.pages()[0] ?? (await context.newPage());

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
page.on("pageerror", (error) => tell({ fault: String(error) }));
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) tell({ fault: `${message.type()}: ${message.text()} ${message.location().url}` });
});

const commands = {
  open: ({ url }) => page.goto(url).then((response) => response.status()),
  evaluate: ({ expression }) => page.evaluate(expression),
  wait,
  click: ({ selector }) => page.click(selector),
  picture: async ({ path, width, height }) => {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path });
  },
};

/** The page's policy allows no eval, which is what the driver's own waiting is made of. */
async function wait({ expression, timeout }) {
  for (const end = performance.now() + timeout; performance.now() < end; await sleep(20)) {
    if (await page.evaluate(expression)) return true;
  }
  throw new Error(`waited in vain for ${expression}`);
}

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const { id, do: name, ...parameters } = JSON.parse(line);
    try {
      tell({ id, value: (await commands[name](parameters)) ?? null });
    } catch (error) {
      tell({ id, error: String(error) });
    }
  })
  .on("close", () => context.close().then(() => process.exit(0)));
