import type { TransportName } from "./platform.js";
import type { Effect, Env, State, Timer } from "./state.js";

/** Turn is the working copy of one step: the state so far, and what is to be done. */
export class Turn {
  readonly effects: Effect[] = [];

  constructor(
    public state: State,
    readonly env: Env,
  ) {}

  set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
  }

  perform(effect: Effect): void {
    this.effects.push(effect);
  }

  arm(timer: Timer, delay: number): void {
    this.perform({ type: "arm", timer, delay });
  }

  disarm(...timers: readonly Timer[]): void {
    for (const timer of timers) this.perform({ type: "disarm", timer });
  }
}

/** bestTransport is what this environment can do best. */
export function bestTransport(turn: Turn): TransportName {
  return turn.state.settings.available[0] ?? "http-streaming";
}
