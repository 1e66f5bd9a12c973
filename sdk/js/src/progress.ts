import { ProtocolError } from "./errors.js";

/**
 * Progress counts the data notifications of a session, as the server does: updates, and what else is told of
 * subscriptions and messages. After a broken connection the server goes on after the number that it is given, or sooner;
 * then what has been received before is passed over.
 */
export class Progress {
  #received = 0;
  #surplus = 0;
  #expected = false;

  get received(): number {
    return this.#received;
  }

  /** A new session begins. */
  reset(): void {
    this.#received = this.#surplus = 0;
    this.#expected = false;
  }

  /** A broken session goes on; the server has to say first after which number. */
  expect(): void {
    this.#expected = true;
  }

  /** The server goes on after this number. */
  resume(count: number): void {
    this.#expected = false;
    this.#surplus = this.#received - count;
    if (this.#surplus < 0) throw new ProtocolError("the server goes on after what this client has not received", `PROG,${count}`);
  }

  /** Counts a notification. Returns false for one that was received before. */
  take(): boolean {
    if (this.#expected) throw new ProtocolError("the server does not say where it goes on", "");
    if (this.#surplus > 0) {
      this.#surplus--;
      return false;
    }
    this.#received++;
    return true;
  }
}
