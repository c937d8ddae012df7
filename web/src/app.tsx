import {AskForm} from './components/ask-form';
import {Logo} from './components/icons';
import {PlaceBar} from './components/place-bar';
import {ProblemBanner} from './components/problem-banner';
import {QuestionList} from './components/question-list';
import {StatusPill} from './components/status-pill';
import type {Page} from './page';

/** The whole page: a pure function of the signals in `page`. */
export function App({page}: {page: Page}) {
	return (
		<>
			<a class="skip" href="#questions">
				Skip to the questions
			</a>
			<header class="top">
				<div class="top-inner">
					<h1>
						<Logo /> Ask Around Me
					</h1>
					<StatusPill state={page.status} />
				</div>
			</header>
			<main>
				<div class="side">
					<PlaceBar area={page.area} onMove={(area) => page.move(area)} />
					<AskForm page={page} />
				</div>
				<section id="questions" class="stream" tabIndex={-1} aria-label="Questions around here">
					<ProblemBanner problem={page.problem} onRetry={() => page.retry()} />
					<QuestionList page={page} />
				</section>
			</main>
			<p class="unseen" aria-live="polite">
				{page.announcement}
			</p>
		</>
	);
}
