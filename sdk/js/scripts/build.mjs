// Builds the client into dist/ and the dashboard into cmd/halley/web/dist/, and holds both to their size.
// With --check nothing is written: it fails when the dashboard's built files, which are committed, are out of date.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const CLIENT_BUDGET = 12 * 1024;
const PATCH_BUDGET = 1024;
const PAGE_BUDGET = 45 * 1024;

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const web = join(root, "../../cmd/halley/web");
const check = process.argv.includes("--check");

const banner = { js: "/*! halley-client, Apache-2.0 */" };
const gzip = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

async function buildClient(out) {
  const entry = { entryPoints: [join(root, "src/index.ts")], bundle: true, target: "es2022", banner, logLevel: "warning" };
  await build({ ...entry, format: "esm", outfile: join(out, "esm/index.js"), sourcemap: true });
  await build({ ...entry, format: "cjs", outfile: join(out, "cjs/index.js"), sourcemap: true });
  await build({ ...entry, format: "iife", globalName: "halley", minify: true, outfile: join(out, "halley-client.js") });
  await build({ ...entry, format: "esm", minify: true, outfile: join(out, "halley-client.min.mjs") });
  const patch = { ...entry, entryPoints: [join(root, "src/json-patch.ts")] };
  await build({ ...patch, format: "esm", outfile: join(out, "esm/json-patch.js"), sourcemap: true });
  await build({ ...patch, format: "cjs", outfile: join(out, "cjs/json-patch.js"), sourcemap: true });
  await build({ ...patch, format: "esm", minify: true, outfile: join(out, "json-patch.min.mjs") });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const flags = ["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--outDir", join(out, "esm")];
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), ...flags], { stdio: "inherit" });
  // The same declarations serve both kinds of module: the nearest package.json says which kind they are.
  for (const name of readdirSync(join(out, "esm"))) {
    if (name.endsWith(".d.ts")) cpSync(join(out, "esm", name), join(out, "cjs", name));
  }
  writeFileSync(join(out, "cjs/package.json"), '{ "type": "commonjs" }\n');
}

async function buildPage(out) {
  mkdirSync(out, { recursive: true });
  const source = join(web, "src");
  await build({
    entryPoints: { app: join(source, "main.ts"), style: join(source, "style.css") },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: out,
    alias: { "halley-client": join(root, "src/index.ts") },
    // The page takes any origin of its own; nothing is loaded from elsewhere.
    legalComments: "none",
    logLevel: "warning",
  });
  for (const name of ["index.html", "icon.svg"]) cpSync(join(source, name), join(out, name));
}

function files(folder) {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

function sameFiles(a, b) {
  const names = files(a);
  if (names.join() !== files(b).join()) return false;
  return names.every((name) => readFileSync(join(a, name)).equals(readFileSync(join(b, name))));
}

function budget(what, bytes, limit) {
  const kib = (n) => `${(n / 1024).toFixed(1)} KiB`;
  console.log(`${what}: ${kib(bytes)} gzip, limit ${kib(limit)}`);
  if (bytes > limit) throw new Error(`${what} is too large`);
}

const pageDist = join(web, "dist");
const temporary = mkdtempSync(join(tmpdir(), "halley-"));
try {
  const clientOut = join(root, "dist");
  rmSync(clientOut, { recursive: true, force: true });
  await buildClient(clientOut);
  budget("client", gzip(join(clientOut, "halley-client.min.mjs")), CLIENT_BUDGET);
  budget("client for script tags", gzip(join(clientOut, "halley-client.js")), CLIENT_BUDGET);
  budget("JSON patches", gzip(join(clientOut, "json-patch.min.mjs")), PATCH_BUDGET);

  const page = join(temporary, "page");
  await buildPage(page);
  budget("dashboard", files(page).reduce((sum, name) => sum + gzip(join(page, name)), 0), PAGE_BUDGET);

  if (check) {
    if (!sameFiles(page, pageDist)) throw new Error(`${relative(process.cwd(), pageDist)} is out of date: npm run build`);
  } else {
    rmSync(pageDist, { recursive: true, force: true });
    cpSync(page, pageDist, { recursive: true });
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
