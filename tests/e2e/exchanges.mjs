const seen = [];

/** Remembers one request and its answer: `{method, path, asked, status, headers, body}`. */
export function record(exchange) {
	seen.push({...exchange, headers: Object.fromEntries(exchange.headers)});
}

/** All that the client of this run has seen, in its order. */
export function recorded() {
	return seen;
}
