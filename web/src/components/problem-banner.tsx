import type {ReadonlySignal} from '@preact/signals';

import {ApiError} from '../api';

/** What keeps the list from being complete, until it is complete again. */
export function ProblemBanner({problem, onRetry}: {
	problem: ReadonlySignal<Error | undefined>;
	onRetry: () => void;
}) {
	const error = problem.value;
	if (!error) return null;
	const title = error instanceof ApiError ? error.title : error.message;
	const detail = error instanceof ApiError ? error.detail : '';
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
