import type {ReadonlySignal} from '@preact/signals';

import type {Problem} from '../problem';

/** What keeps the list from being complete, until it is complete again. */
export function ProblemBanner({problem, onRetry}: {
	problem: ReadonlySignal<Problem | undefined>;
	onRetry: () => void;
}) {
	if (!problem.value) return null;
	const {title, detail} = problem.value;
	return (
		<div class="banner" role="alert" data-testid="problem">
			<p>
				<strong>{title}</strong> {detail}
			</p>
			<button type="button" class="button" onClick={onRetry}>
				Try again
			</button>
		</div>
	);
}
