import type { Update } from "halley-client";
import { make } from "./dom.js";
import { formatTime } from "./format.js";

/** Headlines kept on the page. */
const MOST = 50;

/** NewsList shows headlines, the latest on top. */
export class NewsList {
  constructor(
    private readonly root: HTMLElement,
    private readonly onSymbol: (symbol: string) => void,
  ) {
    root.addEventListener("click", (event) => {
      const symbol = (event.target as Element).closest<HTMLElement>("[data-symbol]")?.dataset["symbol"];
      if (symbol) this.onSymbol(symbol);
    });
  }

  add(updates: readonly Update[]): void {
    for (const { values, snapshot } of updates) {
      const entry = make("li", snapshot ? "" : "fresh");
      const time = make("time");
      time.textContent = formatTime(values["time"] ?? "");
      const text = make("span", "headline");
      text.textContent = values["headline"] ?? "";
      const symbol = values["symbol"] ?? "";
      const tag = make("button", "tag", { type: "button", "data-symbol": symbol });
      tag.textContent = symbol;
      entry.append(time, tag, text);
      this.root.prepend(entry);
    }
    while (this.root.children.length > MOST) this.root.lastElementChild?.remove();
  }

  clear(): void {
    this.root.replaceChildren();
  }
}
