import type {Page} from '../page';
import {kilometres} from '../wording';
import {Rings} from './icons';
import {QuestionCard, type CardActions} from './question-card';

export function QuestionList({page}: {page: Page}) {
	const cards = page.cards.value;
	const {isListed, next} = page.list.value;
	const actions: CardActions = {
		onRetry: (key) => page.retryAsk(key),
		onEdit: (key) => page.editAsk(key),
		onDiscard: (key) => page.discardAsk(key),
		canEdit: page.text.value.trim() === '',
	};
	if (cards.length === 0 && !isListed) return <Waiting isStuck={!!page.problem.value} />;
	if (cards.length === 0) return <Quiet radius_m={page.area.value.radius_m} />;
	return (
		<>
			<ol class="cards">
				{cards.map((card) => (
					<li key={card.key} class={card.state === 'listed' ? '' : 'arrives'}>
						<div class="room">
							<QuestionCard card={card} now_ms={page.now_ms} actions={actions} />
						</div>
					</li>
				))}
			</ol>
			{next !== undefined && (
				<button
					type="button"
					class="button older"
					disabled={page.isLoadingOlder.value}
					onClick={() => void page.loadOlder()}
				>
					{page.isLoadingOlder.value ? 'Fetching…' : 'Show older questions'}
				</button>
			)}
		</>
	);
}

function Waiting({isStuck}: {isStuck: boolean}) {
	if (isStuck) return null;
	return (
		<div class="waiting" role="img" aria-label="The questions are being fetched">
			{[1, 2, 3].map((row) => (
				<div key={row} class="card ghost">
					<span />
					<span />
				</div>
			))}
		</div>
	);
}

function Quiet({radius_m}: {radius_m: number}) {
	return (
		<div class="quiet" data-testid="empty">
			<Rings />
			<h2>It is quiet around here</h2>
			<p>
				Nobody within {kilometres(radius_m)} is asking anything. Be the first, or listen
				further.
			</p>
		</div>
	);
}
