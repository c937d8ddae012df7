import type {FeedStatus} from '@earshot/client';
import type {ReadonlySignal} from '@preact/signals';

const words: Record<FeedStatus, {label: string; meaning: string}> = {
	connecting: {label: 'Connecting', meaning: 'Connecting to the live updates'},
	'catching-up': {label: 'Catching up', meaning: 'Fetching what was asked meanwhile'},
	live: {label: 'Live', meaning: 'New questions appear as they are asked'},
	polling: {label: 'Checking', meaning: 'Nothing can be pushed here, so new questions are looked for'},
	offline: {label: 'Offline', meaning: 'No live updates; trying again by itself'},
};

export function StatusPill({state}: {state: ReadonlySignal<FeedStatus>}) {
	const {label, meaning} = words[state.value];
	return (
		<p class="pill" role="status" data-testid="status" data-state={state.value} title={meaning}>
			<span class="pill-dot" aria-hidden="true" />
			{label}
		</p>
	);
}
