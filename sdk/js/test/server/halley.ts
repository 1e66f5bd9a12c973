import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as dial, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// At this rate a view that must not lose has room for the updates of the longest wait before a retry.
const SETS =
  "{DEMO: {metadata: {type: literal, selectors: true}, data: {QUOTES: {type: demo, part: quotes, rate: 5}, DEPTH: {type: demo, part: depth, rate: 5}}}}";

/** Halley is the real server, built from this repository, with its simulated market and ports of its own. */
export class Halley {
  private constructor(
    readonly url: string,
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(): Promise<Halley> {
    const folder = mkdtempSync(join(tmpdir(), "halley-server-"));
    const program = join(folder, "halley");
    execFileSync("go", ["build", "-o", program, "./cmd/halley"], { cwd: fileURLToPath(new URL("../../../..", import.meta.url)), stdio: "inherit" });
    const started = spawn(program, ["serve", "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HALLEY_ADAPTER_SETS: SETS },
    });
    let log = "";
    const url = await new Promise<string>((resolve, reject) => {
      started.stderr.on("data", (chunk: Buffer) => {
        log += chunk.toString();
        const found = /Halley is up: (http:[^\s]+?)\/?\s/.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
      started.on("exit", (code) => reject(new Error(`the server has ended with ${code}: ${log}`)));
    });
    return new Halley(url, started, folder);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill();
    await ended;
    rmSync(this.folder, { recursive: true });
  }
}

/** Wire is a stretch of network in front of a server, that can be cut. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes from the server that still come through. */
  #left = Infinity;

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      const far = dial(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("close", () => this.#sockets.delete(socket));
        // What is cut has errors, and they are nobody's.
        socket.on("error", () => undefined);
      }
      near.pipe(far);
      far.on("data", (chunk: Buffer) => {
        near.write(chunk.subarray(0, this.#left));
        this.#left -= chunk.length;
        if (this.#left <= 0) this.cut();
      });
      far.on("end", () => near.end());
      near.on("close", () => far.destroy());
    });
  }

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(new URL(url));
    await new Promise<void>((resolve) => wire.#server.listen(0, "127.0.0.1", resolve));
    return wire;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts all connections after so many bytes more from the server. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  private cut(): void {
    this.#left = Infinity;
    // What was written before still goes out; the other side is gone at once.
    for (const socket of this.#sockets) socket.destroySoon();
  }
}
