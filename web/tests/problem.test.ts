import {EarshotProblem} from '@earshot/client';
import {describe, expect, it} from 'vitest';

import {problemOf} from '../src/problem';

describe('a problem', () => {
	it('is told by its title, detail and fields, each once', () => {
		const errors = [{pointer: '/text', detail: 'is empty'}, {detail: 'See errors.'}, 'junk'];
		const problem = problemOf(
			new EarshotProblem(400, {title: 'Invalid', detail: 'See errors.', errors}),
		);
		expect(problem).toEqual({title: 'Invalid', detail: 'See errors. is empty', canRetry: false});
	});

	it.each([
		[429, 'Too many requests'],
		[502, 'The server is busy'],
		[418, 'The server refused (418)'],
	])('has a title for %i without a problem body', (status, title) => {
		expect(problemOf(new EarshotProblem(status, {}))).toMatchObject({title, detail: ''});
	});

	it('says when to try again', () => {
		const problem = problemOf(new EarshotProblem(503, {title: 'Busy'}, 4_200));
		expect(problem).toEqual({title: 'Busy', detail: 'Try again in 5 s.', canRetry: true});
	});

	it('keeps to itself what the browser says of a server that cannot be reached', () => {
		const unreachable = {title: 'The server cannot be reached', detail: 'TypeError: Failed to fetch'};
		const problem = problemOf(new EarshotProblem(0, unreachable));
		expect(problem).toEqual({title: 'The server cannot be reached', detail: '', canRetry: true});
	});
});
