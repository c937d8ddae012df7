import {isFields} from './feed/event.ts';
import {callOnce, EarshotProblem} from './http.ts';
import type {Store} from './ports.ts';
import {expiryOf_ms, renewBefore_ms, type GetToken} from './token-source.ts';

const storeKey = 'earshot.guest';

/**
 * Tokens of a guest: the same guest as long as the server renews it, also after a reload when
 * there is a `store` (`localStorage`, say).
 */
export function guestToken(url: string, store?: Store, fetcher: typeof fetch = fetch): GetToken {
	const guests = `${url.replace(/\/$/, '')}/v1/guests`;
	const call = async (token?: string): Promise<string> => {
		const {body} = await callOnce(fetcher, guests, {method: 'POST', token});
		if (isFields(body) && typeof body['token'] === 'string') return body['token'];
		throw new EarshotProblem(0, {title: 'The server made no guest'});
	};
	return async (ending) => {
		const kept = ending === undefined ? store?.getItem(storeKey) : undefined;
		if (kept && isGood(kept)) return kept;
		const old = ending ?? kept ?? undefined;
		const token = await call(old).catch((error: unknown) => {
			const isRefused = error instanceof EarshotProblem && [401, 403].includes(error.status);
			if (old === undefined || !isRefused) throw error;
			return call();
		});
		try {
			store?.setItem(storeKey, token);
		} catch {
			// Without storage a reload makes a new guest, nothing worse.
		}
		return token;
	};
}

/** By its own word, so one that tells no end is asked about. */
function isGood(token: string): boolean {
	const end_ms = expiryOf_ms(token);
	return end_ms !== Infinity && end_ms - renewBefore_ms > Date.now();
}
