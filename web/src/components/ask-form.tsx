import {useSignal} from '@preact/signals';
import {useRef} from 'preact/hooks';

import type {Page} from '../page';
import {isAskable, lengthOf, textMax} from '../question-text';
import type {Kind} from '../wire';
import {PinIcon, StarIcon} from './icons';

const kinds: ReadonlyArray<{kind: Kind; label: string; hint: string}> = [
	{kind: 'stars', label: 'Stars', hint: 'People answer with stars.'},
	{kind: 'places', label: 'Places', hint: 'People answer with a place on the map.'},
];

type AskFormPage = Pick<Page, 'text' | 'kind' | 'ask'>;

export function AskForm({page}: {page: AskFormPage}) {
	const field = useRef<HTMLTextAreaElement>(null);
	const trouble = useSignal('');
	const length = lengthOf(page.text.value);

	function submit(event: Event): void {
		event.preventDefault();
		if (isAskable(page.text.value)) {
			trouble.value = '';
			page.ask();
		} else {
			trouble.value =
				length === 0 ? 'Write your question first.' : `${length - textMax} characters too long.`;
		}
		field.current?.focus();
	}

	function submitByKey(event: KeyboardEvent): void {
		if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
	}

	return (
		<form class="panel ask" onSubmit={submit} noValidate>
			<label class="ask-label" for="ask-text">
				Ask the people around here
			</label>
			<textarea
				id="ask-text"
				ref={field}
				data-testid="ask-text"
				rows={2}
				dir="auto"
				placeholder="Where is good coffee?"
				value={page.text.value}
				aria-describedby="ask-count ask-trouble"
				aria-invalid={trouble.value !== ''}
				onKeyDown={submitByKey}
				onInput={(event) => {
					page.text.value = event.currentTarget.value;
					trouble.value = '';
				}}
			/>
			<p id="ask-trouble" class="trouble" role="alert">
				{trouble.value}
			</p>
			<KindChoice page={page} />
			<div class="ask-row">
				<p
					id="ask-count"
					class="count"
					data-testid="ask-count"
					data-state={length > textMax ? 'over' : 'fine'}
				>
					{length}/{textMax}
					<span class="unseen"> characters</span>
				</p>
				<button type="submit" class="button button-main" data-testid="ask-submit">
					Ask
				</button>
			</div>
		</form>
	);
}

function KindChoice({page}: {page: AskFormPage}) {
	return (
		<fieldset class="kinds">
			<legend class="unseen">How shall people answer?</legend>
			<div class="kinds-row">
				{kinds.map(({kind, label}) => (
					<label key={kind} class="kind-choice">
						<input
							type="radio"
							name="kind"
							value={kind}
							data-testid={`kind-${kind}`}
							checked={page.kind.value === kind}
							onChange={() => (page.kind.value = kind)}
						/>
						{kind === 'stars' ? <StarIcon /> : <PinIcon />} {label}
					</label>
				))}
			</div>
			<p class="hint">{kinds.find(({kind}) => kind === page.kind.value)?.hint}</p>
		</fieldset>
	);
}
