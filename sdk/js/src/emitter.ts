/** Listeners maps the name of an event to what its listeners are given. */
type Handlers<Events> = { [Name in keyof Events]?: ReadonlyArray<(event: Events[Name]) => void> };

/** Emitter keeps the listeners of one object. A listener that throws stops no other; its error is thrown where the environment reports it. */
export class Emitter<Events extends object> {
  #handlers: Handlers<Events> = {};

  /** Adds a listener and returns what removes it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    // Lists are replaced, never changed: an emit in progress goes on with the list it began with.
    const own = (event: Events[Name]): void => listener(event);
    this.#handlers[name] = [...(this.#handlers[name] ?? []), own];
    return () => {
      this.#handlers[name] = (this.#handlers[name] ?? []).filter((other) => other !== own);
    };
  }

  /** Says whether anybody listens. */
  has(name: keyof Events): boolean {
    return (this.#handlers[name]?.length ?? 0) > 0;
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const handler of this.#handlers[name] ?? []) {
      try {
        handler(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
