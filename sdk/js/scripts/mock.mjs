// Serves the dashboard against the mock server, for work on the page: npm run mock [port] [options as JSON]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "halley-mock-"));
const outfile = join(folder, "mock.mjs");
await build({
  entryPoints: [join(root, "test/mock/server.ts")],
  bundle: true,
  platform: "node",
  format: "esm",
  outfile,
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
const { MockServer } = await import(pathToFileURL(outfile).href);
rmSync(folder, { recursive: true });
const server = await MockServer.start({ files: join(root, "../../cmd/halley/web/dist"), port: Number(process.argv[2] ?? 8090), ...JSON.parse(process.argv[3] ?? "{}") });
console.log(server.url);
