import {EarshotProblem, JobFailed} from '@earshot/client';

import {isFields, optionalText} from './wire';

/** What went wrong, in words for people. */
export interface Problem {
	readonly title: string;
	readonly detail: string;
	/** False when the same words would be refused again. */
	readonly canRetry: boolean;
}

export function problemOf(error: unknown): Problem {
	if (error instanceof EarshotProblem) return problemOfAnswer(error);
	if (error instanceof JobFailed) {
		const problem = error.job.problem ?? {};
		const title = optionalText(problem, 'title') ?? 'The question was not taken';
		return {title, detail: optionalText(problem, 'detail') ?? '', canRetry: true};
	}
	return {title: 'Something went wrong', detail: String(error), canRetry: true};
}

function problemOfAnswer({status, problem, retryAfter_ms, isPassing}: EarshotProblem): Problem {
	const errors = Array.isArray(problem['errors']) ? problem['errors'].filter(isFields) : [];
	// Where there was no answer the detail is the browser's, and nothing for people.
	const details = status === 0 ? [] : [problem, ...errors].map((each) => optionalText(each, 'detail'));
	const wait_s = Math.ceil((retryAfter_ms ?? 0) / 1_000);
	if (wait_s > 0) details.push(`Try again in ${wait_s} s.`);
	return {
		title: optionalText(problem, 'title') ?? titleOf(status),
		detail: [...new Set(details)].filter(Boolean).join(' '),
		canRetry: isPassing || status === 401,
	};
}

function titleOf(status: number): string {
	if (status === 429) return 'Too many requests';
	return status >= 500 ? 'The server is busy' : `The server refused (${status})`;
}
