/** Fields are the values of one item, or of one row of a table. */
export type Fields = Readonly<Record<string, string | null>>;

/** Tick is a change that the market tells: the complete row after it. */
export interface Tick {
  readonly adapter: "QUOTES" | "DEPTH" | "NEWS";
  readonly item: string;
  readonly row: Fields;
}

/** The instruments of the demonstration, so that the page shows the same against this market and against the server's. */
const INSTRUMENTS: readonly (readonly [symbol: string, name: string, price: number, decimals: number])[] = [
  ["AAPL", "Apple", 228.52, 2],
  ["MSFT", "Microsoft", 431.18, 2],
  ["IBM", "IBM", 226.4, 2],
  ["AIG", "American International Group", 76.35, 2],
  ["BAC", "Bank of America", 44.81, 2],
  ["SPY", "SPDR S&P 500 ETF", 585.34, 2],
  ["QQQ", "Invesco QQQ", 502.72, 2],
  ["NVDA", "NVIDIA", 134.8, 2],
  ["AMZN", "Amazon", 187.44, 2],
  ["GOOGL", "Alphabet", 165.42, 2],
  ["META", "Meta Platforms", 576.9, 2],
  ["TSLA", "Tesla", 219.63, 2],
  ["JPM", "JPMorgan Chase", 222.14, 2],
  ["XOM", "Exxon Mobil", 120.47, 2],
  ["KO", "Coca-Cola", 69.96, 2],
  ["DIS", "Walt Disney", 96.51, 2],
  ["INTC", "Intel", 22.68, 2],
  ["BA", "Boeing", 155.35, 2],
  ["EURUSD", "Euro / US Dollar", 1.08352, 5],
  ["GBPUSD", "British Pound / US Dollar", 1.30471, 5],
  ["USDJPY", "US Dollar / Japanese Yen", 149.524, 3],
  ["USDCHF", "US Dollar / Swiss Franc", 0.86511, 5],
  ["AUDUSD", "Australian Dollar / US Dollar", 0.67038, 5],
  ["EURGBP", "Euro / British Pound", 0.83046, 5],
  ["XAUUSD", "Gold", 2650.35, 2],
  ["XAGUSD", "Silver", 31.745, 3],
  ["US500", "US 500 Index", 5850.2, 1],
  ["GER40", "Germany 40 Index", 19432.5, 1],
  ["UK100", "UK 100 Index", 8284.6, 1],
  ["JP225", "Japan 225 Index", 38981, 0],
];

const HEADLINES: readonly string[] = [
  "volume above its thirty-day average",
  "trades at its best level of the session",
  "trades at its lowest level of the session",
  "bid and offer narrow in quiet trading",
  "turnover picks up towards the half hour",
  "little changed as buyers and sellers balance",
];

const LEVELS = 10;

/** Market is a simulated one: the same seed gives the same prices. */
export class Market {
  readonly symbols: readonly string[] = INSTRUMENTS.map(([symbol]) => symbol);
  readonly news: Fields[] = [];
  readonly #quotes = new Map<string, Quote>();
  readonly #books = new Map<string, Map<string, Fields>>();
  #random: () => number;

  constructor(seed = 7) {
    this.#random = mulberry(seed);
    for (const [symbol, name, price, decimals] of INSTRUMENTS) {
      this.#quotes.set(symbol, new Quote(symbol, name, price, decimals, this.#random));
      this.#books.set(symbol, new Map());
      this.#levels(symbol);
    }
    for (let i = 0; i < 6; i++) this.#headline();
  }

  quote(symbol: string): Fields | undefined {
    return this.#quotes.get(symbol)?.row;
  }

  book(symbol: string): ReadonlyMap<string, Fields> | undefined {
    return this.#books.get(symbol);
  }

