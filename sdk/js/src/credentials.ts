import { asHalleyError, ConnectionError, type HalleyError } from "./errors.js";
import type { ConnectOptions } from "./options.js";
import type { Cancel, Clock } from "./platform.js";
import { encodeParams } from "./requests.js";

/** A password that is not there after this time is taken for one that cannot be had. Milliseconds. */
const PATIENCE = 30_000;

/**
 * askCredentials asks the application for the password of a new session, and reports once: the parameters that say who
 * the user is, or why there are none. Whoever cancels it hears nothing.
 */
export function askCredentials(options: ConnectOptions, clock: Clock, report: (outcome: string | HalleyError) => void): Cancel {
  let over = false;
  const cancel = (): void => {
    over = true;
    stop();
  };
  const end = (outcome: string | HalleyError): void => {
    if (over) return;
    cancel();
    report(outcome);
  };
  const stop = clock.after(PATIENCE, () => end(new ConnectionError(`no password within ${PATIENCE / 1000} s`)));
  credentials(options).then(end, (cause: unknown) => end(asHalleyError(cause)));
  return cancel;
}

async function credentials({ user, password }: ConnectOptions): Promise<string> {
  // Awaiting costs a turn even for what is there at once, and lets the first subscriptions go along with the session.
  const word = await (typeof password === "function" ? password() : password);
  const params = encodeParams({ LS_user: user, LS_password: word });
  return params && `&${params}`;
}
