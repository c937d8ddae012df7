import {ApiError} from './api';
import type {Guest} from './wire';

/** Fetches a guest: the same one again when `token` is valid or lately expired. */
export type GuestSource = (token: string | undefined) => Promise<Guest>;

const storageKey = 'ask-around-me.guest';
const renewBefore_ms = 60_000;

/**
 * Who the person is: one guest per tab, kept across reloads and renewed before the token ends.
 *
 * Calls that need a token at the same time share one request for it.
 */
export class Session {
	#guest: Guest | undefined;
	#renewAt_ms = 0;
	#pending: Promise<string> | undefined;

	constructor(
		private readonly fetchGuest: GuestSource,
		private readonly storage: Pick<Storage, 'getItem' | 'setItem'> | undefined,
	) {
		this.#guest = this.#load();
		this.#renewAt_ms = this.#guest ? Date.parse(this.#guest.expires_at) - renewBefore_ms : 0;
	}

	async token(): Promise<string> {
		if (this.#guest && Date.now() < this.#renewAt_ms) return this.#guest.token;
		return this.#renew();
	}

	/** Replaces a token that the server refused, unless that has happened meanwhile. */
	async replace(refused: string): Promise<string> {
		if (this.#guest && this.#guest.token !== refused) return this.token();
		return this.#renew();
	}

	#renew(): Promise<string> {
		this.#pending ??= this.#fetch().finally(() => {
			this.#pending = undefined;
		});
		return this.#pending;
	}

	async #fetch(): Promise<string> {
		const guest = await this.#fetchSameOrNew();
		this.#guest = guest;
		// A wrong clock here must not make every call a renewal.
		const expires_ms = Date.parse(guest.expires_at) || 0;
		this.#renewAt_ms = Math.max(expires_ms - renewBefore_ms, Date.now() + renewBefore_ms);
		try {
			this.storage?.setItem(storageKey, JSON.stringify(guest));
		} catch {
			// Without storage a reload makes a new guest, nothing worse.
		}
		return guest.token;
	}

	async #fetchSameOrNew(): Promise<Guest> {
		const old = this.#guest?.token;
		try {
			return await this.fetchGuest(old);
		} catch (error) {
			const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403);
			if (old === undefined || !isRefused) throw error;
			return this.fetchGuest(undefined);
		}
	}

	#load(): Guest | undefined {
		try {
			const stored: unknown = JSON.parse(this.storage?.getItem(storageKey) ?? 'null');
			const guest = stored as Guest | null;
			return typeof guest?.token === 'string' && typeof guest.expires_at === 'string'
				? guest
				: undefined;
		} catch {
			return undefined;
		}
	}
}
