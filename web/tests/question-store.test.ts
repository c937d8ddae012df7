import {describe, expect, it} from 'vitest';

import {changed, emptyList, type Change, type QuestionList} from '../src/question-store';
import type {Question} from '../src/wire';
import {here, question} from './fakes';

function listed(questions: readonly Question[], next?: string): Change {
	return {type: 'listed', listing: {questions, next}};
}

const pushed = (asked: Question): Change => ({type: 'pushed', question: asked});
const after = (...changes: readonly Change[]): QuestionList =>
	changes.reduce(changed, emptyList(here));
const idsOf = (list: QuestionList) => list.questions.map(({id}) => id).join(' ');

describe('the list of questions', () => {
	it('keeps what was pushed when a list without it arrives', () => {
		expect(idsOf(after(pushed(question('b')), listed([question('a')])))).toBe('b a');
	});

	it('shows a question once, however often it comes', () => {
		const a = question('a');
		expect(idsOf(after(listed([a]), pushed(a), listed([a]), pushed(a)))).toBe('a');
	});

	it('ignores an older version, from a push or a list', () => {
		const newer = question('a', {version: 7, answers: 3});
		const older = question('a', {version: 6, answers: 2});
		expect(after(pushed(newer), pushed(older)).questions[0]?.answers).toBe(3);
		expect(after(pushed(newer), listed([older])).questions[0]?.answers).toBe(3);
	});

	it('takes a newer version, and remembers whose the question is', () => {
		const list = after(
			listed([question('a', {mine: true})]),
			pushed(question('a', {version: 2, answers: 1})),
		);
		expect(list.questions[0]).toMatchObject({mine: true, answers: 1});
	});

	it('learns from a list whose a pushed question is', () => {
		const list = after(pushed(question('a')), listed([question('a', {mine: true})]));
		expect(list.questions[0]).toMatchObject({mine: true, isPushed: true});
	});

	it('is the same whatever the order of arrival', () => {
		const one = pushed(question('a', {version: 1}));
		const two = pushed(question('a', {version: 2, text: 'two'}));
		expect(after(one, two).questions[0]?.text).toBe('two');
		expect(after(two, one).questions[0]?.text).toBe('two');
	});

	it('is newest first, by id where the time is the same', () => {
		const late = question('a', {created_at: '2026-11-23T11:00:00Z'});
		expect(idsOf(after(listed([question('b'), question('c'), late])))).toBe('a c b');
	});

	it('does not change when nothing new arrives', () => {
		const list = after(listed([question('a')]));
		expect(changed(list, pushed(question('a')))).toBe(list);
	});

	it('drops what is outside the radius, and keeps what is inside when one moves', () => {
		const far = question('far', {lat: here.lat + 0.05}); // 5.6 km
		const list = after(listed([question('near'), far]));
		expect(idsOf(changed(list, {type: 'moved', area: {...here, radius_m: 1_000}}))).toBe('near');
	});

	it('remembers where older ones continue, or where a hole begins', () => {
		const first = listed([question('a')], 'below a');
		expect(after(first, listed([question('b'), question('a')], 'x')).next).toBe('below a');
		expect(after(first, listed([question('c')], 'below c')).next).toBe('below c');
	});

	it('goes on where it was when a list is merged into another one', () => {
		const live = after(listed([question('b')]), pushed(question('c')));
		const list = after(listed([question('a'), question('b')], 'below a'));
		const both = changed(list, {type: 'listed', listing: live});
		expect(idsOf(both)).toBe('c b a');
		expect(both.next).toBe('below a');
		expect(both.questions.map(({isPushed}) => isPushed)).toEqual([true, false, false]);
	});

	it('holds a thousand at most, the newest', () => {
		const many = Array.from({length: 1_200}, (_, n) => question(`q${String(n).padStart(4, '0')}`));
		const list = after(listed(many));
		expect(list.questions).toHaveLength(1_000);
		expect(list.questions[0]?.id).toBe('q1199');
	});
});
