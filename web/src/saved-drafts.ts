import type {Store} from '@earshot/client';

import type {Ask} from './ask-outbox';
import {isFields, optionalText} from './wire';

/** What has been typed and not yet confirmed: it survives a reload of the tab. */
export interface Drafts {
	readonly text: string;
	readonly asks: readonly Ask[];
}

const storageKey = 'ask-around-me.drafts';
const none: Drafts = {text: '', asks: []};

export function loadDrafts(storage: Pick<Store, 'getItem'> | undefined): Drafts {
	try {
		const saved: unknown = JSON.parse(storage?.getItem(storageKey) ?? 'null');
		if (!isFields(saved) || !Array.isArray(saved['asks'])) return none;
		return {text: optionalText(saved, 'text') ?? '', asks: saved['asks'].filter(isAsk)};
	} catch {
		return none;
	}
}

export function saveDrafts(storage: Pick<Store, 'setItem'> | undefined, drafts: Drafts): void {
	try {
		storage?.setItem(storageKey, JSON.stringify(drafts));
	} catch {
		// A full or forbidden storage costs the text only if the tab is closed as well.
	}
}

function isAsk(value: unknown): value is Ask {
	if (!isFields(value) || !isFields(value['draft'])) return false;
	const states: readonly unknown[] = ['sending', 'accepted', 'failed'];
	return (
		typeof value['key'] === 'string' &&
		typeof value['asked_at'] === 'string' &&
		typeof value['draft']['text'] === 'string' &&
		states.includes(value['state'])
	);
}
