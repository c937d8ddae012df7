import type {ReadonlySignal} from '@preact/signals';

import type {FeedState} from '../live-feed';

const words: Record<FeedState, {label: string; meaning: string}> = {
	connecting: {label: 'Connecting', meaning: 'Connecting to the live updates'},
	'catching-up': {label: 'Catching up', meaning: 'Fetching what was asked meanwhile'},
	live: {label: 'Live', meaning: 'New questions appear as they are asked'},
	polling: {label: 'Every 15 s', meaning: 'This list is refreshed every 15 seconds'},
	offline: {label: 'Offline', meaning: 'No live updates; trying again by itself'},
};

export function StatusPill({state}: {state: ReadonlySignal<FeedState>}) {
	const {label, meaning} = words[state.value];
	return (
		<p class="pill" role="status" data-testid="status" data-state={state.value} title={meaning}>
			<span class="pill-dot" aria-hidden="true" />
			{label}
		</p>
	);
}
