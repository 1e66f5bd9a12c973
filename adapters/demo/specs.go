package demo

// kind is what sort of thing an instrument is.
type kind uint8

const (
	share kind = iota
	currency
	metal
	index
)

// spec is what does not change about an instrument. Prices are whole numbers of
// 10^-decimals.
type spec struct {
	symbol, name string
	kind         kind
	decimals     int
	price        int64 // yesterday's close
	gap          int64 // the least difference of two prices
	spread       int64 // the usual difference of bid and ask, in gaps
	restless     int64 // how far a quote moves, in gaps
	lot          int64 // sizes are multiples of it
	rate         int64 // ticks in ten seconds
}

var specs = []spec{
	{"AAPL", "Apple", share, 2, 22852, 1, 1, 2, 100, 48},
	{"MSFT", "Microsoft", share, 2, 43118, 1, 2, 3, 100, 44},
	{"IBM", "IBM", share, 2, 22640, 1, 2, 2, 100, 32},
	{"AIG", "American International Group", share, 2, 7635, 1, 1, 1, 100, 26},
	{"BAC", "Bank of America", share, 2, 4481, 1, 1, 1, 100, 36},
	{"SPY", "SPDR S&P 500 ETF", share, 2, 58534, 1, 1, 3, 100, 50},
	{"QQQ", "Invesco QQQ", share, 2, 50272, 1, 1, 3, 100, 46},
	{"NVDA", "NVIDIA", share, 2, 13480, 1, 1, 2, 100, 50},
	{"AMZN", "Amazon", share, 2, 18744, 1, 1, 2, 100, 42},
	{"GOOGL", "Alphabet", share, 2, 16542, 1, 1, 2, 100, 40},
	{"META", "Meta Platforms", share, 2, 57690, 1, 3, 4, 100, 38},
	{"TSLA", "Tesla", share, 2, 21963, 1, 2, 3, 100, 48},
	{"JPM", "JPMorgan Chase", share, 2, 22214, 1, 2, 2, 100, 30},
	{"XOM", "Exxon Mobil", share, 2, 12047, 1, 1, 1, 100, 28},
	{"KO", "Coca-Cola", share, 2, 6996, 1, 1, 1, 100, 22},
	{"DIS", "Walt Disney", share, 2, 9651, 1, 1, 1, 100, 24},
	{"INTC", "Intel", share, 2, 2268, 1, 1, 1, 100, 30},
	{"BA", "Boeing", share, 2, 15535, 1, 2, 2, 100, 26},
	{"EURUSD", "Euro / US Dollar", currency, 5, 108352, 1, 4, 3, 100_000, 40},
	{"GBPUSD", "British Pound / US Dollar", currency, 5, 130471, 1, 6, 4, 100_000, 36},
	{"USDJPY", "US Dollar / Japanese Yen", currency, 3, 149524, 1, 5, 4, 100_000, 38},
	{"USDCHF", "US Dollar / Swiss Franc", currency, 5, 86511, 1, 7, 3, 100_000, 26},
	{"AUDUSD", "Australian Dollar / US Dollar", currency, 5, 67038, 1, 5, 3, 100_000, 28},
	{"EURGBP", "Euro / British Pound", currency, 5, 83046, 1, 6, 2, 100_000, 24},
	{"XAUUSD", "Gold", metal, 2, 265035, 5, 6, 2, 10, 36},
	{"XAGUSD", "Silver", metal, 3, 31745, 5, 4, 1, 500, 26},
	{"US500", "US 500 Index", index, 1, 58502, 1, 4, 2, 1, 34},
	{"GER40", "Germany 40 Index", index, 1, 194325, 5, 2, 2, 1, 28},
	{"UK100", "UK 100 Index", index, 1, 82846, 5, 2, 1, 1, 24},
	{"JP225", "Japan 225 Index", index, 0, 38981, 5, 2, 1, 1, 26},
}