  /** Goes on by one step and returns what has changed. */
  step(): Tick[] {
    const ticks: Tick[] = [];
    for (let i = 0; i < 4; i++) {
      // Some instruments move more than others.
      const at = Math.floor(this.#random() ** 1.6 * this.symbols.length);
      const symbol = this.symbols[(at * 7) % this.symbols.length] ?? "";
      this.#quotes.get(symbol)?.move();
      ticks.push({ adapter: "QUOTES", item: symbol, row: this.quote(symbol) ?? {} });
      for (const row of this.#levels(symbol)) ticks.push({ adapter: "DEPTH", item: symbol, row });
    }
    if (this.#random() < 0.004) ticks.push({ adapter: "NEWS", item: "NEWS", row: this.#headline() });
    return ticks;
  }

  /** Draws the book around the present price and returns the rows that have changed. */
  #levels(symbol: string): Fields[] {
    const quote = this.#quotes.get(symbol);
    const book = this.#books.get(symbol);
    if (!quote || !book) return [];
    const wanted = new Map<string, [side: string, price: number]>();
    for (let level = 0; level < LEVELS; level++) {
      for (const [side, start, sign] of [["bid", quote.bid, -1], ["ask", quote.ask, 1]] as const) {
        const price = start + sign * level * quote.tick;
        wanted.set(`${side === "bid" ? "B" : "A"}${price.toFixed(quote.decimals)}`, [side, price]);
      }
    }
    const changed: Fields[] = [];
    for (const key of [...book.keys()]) {
      if (wanted.has(key)) continue;
      book.delete(key);
      changed.push({ key, command: "DELETE", side: null, price: null, size: null });
    }
    for (const [key, [side, price]] of wanted) {
      const before = book.get(key);
      if (before && this.#random() < 0.8) continue;
      const size = `${100 * (1 + Math.floor(this.#random() ** 2 * 60))}`;
      const row = { key, command: before ? "UPDATE" : "ADD", side, price: price.toFixed(quote.decimals), size };
      book.set(key, { ...row, command: "ADD" });
      changed.push(row);
    }
    return changed;
  }

  #headline(): Fields {
    const [symbol, name] = INSTRUMENTS[Math.floor(this.#random() * INSTRUMENTS.length)] ?? ["", ""];
    const text = HEADLINES[Math.floor(this.#random() * HEADLINES.length)];
    const row = { time: clock(), headline: `${name}: ${text}`, symbol };
    this.news.push(row);
    if (this.news.length > 30) this.news.shift();
    return row;
  }
}

class Quote {
  readonly tick: number;
  readonly #open: number;
  #last: number;
  #high: number;
  #low: number;
  #volume: number;
  #time = clock();
  #spread: number;
  readonly #random: () => number;

  constructor(
    readonly symbol: string,
    readonly name: string,
    price: number,
    readonly decimals: number,
    random: () => number,
  ) {
    this.#random = random;
    this.tick = 10 ** -decimals;
    this.#open = this.#last = price * (1 + (random() - 0.5) * 0.02);
    this.#high = this.#low = this.#last;
    this.#spread = 1;
    this.#volume = Math.floor(random() * 4e6);
    for (let i = 0; i < 300; i++) this.move();
  }

  get bid(): number {
    return this.#last - this.#spread * this.tick;
  }

  get ask(): number {
    return this.#last + this.#spread * this.tick;
  }

  move(): void {
    const step = Math.max(this.tick, this.#last * 0.00025);
    const drift = (this.#open - this.#last) * 0.0005;
    this.#last = Math.round((this.#last + drift + (this.#random() - 0.5) * 2 * step) / this.tick) * this.tick;
    this.#high = Math.max(this.#high, this.#last);
    this.#low = Math.min(this.#low, this.#last);
    this.#spread = 1 + Math.floor(this.#random() * 2);
    this.#volume += 100 * Math.ceil(this.#random() * 8);
    this.#time = clock();
  }

  get row(): Fields {
    const price = (value: number): string => value.toFixed(this.decimals);
    const size = (): string => `${100 * Math.ceil(this.#random() * 40)}`;
    const change = this.#last - this.#open;
    return {
      symbol: this.symbol,
      name: this.name,
      last: price(this.#last),
      bid: price(this.bid),
      bid_size: size(),
      ask: price(this.ask),
      ask_size: size(),
      open: price(this.#open),
      high: price(this.#high),
      low: price(this.#low),
      volume: `${this.#volume}`,
      change: price(change),
      change_pct: ((change / this.#open) * 100).toFixed(2),
      time: this.#time,
    };
  }
}

function clock(): string {
  return new Date().toISOString();
}

function mulberry(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
