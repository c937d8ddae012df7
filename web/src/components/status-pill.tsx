import type {ReadonlySignal} from '@preact/signals';

import type {FeedState} from '../live-feed';

const words: Record<FeedState, {label: string; meaning: string}> = {
	connecting: {label: 'Connecting', meaning: 'Connecting to the live updates'},
	'catching-up': {label: 'Catching up', meaning: 'Fetching what was asked meanwhile'},
	live: {label: 'Live', meaning: 'New questions appear as they are asked'},
	polling: {label: 'Every 15 s', meaning: 'This list is refreshed every 15 seconds'},
	offline: {label: 'Offline', meaning: 'No live updates; trying again by itself'},
};

interface StatusPillProps {
	state: ReadonlySignal<FeedState>;
	reason: ReadonlySignal<string>;
}

export function StatusPill({state, reason}: StatusPillProps) {
	const {label, meaning} = words[state.value];
	const title = reason.value ? `${meaning} (${reason.value})` : meaning;
	return (
		<p class="pill" role="status" data-testid="status" data-state={state.value} title={title}>
			<span class="pill-dot" aria-hidden="true" />
			{label}
		</p>
	);
}
