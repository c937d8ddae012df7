// @vitest-environment happy-dom
import {signal} from '@preact/signals';
import {render} from 'preact';
import {act} from 'preact/test-utils';
import {afterEach, describe, expect, it, vi} from 'vitest';

import type {Card} from '../src/card';
import {AskForm} from '../src/components/ask-form';
import {QuestionCard, type CardActions} from '../src/components/question-card';
import {lengthOf} from '../src/question-text';
import type {Kind} from '../src/wire';

const card: Card = {
	key: 'k1',
	id: 'q1',
	state: 'listed',
	text: '<img src=x onerror=alert(1)> & "quotes"',
	kind: 'stars',
	at: '2026-11-23T10:00:00Z',
	distance_m: 340,
	author: 'Quiet Heron',
	answers: 0,
	stars_mean: undefined,
	problem: undefined,
};

const root = document.createElement('div');
document.body.append(root);
afterEach(() => render(null, root));

function find<T extends Element>(testId: string): T {
	const found = root.querySelector<T>(`[data-testid=${testId}]`);
	if (!found) throw new Error(`no ${testId}`);
	return found;
}

function show(shown: Card, actions: Partial<CardActions> = {}): void {
	const all = {onRetry: vi.fn(), onEdit: vi.fn(), onDiscard: vi.fn(), canEdit: true, ...actions};
	act(() => render(<QuestionCard card={shown} now_ms={signal(0)} actions={all} />, root));
}

describe('a question', () => {
	it('is shown as text, whatever it contains', () => {
		show(card);
		expect(root.querySelector('img')).toBeNull();
		expect(root.querySelector('.card-text')?.textContent).toBe(card.text);
		expect(find('question').getAttribute('data-id')).toBe('q1');
	});

	it('that failed offers what helps, and nothing that would overwrite the form', () => {
		const onRetry = vi.fn();
		const problem = {title: 'Busy', detail: '', canRetry: true};
		show({...card, state: 'failed', problem}, {onRetry, canEdit: false});
		const buttons = [...root.querySelectorAll('button')];
		expect(buttons.map(({textContent}) => textContent)).toEqual(['Retry', 'Edit', 'Discard']);
		expect(buttons[1]?.disabled).toBe(true);
		buttons[0]?.click();
		expect(onRetry).toHaveBeenCalledWith('k1');
	});

	it('that does not get through says so, and offers nothing that it does by itself', () => {
		const problem = {title: 'The server cannot be reached', detail: '', canRetry: true};
		show({...card, state: 'sending', problem});
		expect(find('question').textContent).toContain('Still sending: The server cannot be reached.');
		expect(root.querySelector('button')).toBeNull();
	});

	it('keeps its element when it is confirmed', () => {
		show({...card, state: 'accepted', id: undefined});
		const before = find('question');
		show({...card, state: 'confirmed'});
		expect(find('question')).toBe(before);
	});
});

describe('the ask form', () => {
	function open(text: string) {
		const page = {text: signal(text), kind: signal<Kind>('stars'), ask: vi.fn()};
		act(() => render(<AskForm page={page} />, root));
		return page;
	}

	it.each([
		['', 0],
		['  trimmed  ', 7],
		['👩‍👩‍👧 é', 7],
		['😀'.repeat(280), 280],
	])('counts code points of %j', (text, count) => expect(lengthOf(text)).toBe(count));

	it('counts while one types', () => {
		const page = open('');
		act(() => {
			page.text.value = '😀😀';
		});
		expect(find('ask-count').textContent).toContain('2/280');
	});

	it.each(['', '   ', 'x'.repeat(281)])('refuses %j and says why', (text) => {
		const page = open(text);
		act(() => find<HTMLButtonElement>('ask-submit').click());
		expect(page.ask).not.toHaveBeenCalled();
		expect(root.querySelector('#ask-trouble')?.textContent).not.toBe('');
		expect(page.text.value).toBe(text);
	});

	it('asks with the button', () => {
		const page = open('Where is good coffee?');
		act(() => find<HTMLButtonElement>('ask-submit').click());
		expect(page.ask).toHaveBeenCalledOnce();
	});
});
