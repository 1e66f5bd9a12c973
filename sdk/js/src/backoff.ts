/** The first retry comes within this many milliseconds. */
export const FIRST_RETRY = 1_000;
/** No retry waits longer than this many milliseconds. */
export const LONGEST_RETRY = 20_000;

/**
 * backoff returns the wait before a retry in milliseconds: anything between 0 and a limit that starts at one second and
 * doubles up to 20. The whole range is drawn from ("full jitter"), also at the top, so that many clients cut off in
 * the same instant do not come back in the same instant. `attempt` counts from 0, `random` is in [0, 1).
 */
export function backoff(attempt: number, random: number): number {
  return Math.round(random * Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(attempt, 30)));
}
