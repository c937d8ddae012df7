import type {ReadonlySignal} from '@preact/signals';

import type {Card} from '../card';
import {ago, away} from '../wording';
import {PinIcon, StarIcon} from './icons';

export interface CardActions {
	readonly onRetry: (key: string) => void;
	readonly onEdit: (key: string) => void;
	readonly onDiscard: (key: string) => void;
	/** False while the form holds another text, which editing would overwrite. */
	readonly canEdit: boolean;
}

interface QuestionCardProps {
	card: Card;
	now_ms: ReadonlySignal<number>;
	actions: CardActions;
}

/**
 * A question, or one on its way: the same element, so that confirming moves nothing on the screen.
 */
export function QuestionCard({card, now_ms, actions}: QuestionCardProps) {
	const isSettled = !['sending', 'accepted', 'failed'].includes(card.state);
	return (
		<article class="card" data-testid="question" data-id={card.id} data-state={card.state}>
			<p class="card-kind">
				{card.kind === 'stars' ? <StarIcon /> : <PinIcon />}
				<span class="unseen">{card.kind === 'stars' ? 'Stars' : 'Places'}</span>
			</p>
			<div class="card-body">
				<p class="card-text" dir="auto">
					{card.text}
				</p>
				<p class="card-meta">
					<span class="card-author">{card.author}</span>
					<When at={card.at} now_ms={now_ms} />
					<span>{away(card.distance_m)}</span>
					{isSettled && <span class="card-answers">{answersOf(card)}</span>}
				</p>
				{!isSettled && <Progress card={card} actions={actions} />}
			</div>
		</article>
	);
}

function When({at, now_ms}: {at: string; now_ms: ReadonlySignal<number>}) {
	const at_ms = Date.parse(at);
	const title = Number.isNaN(at_ms) ? at : new Date(at_ms).toLocaleString();
	return (
		<time dateTime={at} title={title}>
			{ago(at_ms, now_ms.value)}
		</time>
	);
}

function Progress({card, actions}: Pick<QuestionCardProps, 'card' | 'actions'>) {
	if (card.state !== 'failed') {
		return (
			<p class="progress" role="status">
				<span class="spinner" aria-hidden="true" />
				{card.state === 'sending' ? sendingOf(card) : 'Accepted, spreading the word…'}
			</p>
		);
	}
	const {key, problem} = card;
	return (
		<div class="failure" role="alert">
			<p>
				<strong>{problem?.title ?? 'Not sent'}</strong> {problem?.detail}
			</p>
			<div class="failure-row">
				{problem?.canRetry !== false && (
					<button type="button" class="button" onClick={() => actions.onRetry(key)}>
						Retry
					</button>
				)}
				<button
					type="button"
					class="button"
					disabled={!actions.canEdit}
					title={actions.canEdit ? '' : 'Finish the question in the form first'}
					onClick={() => actions.onEdit(key)}
				>
					Edit
				</button>
				<button
					type="button"
					class="button button-quiet"
					onClick={() => actions.onDiscard(key)}
				>
					Discard
				</button>
			</div>
		</div>
	);
}

function sendingOf({problem}: Card): string {
	return problem ? `Still sending: ${problem.title}. It is tried again by itself.` : 'Sending…';
}

function answersOf({answers, stars_mean}: Card): string {
	if (answers === 0) return 'No answers yet';
	const count = answers === 1 ? '1 answer' : `${answers} answers`;
	return stars_mean === undefined ? count : `★ ${stars_mean.toFixed(1)} · ${count}`;
}
